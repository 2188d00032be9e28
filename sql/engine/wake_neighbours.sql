-- These resources converged or are blocked: what waits for them, or for them to let go, looks again. A lost wake costs
-- the wait's back-stop. $1 resource ids
WITH waiting AS (
  SELECT w.resource_id
    FROM unnest($1::bigint[]) AS i (resource_id), LATERAL (
      SELECT f.resource_id FROM vapisync.resource_refs f WHERE f.refers_to = i.resource_id
      UNION
      SELECT f.refers_to FROM vapisync.resource_refs f WHERE f.resource_id = i.resource_id) n, LATERAL (
      SELECT x.resource_id FROM vapisync.work x
       WHERE x.resource_id = n.resource_id AND x.due_at > now() AND x.leased_until <= now() AND x.open_until IS NULL
         FOR UPDATE SKIP LOCKED) w
)
UPDATE vapisync.work w SET due_at = now()
 WHERE w.resource_id = ANY (ARRAY(SELECT resource_id FROM waiting))
RETURNING w.resource_id
