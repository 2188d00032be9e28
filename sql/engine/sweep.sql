-- The orgs that have due work and a credential, in slices, read-only; this is the truth about what
-- can be claimed. Orgs without work cost nothing, paused ones a probe.
-- $1 only orgs after this one, $2 how many, $3 the credential of orgs that have none (0: they wait), $4 only the orgs of
-- these resources ({}: all)
WITH RECURSIVE due AS (
  (SELECT w.org_id, 1 AS n FROM vapisync.work w
    WHERE $4::bigint[] = '{}' AND w.org_id > $1 AND w.due_at <= now()
    ORDER BY w.org_id, w.due_at LIMIT 1)
  UNION ALL
  SELECT (SELECT w.org_id FROM vapisync.work w
           WHERE w.org_id > d.org_id AND w.due_at <= now()
           ORDER BY w.org_id, w.due_at LIMIT 1), d.n + 1
    FROM due d WHERE d.org_id IS NOT NULL AND d.n < $2
), found AS (
  SELECT d.org_id FROM due d WHERE d.org_id IS NOT NULL
  UNION ALL
  SELECT DISTINCT w.org_id FROM vapisync.work w WHERE w.resource_id = ANY ($4::bigint[]) AND w.due_at <= now()
)
SELECT d.org_id, c.credential_id, c.fingerprint, coalesce(c.state = 'paused', false) AS key_paused,
       CASE WHEN isfinite(c.paused_until)
            THEN greatest(0, ceil(extract(epoch FROM c.paused_until - now()) * 1000)) ELSE 0 END::bigint AS rest_ms,
       o.paused_at IS NOT NULL OR coalesce(c.paused_until = 'infinity', false) AS org_paused
  FROM found d
       LEFT JOIN LATERAL (SELECT x.credential_id, x.paused_at FROM vapisync.orgs x
                           WHERE x.org_id = d.org_id OFFSET 0) o ON true
       LEFT JOIN LATERAL (SELECT x.credential_id, x.fingerprint, x.state, x.paused_until FROM vapisync.credentials x
                           WHERE x.credential_id = coalesce(o.credential_id, nullif($3, 0)) OFFSET 0) c ON true
