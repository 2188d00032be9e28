-- The row of the platform key; a start resumes it, so that a mended key is tried at once.
-- $1 fingerprint, $2 base URL
INSERT INTO vapisync.credentials AS c (platform, fingerprint, base_url) VALUES (true, $1, $2)
ON CONFLICT (platform) WHERE platform DO UPDATE
   SET fingerprint = excluded.fingerprint, base_url = excluded.base_url, state = 'active',
       paused_reason = NULL, paused_until = NULL, next_probe_at = NULL
RETURNING c.credential_id
