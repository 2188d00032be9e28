-- Leftovers whose time has come, each for one daemon at a time; what became of it is said by end_leftover, and
-- without that it is due again after the lease, or later the longer it is listed. $1 how many, $2 lease (ms)
WITH taken AS (
  UPDATE vapisync.leftovers l SET due_at = now() + greatest($2 * interval '1 millisecond', (now() - l.found_at) / 2)
   WHERE l.ctid = ANY (ARRAY(SELECT x.ctid FROM vapisync.leftovers x
                              WHERE x.due_at <= now() ORDER BY x.due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING l AS leftover, l.*
)
SELECT t.account_id, t.kind, t.object, t.remote_id, t.resource_id,
       CASE WHEN t.reason <> 'open_create' THEN t.marker END AS attempt,
       CASE WHEN t.reason = 'open_create' THEN split_part(t.marker, '/', 3) END AS adopted, c.credential_id,
       c.fingerprint, r.marker AS kept, r.remote_id AS kept_id,
       to_char(r.created_at AT TIME ZONE 'UTC' - interval '10 minutes', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_after
  FROM taken t
       JOIN vapisync.resources r ON r.resource_id = t.resource_id
       JOIN vapisync.credentials c ON c.credential_id = vapisync.leftover_credential(t.leftover)
 WHERE vapisync.leftover_may_go(t.leftover)
