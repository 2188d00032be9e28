-- These resources converged or are blocked: what waits for them, or for them to let go, looks again; and what was
-- refused because of them, once they converged. Two that are refused because of each other must not wake each other
-- for ever. A lost wake costs the wait's back-stop. $1 resource ids, $2 those of them that converged
WITH neighbours AS MATERIALIZED (
  SELECT n.resource_id, bool_or(i.resource_id = ANY ($2::bigint[])) AS converged
    FROM unnest($1::bigint[]) AS i (resource_id), LATERAL (
      SELECT f.resource_id FROM vapisync.resource_refs f WHERE f.refers_to = i.resource_id
      UNION
      SELECT f.refers_to FROM vapisync.resource_refs f WHERE f.resource_id = i.resource_id) n
   GROUP BY n.resource_id
), waiting AS (
  SELECT w.resource_id
    FROM neighbours n, LATERAL (
      SELECT x.resource_id FROM vapisync.work x
       WHERE x.resource_id = n.resource_id AND x.due_at > now() AND x.leased_until <= now() AND x.open_until IS NULL
         FOR UPDATE SKIP LOCKED) w
), woken AS (
  UPDATE vapisync.work w SET due_at = now()
   WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM waiting))
), refused AS MATERIALIZED (
  SELECT r.*
    FROM (SELECT * FROM neighbours WHERE converged ORDER BY resource_id) n, LATERAL (
      SELECT x.resource_id, x.org_id, x.kind FROM vapisync.resources x
       WHERE x.resource_id = n.resource_id
         AND x.last_error ->> 'code' IN ('reference_gone', 'still_referenced')
         FOR UPDATE SKIP LOCKED) r
), touched AS (
  UPDATE vapisync.resources r SET generation = r.generation + 1, last_error = NULL
   WHERE r.resource_id = ANY (ARRAY(SELECT resource_id FROM refused))
)
INSERT INTO vapisync.work AS w (resource_id, org_id, kind, due_at)
SELECT resource_id, org_id, kind, now() FROM refused
ON CONFLICT (resource_id) DO UPDATE
   SET due_at = CASE WHEN w.leased_until > now() THEN w.due_at ELSE least(w.due_at, now()) END
