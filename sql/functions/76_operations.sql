-- What the operator's functions have in common. All of them are for the daemon's role only.

CREATE OR REPLACE FUNCTION vapisync.note_operation(actor text, action text, org_id text, details jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO vapisync.operations (actor, action, org_id, details)
  VALUES (note_operation.actor, note_operation.action, note_operation.org_id, note_operation.details)
$$;

-- Refuses what an operator asked: not known (PT404), or not possible as things stand (PT409).
CREATE OR REPLACE FUNCTION vapisync.refuse_operation(sqlstate_code text, problem text, advice text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = sqlstate_code, MESSAGE = problem, HINT = coalesce(advice, '');
END
$$;

CREATE OR REPLACE FUNCTION vapisync.entry_id(id bigint, version bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT id::text || '.' || version::text $$;

-- An entry that must be there.
CREATE OR REPLACE FUNCTION vapisync.known_entry(id bigint, version bigint) RETURNS vapisync.outbox
LANGUAGE plpgsql STABLE AS $$
DECLARE
  entry vapisync.outbox;
BEGIN
  SELECT * INTO entry FROM vapisync.outbox o WHERE o.resource_id = id AND o.version = known_entry.version;
  IF NOT FOUND THEN
    PERFORM vapisync.refuse_operation('PT404', format('there is no entry %s', vapisync.entry_id(id, version)),
      'It never was, or it is pruned.');
  END IF;
  RETURN entry;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.known_resource(org_id text, kind text, key text) RETURNS vapisync.resources
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  resource vapisync.resources;
BEGIN
  SELECT * INTO resource FROM vapisync.resources r
  WHERE r.org_id = known_resource.org_id AND r.kind = known_resource.kind AND r.key = known_resource.key;
  IF NOT FOUND THEN
    PERFORM vapisync.refuse_operation('PT404', format('org %s has no %s/%s', quote_literal(known_resource.org_id),
      known_resource.kind, known_resource.key), 'It appears with its first save.');
  END IF;
  RETURN resource;
END
$$;

-- Every value of a document that holds no others, with its path.
CREATE OR REPLACE FUNCTION vapisync.leaves(document jsonb) RETURNS TABLE (path text, value jsonb)
LANGUAGE sql IMMUTABLE AS $$
  WITH RECURSIVE walk(path, value) AS (
    SELECT '', document
    UNION ALL
    SELECT c.path, c.value
    FROM walk w, LATERAL (
      SELECT CASE w.path WHEN '' THEN e.key ELSE w.path || '.' || e.key END, e.value
      FROM jsonb_each(CASE WHEN jsonb_typeof(w.value) = 'object' THEN w.value ELSE '{}' END) e
      UNION ALL
      SELECT format('%s[%s]', w.path, a.place - 1), a.value
      FROM jsonb_array_elements(CASE WHEN jsonb_typeof(w.value) = 'array' THEN w.value ELSE '[]' END)
           WITH ORDINALITY a(value, place)) c(path, value)
  )
  SELECT w.path, w.value FROM walk w
  WHERE jsonb_typeof(w.value) NOT IN ('object', 'array') OR w.value IN ('{}', '[]')
$$;

-- Where two documents differ, by path; a side that has nothing there is left out.
CREATE OR REPLACE FUNCTION vapisync.differences(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('path', coalesce(b.path, a.path))
      || CASE WHEN b.path IS NULL THEN '{}' ELSE jsonb_build_object('before', b.value) END
      || CASE WHEN a.path IS NULL THEN '{}' ELSE jsonb_build_object('after', a.value) END
    ORDER BY coalesce(b.path, a.path) COLLATE "C"), '[]')
  FROM vapisync.leaves(before) b FULL JOIN vapisync.leaves(after) a ON a.path = b.path
  WHERE a.value IS DISTINCT FROM b.value
$$;
