-- $1 credential
UPDATE vapisync.credentials
   SET state = 'active', paused_reason = NULL, paused_until = NULL, next_probe_at = NULL
 WHERE credential_id = $1
