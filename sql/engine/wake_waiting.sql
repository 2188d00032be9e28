-- Makes everything that waits for a credential due at once; its reason to wait is found again at the
-- next claim. $1 credential, $2 the credential of orgs that have none (0: those wait)
WITH waiting AS (
  SELECT w.resource_id
    FROM vapisync.orgs o, LATERAL (
      SELECT x.resource_id FROM vapisync.work x
       WHERE x.org_id = o.org_id AND x.due_at > now() AND x.leased_until <= now()
         FOR UPDATE SKIP LOCKED) w
   WHERE o.credential_id = $1 OR (o.credential_id IS NULL AND $2 = $1)
)
UPDATE vapisync.work w SET due_at = now()
 WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM waiting))
