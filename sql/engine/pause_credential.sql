-- $1 credential, $2 reason, $3 for how long (ms)
UPDATE vapisync.credentials
   SET state = 'paused', paused_reason = $2,
       paused_until = greatest(paused_until, now() + $3 * interval '1 millisecond'),
       next_probe_at = greatest(paused_until, now() + $3 * interval '1 millisecond')
 WHERE credential_id = $1 AND paused_reason IS DISTINCT FROM 'mass_404'
