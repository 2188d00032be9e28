-- Remote objects that we know of and may not keep. Those that are surely ours, and nobody's any more, get deleted;
-- the others are only listed, with no `due_at`.

-- duplicate: made by another of our creates than the object that is kept. replaced: a newer object took its place.
-- late_create: a create that was sent under a lost claim, which may land until W has passed. And a new object may not
-- be readable before, so that a look could take it for gone.
CREATE OR REPLACE FUNCTION vapisync.leftover_due(reason text, late_window_ms bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN reason IN ('duplicate', 'replaced', 'late_create')
              THEN now() + late_window_ms * interval '1 millisecond' END
$$;
