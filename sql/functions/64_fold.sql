-- What is wanted of a resource, made from what was asked: a base, and all that was asked after it. The newest
-- payload is always this fold, because every rollback appends it under the locks that a save needs too; so a
-- save merges into the newest payload, and only a rollback computes it.

-- The newest confirmed version that holds nothing of a save that failed, was rolled back or is excluded; 0: none.
-- Such a save is in a version from its entry on, until its put-back. What failed so long ago that it may be pruned
-- can't be undone any more, and is taken for good.
CREATE OR REPLACE FUNCTION vapisync.fold_base(
  id bigint, up_to bigint, excluded uuid[], pruned_before timestamptz DEFAULT '-infinity') RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  WITH tainted AS MATERIALIZED (
    SELECT o.version AS since,
      (SELECT min(p.version) FROM vapisync.outbox p
       WHERE p.resource_id = id AND p.version > o.version AND p.save_id = o.save_id AND p.cause = 'rollback') AS until
    FROM vapisync.outbox o
    JOIN vapisync.resources r ON r.resource_id = o.resource_id
    CROSS JOIN vapisync.meta m
    LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
    WHERE o.resource_id = id AND o.version <= up_to AND o.cause <> 'rollback'
      AND (d.state = 'rolled_back'
           OR d.state = 'failed' AND d.finished_at >= greatest(m.pruned_before, fold_base.pruned_before)
           OR d.state IS NULL AND o.version > r.settled_version OR o.save_id = ANY (excluded))
  )
  SELECT coalesce(max(b.version), 0)
  FROM vapisync.outcomes b
  WHERE b.resource_id = id AND b.version <= up_to AND b.state = 'synced'
    AND NOT EXISTS (SELECT FROM tainted t
                    WHERE b.version >= t.since AND (t.until IS NULL OR b.version < t.until)));
END
$$;

-- The whole document that is wanted of a resource, or null: nothing is. An ask merges, a put and a delete
-- replace; what was rolled back is left out, and a put-back asks nothing itself.
CREATE OR REPLACE FUNCTION vapisync.fold(id bigint, up_to bigint, excluded uuid[] DEFAULT '{}') RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  base bigint := vapisync.fold_base(id, up_to, excluded);
  first bigint := greatest(base, 1);
  role text := (SELECT r.key FROM vapisync.resources r WHERE r.resource_id = id);
  doc jsonb;
  entry record;
BEGIN
  -- Less history must never mean that less is wanted: that would be a delete.
  IF up_to - first + 1 <> (SELECT count(*) FROM vapisync.outbox o
                           WHERE o.resource_id = id AND o.version BETWEEN first AND up_to) THEN
    RAISE EXCEPTION USING ERRCODE = 'data_corrupted',
      MESSAGE = format('what is wanted of resource %s cannot be told: some of its versions %s to %s are pruned',
                       id, first, up_to);
  END IF;
  FOR entry IN
    SELECT o.ask::jsonb AS ask, o.payload::jsonb AS payload, o.version = base AS is_base
    FROM vapisync.outbox o
    LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
    WHERE o.resource_id = id AND o.version BETWEEN first AND up_to
      AND (o.version = base OR o.cause <> 'rollback' AND d.state IS DISTINCT FROM 'rolled_back'
                               AND (o.save_id = ANY (excluded)) IS NOT TRUE)
    ORDER BY o.version
  LOOP
    doc := CASE WHEN entry.is_base OR entry.ask IS NULL THEN entry.payload
                ELSE vapisync.apply_ask(doc, entry.ask, role) END;
  END LOOP;
  RETURN doc;
END
$$;
