-- One credential whose account is to be looked through after a restore; again after the lease, if nobody says that it
-- is done. $1 lease (ms)
UPDATE vapisync.credentials c SET inventory_at = now() + $1 * interval '1 millisecond'
 WHERE c.credential_id = (SELECT x.credential_id FROM vapisync.credentials x
                           WHERE x.inventory_at <= now() AND x.state = 'active'
                           ORDER BY x.inventory_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING c.credential_id, c.fingerprint
