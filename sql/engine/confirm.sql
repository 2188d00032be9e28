-- Records what most reports say, for half of what `settle` costs: Vapi has what is still wanted, and nothing else
-- changed. What it does not return it left alone; `settle` finds out why. The same lock order, and the same end of
-- versions and saves.
-- Of each report: $1 resource id, $2 token, $3 version, $4 generation, $5 live hash, $6 sent keys (empty: as before)
WITH reports AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
    AS i (resource_id, token, version, generation, live_hash, sent_keys)
), held AS MATERIALIZED (
  SELECT i.*, r.settled_version, w.tid
    FROM reports i,
         LATERAL (SELECT x.settled_version, x.desired_version, x.generation
                    FROM vapisync.resources x WHERE x.resource_id = i.resource_id
                     FOR UPDATE SKIP LOCKED) r,
         LATERAL (SELECT x.ctid AS tid FROM vapisync.work x
                   WHERE x.resource_id = i.resource_id AND x.token = i.token AND x.open_until IS NULL OFFSET 0) w
   WHERE r.generation = i.generation AND r.desired_version = i.version
), work_done AS (
  -- A row that changed since it was looked at lies elsewhere. Older releases of Postgres follow it there: then its
  -- token is another one.
  DELETE FROM vapisync.work w
   WHERE w.ctid = ANY (ARRAY(SELECT tid FROM held)) AND w.token = ANY (ARRAY(SELECT DISTINCT token FROM held))
  RETURNING w.resource_id
), owned AS MATERIALIZED (
  -- So written it is not made a join, which would compare each with each.
  SELECT * FROM held WHERE (resource_id IN (SELECT resource_id FROM work_done)) IS TRUE
), resources_changed AS (
  UPDATE vapisync.resources r
     SET live_hash = o.live_hash, sent_keys = coalesce(nullif(o.sent_keys, '')::text[], r.sent_keys),
         live_version = o.version, settled_version = o.version, last_synced_at = now(), last_error = NULL
    FROM owned o
   WHERE r.resource_id = o.resource_id
), entries_ended AS MATERIALIZED (
  SELECT o.resource_id, e.version, e.save_id, e.version = o.version AS newest
    FROM owned o, LATERAL (
      SELECT x.version, x.save_id FROM vapisync.outbox x
       WHERE x.resource_id = o.resource_id
         AND x.version > o.settled_version AND x.version <= o.version OFFSET 0) e
), outcomes_written AS (
  INSERT INTO vapisync.outcomes (resource_id, version, state, finished_at)
  SELECT resource_id, version, 'synced', now() FROM entries_ended WHERE newest
  ON CONFLICT (resource_id, version) DO NOTHING
), saves_moved AS MATERIALIZED (
  SELECT save_id, count(*)::integer AS ended, bool_or(newest)::integer::smallint AS rank
    FROM entries_ended WHERE save_id IS NOT NULL GROUP BY save_id
), saves_changed AS (
  -- In order of their ids, as everybody locks them: without hash and merge joins the ordered side leads. A session
  -- with other settings risks no more than a deadlock, which is tried again.
  UPDATE vapisync.saves s
     SET open_count = s.open_count - m.ended,
         worst = greatest(s.worst, m.rank),
         state = CASE WHEN s.open_count > m.ended THEN s.state
                      WHEN s.worst = 2 THEN 'failed'
                      WHEN s.state = 'rolling_back' THEN 'rolled_back'
                      WHEN greatest(s.worst, m.rank) = 1 THEN 'synced'
                      ELSE 'superseded' END,
         finished_at = CASE WHEN s.open_count > m.ended THEN NULL ELSE now() END
    FROM (SELECT * FROM saves_moved ORDER BY save_id OFFSET 0) m
   WHERE s.save_id = m.save_id
  RETURNING s.tier, s.state, s.open_count
)
-- With EXISTS the whole table would be hashed.
SELECT o.resource_id, o.token,
       (SELECT true FROM vapisync.resource_refs f WHERE f.refers_to = o.resource_id LIMIT 1) IS NOT NULL AS linked,
       NULL AS tier, NULL AS ended, NULL::bigint AS number
  FROM owned o
UNION ALL
SELECT NULL, NULL, false, c.tier, c.state, count(*)
  FROM saves_changed c WHERE c.open_count = 0 GROUP BY c.tier, c.state
UNION ALL
SELECT NULL, NULL, false, NULL, 'never_sent', count(*)
  FROM entries_ended e WHERE NOT e.newest HAVING count(*) > 0
