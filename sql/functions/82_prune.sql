-- Old history goes, a prefix of each resource's versions at a time: so what is left has no gaps.

-- The first version that must stay: what is wanted, what is live, what a fold may need, and what is too young.
CREATE OR REPLACE FUNCTION vapisync.keep_from(id bigint, before timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  WITH history AS MATERIALIZED (
    SELECT o.version, o.save_id,
      s.finished_at IS NULL OR s.state = 'failed' AND s.finished_at >= before AS undoable,
      coalesce(s.finished_at, CASE WHEN o.save_id IS NULL THEN o.created_at ELSE 'infinity' END) >= before AS young
    FROM vapisync.outbox o LEFT JOIN vapisync.saves s ON s.save_id = o.save_id
    WHERE o.resource_id = id
  )
  SELECT least(r.desired_version, nullif(r.live_version, 0),
    (SELECT min(h.version) FROM history h WHERE h.young),
    -- As if everything were undone that still can be.
    vapisync.fold_base(id, r.desired_version,
      ARRAY(SELECT h.save_id FROM history h WHERE h.undoable AND h.save_id IS NOT NULL), before))
  FROM vapisync.resources r WHERE r.resource_id = id);
END
$$;

-- One batch of resources after `after`, those that a writer holds left out; `next` is null after the last.
-- A save goes with the last of its entries, which a dry run does not foresee.
CREATE OR REPLACE FUNCTION vapisync.prune(retention interval, after bigint, batch integer, dry_run boolean)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  before timestamptz := now() - retention;
  ids bigint[] := ARRAY(
    SELECT r.resource_id FROM vapisync.resources r
    WHERE r.resource_id > prune.after
      AND (EXISTS (SELECT FROM vapisync.outbox o WHERE o.resource_id = r.resource_id
                     AND o.version < r.desired_version AND o.created_at < before)
           OR EXISTS (SELECT FROM vapisync.attempts a WHERE a.resource_id = r.resource_id AND a.at < before))
    ORDER BY r.resource_id LIMIT batch);
  free bigint[];
  emptied uuid[];
  entries bigint;
  attempts bigint;
  saves bigint;
BEGIN
  IF dry_run THEN
    SELECT count(*) INTO entries
    FROM unnest(ids) i, LATERAL (SELECT vapisync.keep_from(i, before) AS version OFFSET 0) k,
         vapisync.outbox o WHERE o.resource_id = i AND o.version < k.version;
    SELECT count(*) INTO attempts FROM vapisync.attempts a WHERE a.resource_id = ANY (ids) AND a.at < before;
  ELSE
    UPDATE vapisync.meta m SET pruned_before = before WHERE m.pruned_before < before;
    free := ARRAY(SELECT r.resource_id FROM vapisync.resources r WHERE r.resource_id = ANY (ids)
                  ORDER BY r.resource_id FOR UPDATE SKIP LOCKED);
    WITH kept AS MATERIALIZED (
      SELECT i AS resource_id, vapisync.keep_from(i, before) AS version FROM unnest(free) i
    ), gone AS (
      DELETE FROM vapisync.outbox o USING kept k
      WHERE o.resource_id = k.resource_id AND o.version < k.version
      RETURNING o.save_id
    ), outcomes_gone AS (
      DELETE FROM vapisync.outcomes d USING kept k WHERE d.resource_id = k.resource_id AND d.version < k.version
    )
    SELECT count(*), array_agg(DISTINCT g.save_id) FILTER (WHERE g.save_id IS NOT NULL) INTO entries, emptied
    FROM gone g;
    DELETE FROM vapisync.attempts a WHERE a.resource_id = ANY (free) AND a.at < before;
    GET DIAGNOSTICS attempts = ROW_COUNT;
    DELETE FROM vapisync.saves s
    WHERE s.save_id = ANY (ARRAY(
      SELECT x.save_id FROM vapisync.saves x WHERE x.save_id = ANY (emptied)
        AND NOT EXISTS (SELECT FROM vapisync.outbox o WHERE o.save_id = x.save_id)
      ORDER BY x.save_id FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS saves = ROW_COUNT;
  END IF;
  RETURN jsonb_build_object('resources', coalesce(cardinality(free), cardinality(ids)), 'entries', entries,
    'attempts', attempts, 'saves', saves, 'next', CASE WHEN cardinality(ids) = batch THEN ids[batch] END);
END
$$;
