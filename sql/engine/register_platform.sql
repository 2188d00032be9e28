-- The row of the platform key; a start resumes it, so that a mended key is tried at once. What an operator must look
-- at stays paused, unless the key is another one.
-- $1 fingerprint, $2 base URL
INSERT INTO vapisync.credentials AS c (platform, fingerprint, base_url) VALUES (true, $1, $2)
ON CONFLICT (platform) WHERE platform DO UPDATE
   SET fingerprint = excluded.fingerprint, base_url = excluded.base_url,
       (state, paused_reason, paused_until, next_probe_at) = (
         SELECT 'active', NULL::text, NULL::timestamptz, NULL::timestamptz
          WHERE c.paused_reason IS DISTINCT FROM 'mass_404' OR c.fingerprint <> excluded.fingerprint
          UNION ALL
         SELECT c.state, c.paused_reason, c.paused_until, c.next_probe_at
          WHERE c.paused_reason = 'mass_404' AND c.fingerprint = excluded.fingerprint)
RETURNING c.credential_id
