-- How long others found that this credential must rest (ms), 0 if it may work. $1 credential
SELECT greatest(0, ceil(coalesce(extract(epoch FROM paused_until - now()) * 1000, 0)))::bigint AS ms,
       coalesce(paused_reason, '') AS reason
  FROM vapisync.credentials WHERE credential_id = $1
