-- Objects of these resources were found to be gone. More than 3, and more than a tenth of the account's, in ten
-- minutes are no accident: the credential rests until an operator has looked. A credential that somebody holds is left
-- out: it is being changed. $1 resource ids
WITH lost AS (
  SELECT vapisync.org_credential(r.org_id) AS credential_id, count(*)::integer AS objects
    FROM unnest($1::bigint[]) AS i (resource_id),
         LATERAL (SELECT x.org_id FROM vapisync.resources x WHERE x.resource_id = i.resource_id OFFSET 0) r
   GROUP BY 1
), locked AS MATERIALIZED (
  SELECT c.* FROM vapisync.credentials c
   WHERE c.credential_id = ANY (ARRAY(SELECT credential_id FROM lost))
     FOR UPDATE SKIP LOCKED
), gone AS (
  SELECT c.credential_id, c.account_id,
         CASE WHEN f.fresh THEN c.gone_since ELSE now() END AS since,
         CASE WHEN f.fresh THEN c.gone_count ELSE 0 END + l.objects AS objects
    FROM lost l JOIN locked c USING (credential_id),
         LATERAL (SELECT coalesce(c.gone_since > now() - interval '10 minutes', false) AS fresh) f
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
