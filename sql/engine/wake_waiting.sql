-- Makes everything that waits due at once; its reason to wait is found again at the next claim.
WITH waiting AS (
  SELECT resource_id FROM vapisync.work
   WHERE due_at > now() AND leased_until <= now()
     FOR UPDATE SKIP LOCKED
)
UPDATE vapisync.work w SET due_at = now()
 WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM waiting))
