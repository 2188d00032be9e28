-- Records what became of claims, many at once; compare-and-set on the claim's token.
-- Lock order: resources, work, saves. What a writer holds is skipped and tried again, so that no
-- application's open transaction ever stalls a batch. Refused versions with saves in them that are to be
-- rolled back are left alone and answered `reject`: vapisync.reject() decides them one by one.
-- $1 reports (json array), $2 daemon, $3 W: how long a lost request may still land (ms)
WITH reports AS (
  SELECT * FROM json_to_recordset($1::json) AS i (
    resource_id bigint, kind text, token bigint, version bigint, generation bigint, result text,
    remote_id text, account_id text, marker text, live_hash text, sent_keys text[],
    opens boolean, clear_open boolean, burn boolean, waits boolean, live_refs bigint[], leftovers jsonb,
    delay_ms bigint, error jsonb, warnings jsonb, ms integer)
), held AS MATERIALIZED (
  SELECT i.*, r.desired_version, r.settled_version, r.live_version AS live_before,
         i.remote_id IS DISTINCT FROM r.remote_id
           AND (i.remote_id IS NOT NULL OR i.result = 'forgotten') AS moved,
         r.generation <> i.generation AS touched
    FROM (SELECT * FROM reports ORDER BY resource_id) i,
         LATERAL (SELECT x.desired_version, x.settled_version, x.live_version, x.remote_id, x.generation
                    FROM vapisync.resources x WHERE x.resource_id = i.resource_id
                     FOR UPDATE SKIP LOCKED) r
), claimed AS MATERIALIZED (
  SELECT h.*,
         h.desired_version > h.version AS newer,
         CASE WHEN h.result <> 'rejected' THEN h.result
              -- Whatever changed since this claim looked, a rejection of the old view decides nothing.
              WHEN h.touched AND h.desired_version = h.version THEN 'again'
              WHEN EXISTS (SELECT FROM vapisync.outbox x,
                                  LATERAL (SELECT v.state, v.on_reject FROM vapisync.saves v
                                            WHERE v.save_id = x.save_id OFFSET 0) v
                            WHERE x.resource_id = h.resource_id AND x.version <= h.version
                              AND (v.on_reject = 'rollback' AND v.state = 'pending' OR v.state = 'rolling_back'))
              THEN 'reject'
              ELSE 'rejected' END AS effect,
         CASE WHEN h.opens THEN greatest(w.open_until, now())
              -- A touch may tell of a request that this claim knew nothing of.
              WHEN h.clear_open AND NOT h.touched THEN NULL
              ELSE w.open_until END AS open_after
    FROM held h,
         LATERAL (SELECT x.open_until FROM vapisync.work x
                   WHERE x.resource_id = h.resource_id AND x.token = h.token FOR UPDATE) w
), held_up AS MATERIALIZED (
  -- Whatever refers to an object that is another one now, or is gone, must learn of it in the same transaction.
  SELECT c.resource_id FROM claimed c
   WHERE c.moved AND c.effect <> 'reject'
     AND (SELECT true FROM vapisync.resource_refs f WHERE f.refers_to = c.resource_id LIMIT 1)
     AND NOT vapisync.touch_dependents(c.resource_id, ARRAY(SELECT resource_id FROM reports))
), owned AS (
  SELECT * FROM claimed c
   WHERE c.effect <> 'reject' AND c.resource_id <> ALL (ARRAY(SELECT resource_id FROM held_up))
), resources_changed AS (
  UPDATE vapisync.resources r
     SET remote_id = o.remote_id, account_id = o.account_id, marker = o.marker,
         live_hash = o.live_hash,
         sent_keys = CASE WHEN o.touched THEN vapisync.merge_keys(r.sent_keys, o.sent_keys)
                          ELSE o.sent_keys END,
         live_version = CASE WHEN o.effect = 'confirmed' THEN o.version
                             WHEN o.effect = 'forgotten' THEN 0 ELSE r.live_version END,
         settled_version = CASE WHEN o.effect IN ('confirmed', 'rejected')
                                THEN greatest(r.settled_version, o.version)
                                ELSE r.settled_version END,
         last_synced_at = CASE WHEN o.effect = 'confirmed' THEN now() ELSE r.last_synced_at END,
         last_error = CASE WHEN o.effect = 'confirmed' THEN NULL
                           WHEN o.effect = 'rejected' AND NOT o.newer THEN o.error
                           ELSE r.last_error END
    FROM owned o
   WHERE r.resource_id = o.resource_id
     AND (o.effect IN ('confirmed', 'rejected', 'forgotten')
          OR (r.remote_id, r.marker, r.live_hash, r.sent_keys)
             IS DISTINCT FROM (o.remote_id, o.marker, o.live_hash, o.sent_keys))
), going_on AS MATERIALIZED (
  SELECT o.* FROM owned o
   WHERE o.effect NOT IN ('confirmed', 'rejected', 'looked') OR o.newer OR o.touched OR o.open_after IS NOT NULL
), work_done AS (
  -- By an array: to a planner that saw the queue empty, a join would begin with all of it.
  DELETE FROM vapisync.work w
   WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM owned
                                     WHERE resource_id NOT IN (SELECT resource_id FROM going_on)))
), work_goes_on AS (
  UPDATE vapisync.work w
     SET leased_until = '-infinity', claimed_by = NULL, token = 0, open_until = o.open_after,
         due_at = CASE
           WHEN o.effect = 'released' THEN w.due_at
           WHEN o.newer OR o.touched OR o.effect IN ('again', 'forgotten') THEN now()
           WHEN o.effect IN ('confirmed', 'rejected', 'looked')
             THEN o.open_after + $3 * interval '1 millisecond'
           WHEN o.waits AND NOT vapisync.waits_for_others(o.resource_id) THEN now()
           ELSE now() + o.delay_ms * interval '1 millisecond' END,
         attempts = CASE
           WHEN o.newer OR o.touched OR o.effect IN ('confirmed', 'rejected', 'looked', 'forgotten')
             THEN 0
           WHEN o.burn THEN w.attempts + 1 ELSE w.attempts END
    FROM going_on o
   WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM going_on)) AND w.resource_id = o.resource_id
), entries_ended AS MATERIALIZED (
  SELECT o.resource_id, e.version, e.save_id, o.error, o.warnings,
         CASE WHEN o.effect = 'rejected' THEN 2 WHEN e.version = o.version THEN 1 ELSE 0 END AS rank
    FROM owned o, LATERAL (
      SELECT x.version, x.save_id FROM vapisync.outbox x
       WHERE x.resource_id = o.resource_id
         AND x.version > o.settled_version AND x.version <= o.version OFFSET 0) e
   WHERE o.effect IN ('confirmed', 'rejected')
), outcomes_written AS (
  INSERT INTO vapisync.outcomes (resource_id, version, state, error, warnings, finished_at)
  SELECT resource_id, version, CASE rank WHEN 2 THEN 'failed' ELSE 'synced' END,
         CASE rank WHEN 2 THEN error END, CASE rank WHEN 1 THEN warnings END, now()
    FROM entries_ended WHERE rank > 0
  ON CONFLICT (resource_id, version) DO NOTHING
), references_gained AS (
  INSERT INTO vapisync.resource_refs AS f (resource_id, refers_to, in_live)
  SELECT DISTINCT o.resource_id, t.refers_to, true FROM owned o, unnest(o.live_refs) AS t (refers_to)
   WHERE o.effect = 'confirmed'
  ON CONFLICT (resource_id, refers_to) DO UPDATE SET in_live = true WHERE NOT f.in_live
), references_lost AS (
  UPDATE vapisync.resource_refs f SET in_live = false
   WHERE f.ctid = ANY (ARRAY(
     SELECT l.tid FROM owned o, LATERAL (
       SELECT x.ctid AS tid, x.refers_to FROM vapisync.resource_refs x
        WHERE x.resource_id = o.resource_id AND x.in_live OFFSET 0) l
      WHERE o.effect = 'forgotten'
         OR o.effect = 'confirmed' AND (l.refers_to = ANY (o.live_refs)) IS NOT TRUE))
), attempts_written AS (
  INSERT INTO vapisync.attempts (resource_id, version, phase, status, code, message, ms, daemon)
  SELECT o.resource_id, o.version, o.error ->> 'phase', (o.error ->> 'status')::integer,
         o.error ->> 'code', o.error ->> 'message', o.ms, $2
    FROM owned o WHERE o.error IS NOT NULL
), leftovers_listed AS (
  INSERT INTO vapisync.leftovers (account_id, kind, remote_id, marker, resource_id, reason, due_at)
  SELECT l.account_id, o.kind, l.remote_id, l.marker, o.resource_id, l.reason, vapisync.leftover_due(l.reason, $3::bigint)
    FROM owned o, jsonb_to_recordset(o.leftovers) AS l (account_id text, remote_id text, marker text, reason text)
  ON CONFLICT (account_id, kind, object) DO UPDATE SET due_at = excluded.due_at
    WHERE excluded.reason = 'open_create'
), leftovers_kept AS (
  -- What a resource holds is none, whoever listed it.
  DELETE FROM vapisync.leftovers k
   WHERE k.ctid = ANY (ARRAY(
     SELECT l.tid FROM owned o, LATERAL (
       SELECT x.ctid AS tid FROM vapisync.leftovers x
        WHERE (x.account_id, x.kind, x.object) = (o.account_id, o.kind, o.remote_id) OFFSET 0) l
      WHERE o.moved))
), saves_moved AS MATERIALIZED (
  SELECT save_id, count(*)::integer AS ended, max(rank)::smallint AS rank,
         (array_agg(error) FILTER (WHERE rank = 2))[1] AS error
    FROM entries_ended WHERE save_id IS NOT NULL GROUP BY save_id
), saves_locked AS MATERIALIZED (
  SELECT m.*
    FROM (SELECT * FROM saves_moved ORDER BY save_id) m,
         LATERAL (SELECT FROM vapisync.saves x WHERE x.save_id = m.save_id FOR UPDATE) s
), saves_changed AS (
  -- The save's own row decides its end: two members that finish together can't see each other.
  UPDATE vapisync.saves s
     SET open_count = s.open_count - m.ended,
         worst = greatest(s.worst, m.rank),
         error = coalesce(s.error, m.error),
         state = CASE WHEN s.open_count > m.ended THEN s.state
                      WHEN greatest(s.worst, m.rank) = 2 THEN 'failed'
                      WHEN s.state = 'rolling_back' THEN 'rolled_back'
                      WHEN greatest(s.worst, m.rank) = 1 THEN 'synced'
                      ELSE 'superseded' END,
         finished_at = CASE WHEN s.open_count > m.ended THEN NULL ELSE now() END
    FROM saves_locked m
   WHERE s.save_id = m.save_id
  RETURNING s.tier, s.state, s.open_count
)
SELECT o.resource_id, o.token, 'recorded' AS status,
       o.newer OR o.touched OR o.effect IN ('again', 'forgotten') AS due_now,
       o.effect IN ('confirmed', 'rejected')
         -- With EXISTS the whole table would be hashed.
         AND ((SELECT true FROM vapisync.resource_refs f WHERE f.refers_to = o.resource_id LIMIT 1) IS NOT NULL
              OR (SELECT true FROM vapisync.resource_refs f WHERE f.resource_id = o.resource_id LIMIT 1) IS NOT NULL)
           AS linked,
       NULL AS tier, NULL AS ended, NULL::bigint AS number
  FROM owned o
UNION ALL
SELECT i.resource_id, i.token,
       CASE WHEN i.resource_id IN (SELECT c.resource_id FROM claimed c WHERE c.effect = 'reject') THEN 'reject'
            WHEN EXISTS (SELECT FROM vapisync.work w
                          WHERE w.resource_id = i.resource_id AND w.token = i.token)
            THEN 'held' ELSE 'lost' END, false, false, NULL, NULL, NULL
  FROM reports i
 WHERE i.resource_id NOT IN (SELECT o.resource_id FROM owned o)
UNION ALL
-- For the metrics: how many saves ended how, and how many versions were never sent.
SELECT NULL, NULL, 'count', false, false, c.tier, c.state, count(*)
  FROM saves_changed c WHERE c.open_count = 0 GROUP BY c.tier, c.state
UNION ALL
SELECT NULL, NULL, 'count', false, false, NULL, 'never_sent', count(*)
  FROM entries_ended e WHERE e.rank = 0 HAVING count(*) > 0
