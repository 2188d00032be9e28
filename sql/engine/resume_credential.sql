-- What an operator must look at is not resumed by an answer. $1 credential
UPDATE vapisync.credentials
   SET state = 'active', paused_reason = NULL, paused_until = NULL, next_probe_at = NULL
 WHERE credential_id = $1 AND paused_reason IS DISTINCT FROM 'mass_404'
