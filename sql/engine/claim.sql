-- Takes due work: the oldest rows of each org in turn, never waiting for a lock, touching `work` only.
-- $1 rows, $2 daemon, $3 only orgs after this one, $4 lease (ms), $5 rows per org (leased ones
-- count), $6 kinds
WITH RECURSIVE orgs AS (
  (SELECT w.org_id FROM vapisync.work w
    WHERE w.org_id > $3 AND w.due_at <= now()
    ORDER BY w.org_id, w.due_at LIMIT 1)
  UNION ALL
  SELECT (SELECT w.org_id FROM vapisync.work w
           WHERE w.org_id > o.org_id AND w.due_at <= now()
           ORDER BY w.org_id, w.due_at LIMIT 1)
    FROM orgs o WHERE o.org_id IS NOT NULL
), candidates AS (
  SELECT x.tid
    FROM orgs o, LATERAL (
      SELECT w.ctid AS tid, w.leased_until FROM vapisync.work w
       WHERE w.org_id = o.org_id AND w.due_at <= now()
         AND w.kind = ANY ($6::text[])
       ORDER BY w.org_id, w.due_at LIMIT $5) x
   WHERE o.org_id IS NOT NULL AND x.leased_until <= now()
   LIMIT $1
), locked AS (
  -- Every condition again: the row may have moved on since it was a candidate.
  SELECT w.ctid AS tid FROM vapisync.work w
   WHERE w.ctid = ANY (ARRAY(SELECT tid FROM candidates))
     AND greatest(w.leased_until, w.due_at) <= now()
     FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE vapisync.work w
     SET leased_until = now() + $4 * interval '1 millisecond',
         claimed_by = $2,
         token = (SELECT nextval('vapisync.token_seq')),
         -- A lease that ran out may have left a request on its way.
         open_until = CASE WHEN w.leased_until > '-infinity' THEN greatest(w.open_until, w.leased_until)
                           ELSE w.open_until END
   WHERE w.ctid = ANY (ARRAY(SELECT tid FROM locked))
  RETURNING w.resource_id, w.org_id, w.token, w.attempts, w.open_until
)
SELECT resource_id, org_id, token, attempts, open_until IS NOT NULL AS open,
       coalesce(extract(epoch FROM now() - open_until) * 1000, 0)::bigint AS open_age_ms
  FROM claimed
