-- Objects of these resources were found to be gone. More than 3, and more than a tenth of the account's, in ten
-- minutes are no accident: the credential rests until an operator has looked. $1 resource ids
WITH gone AS (
  SELECT c.credential_id, c.account_id, count(*)::integer + coalesce(min(c.gone_count) FILTER (WHERE f.fresh), 0) AS objects,
         CASE WHEN bool_and(f.fresh) THEN min(c.gone_since) ELSE now() END AS since
    FROM unnest($1::bigint[]) AS i (resource_id)
         JOIN vapisync.resources r ON r.resource_id = i.resource_id
         JOIN vapisync.orgs o ON o.org_id = r.org_id
         JOIN vapisync.credentials c ON c.credential_id = o.credential_id OR o.credential_id IS NULL AND c.platform,
         LATERAL (SELECT coalesce(c.gone_since > now() - interval '10 minutes', false) AS fresh) f
   GROUP BY c.credential_id
), judged AS (
  SELECT g.*, g.objects > 3
         -- What is left counts only as far as it matters.
         AND (SELECT count(*) FROM (SELECT FROM vapisync.resources r
                                     WHERE r.account_id = g.account_id AND r.remote_id IS NOT NULL
                                     LIMIT 9 * g.objects) x) < 9 * g.objects AS suspicious
    FROM gone g
), counted AS (
  UPDATE vapisync.credentials c
     SET gone_since = j.since, gone_count = j.objects,
         state = CASE WHEN j.suspicious THEN 'paused' ELSE c.state END,
         paused_reason = CASE WHEN j.suspicious THEN 'mass_404' ELSE c.paused_reason END,
         paused_until = CASE WHEN j.suspicious THEN 'infinity' ELSE c.paused_until END
    FROM judged j WHERE c.credential_id = j.credential_id
  RETURNING c.credential_id, j.objects, j.suspicious
)
SELECT credential_id, objects FROM counted WHERE suspicious
