-- Leftovers whose time has come, each for one daemon at a time; what became of it is said by end_leftover, and
-- without that it is due again after the lease. Nothing is touched before its resource is at rest, with an object
-- of its own or deleted, and whatever refers to it has let go. $1 how many, $2 lease (ms)
WITH taken AS (
  UPDATE vapisync.leftovers l SET due_at = now() + $2 * interval '1 millisecond'
   WHERE l.ctid = ANY (ARRAY(SELECT x.ctid FROM vapisync.leftovers x
                              WHERE x.due_at <= now() ORDER BY x.due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING l.*
)
SELECT t.account_id, t.kind, t.object, t.remote_id, t.marker AS attempt, t.resource_id, c.credential_id,
       c.fingerprint, r.marker AS kept,
       to_char(r.created_at AT TIME ZONE 'UTC' - interval '10 minutes', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_after
  FROM taken t
       JOIN vapisync.resources r ON r.resource_id = t.resource_id
       JOIN vapisync.orgs o ON o.org_id = r.org_id
       JOIN vapisync.credentials c ON c.credential_id = o.credential_id OR o.credential_id IS NULL AND c.platform
 WHERE c.account_id = coalesce(nullif(t.account_id, ''), c.account_id) AND o.paused_at IS NULL
   -- Where nothing else is to be done for a credential that rests, this is what finds that it works again.
   AND (c.state = 'active' OR c.paused_until <= now())
   AND r.origin = 'created' AND r.live_version = r.desired_version AND r.last_error IS NULL
   AND (t.remote_id IS NULL OR r.remote_id IS DISTINCT FROM t.remote_id)
   AND NOT EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = t.resource_id)
   AND NOT EXISTS (SELECT FROM vapisync.resources h WHERE h.account_id = t.account_id AND h.remote_id = t.remote_id)
   -- What is blocked may refer to the old object still, and can't let go of it.
   AND NOT EXISTS (SELECT FROM vapisync.resource_refs f JOIN vapisync.resources d ON d.resource_id = f.resource_id
                    WHERE f.refers_to = t.resource_id AND f.in_live
                      AND (d.last_error IS NOT NULL
                           OR EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = d.resource_id)))
