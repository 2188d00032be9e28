-- Takes due work of the given orgs, oldest first, never waiting for a lock, touching `work` only.
-- $1 orgs, $2 rows for each at most, $3 daemon, $4 lease (ms), $5 rows per org in flight (leased ones count),
-- $6 kinds, $7 rows of all orgs together, the first orgs first
WITH candidates AS (
  SELECT x.tid
    FROM unnest($1::text[], $2::integer[]) AS share (org_id, rows), LATERAL (
      SELECT y.tid FROM (
        SELECT w.ctid AS tid, w.leased_until FROM vapisync.work w
         WHERE w.org_id = share.org_id AND w.due_at <= now() AND w.kind = ANY ($6::text[])
         ORDER BY w.org_id, w.due_at LIMIT $5) y
       WHERE y.leased_until <= now() LIMIT share.rows) x
   LIMIT $7
), locked AS (
  -- Every condition again: the row may have moved on since it was a candidate.
  SELECT w.ctid AS tid FROM vapisync.work w
   WHERE w.ctid = ANY (ARRAY(SELECT tid FROM candidates))
     AND greatest(w.leased_until, w.due_at) <= now()
     FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE vapisync.work w
     SET leased_until = now() + $4 * interval '1 millisecond',
         claimed_by = $3,
         token = (SELECT nextval('vapisync.token_seq')),
         -- A lease that ran out may have left a request on its way.
         open_until = CASE WHEN w.leased_until > '-infinity' THEN greatest(w.open_until, w.leased_until)
                           ELSE w.open_until END
   WHERE w.ctid = ANY (ARRAY(SELECT tid FROM locked))
  RETURNING w.resource_id, w.org_id, w.token, w.attempts, w.open_until
)
SELECT resource_id, org_id, token, attempts, open_until IS NOT NULL AS open FROM claimed
