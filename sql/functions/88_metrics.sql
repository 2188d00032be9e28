-- What is counted for operators: `status` and the daemon's metrics read the same.

-- The Vapi keys that some org uses: nobody waits for one that was replaced. With the platform's, where it serves all.
CREATE OR REPLACE FUNCTION vapisync.used_credentials(platform_for_all boolean) RETURNS SETOF vapisync.credentials
LANGUAGE sql STABLE AS $$
  SELECT c.* FROM vapisync.credentials c
   WHERE c.platform AND platform_for_all
      OR EXISTS (SELECT FROM vapisync.orgs o WHERE o.credential_id = c.credential_id)
$$;

-- Resources that are not converged, and those behind which a person is needed. At most `rows_max` of the queue are
-- looked at (null: all of them).
CREATE OR REPLACE FUNCTION vapisync.unconverged(platform_for_all boolean, rows_max bigint)
RETURNS TABLE (due bigint, flying bigint, waiting bigint, paused bigint, blocked bigint, orgs_without_key bigint)
LANGUAGE sql STABLE AS $$
  WITH queues AS MATERIALIZED (
    SELECT w.org_id,
           count(*) FILTER (WHERE w.leased_until > now()) AS flying,
           count(*) FILTER (WHERE w.leased_until <= now() AND w.due_at <= now()) AS due,
           count(*) FILTER (WHERE w.leased_until <= now() AND w.due_at > now()) AS waiting
      FROM (SELECT x.org_id, x.leased_until, x.due_at FROM vapisync.work x LIMIT rows_max) w GROUP BY w.org_id
  ), orgs AS MATERIALIZED (
    SELECT q.*, o.paused_at IS NOT NULL AS paused, c.credential_id IS NULL AS without_key,
           coalesce(c.state = 'paused', true) AS stopped
      FROM queues q
           LEFT JOIN vapisync.orgs o ON o.org_id = q.org_id
           LEFT JOIN vapisync.credentials c
             ON c.credential_id = coalesce(o.credential_id, (SELECT p.credential_id FROM vapisync.credentials p
                                                               WHERE p.platform AND platform_for_all))
  )
  SELECT coalesce(sum(o.due) FILTER (WHERE NOT o.paused AND NOT o.stopped), 0)::bigint,
         coalesce(sum(o.flying), 0)::bigint,
         coalesce(sum(o.waiting) FILTER (WHERE NOT o.paused AND NOT o.stopped), 0)::bigint,
         coalesce(sum(o.due + o.waiting) FILTER (WHERE o.paused OR o.stopped), 0)::bigint,
         (SELECT count(*) FROM vapisync.resources r WHERE r.last_error IS NOT NULL),
         count(*) FILTER (WHERE o.without_key AND NOT o.paused)
    FROM orgs o
$$;

-- The version that has waited longest for its outcome, its org not being paused. A long queue is told by a part of it.
CREATE OR REPLACE FUNCTION vapisync.oldest_unconverged()
RETURNS TABLE (org_id text, kind text, key text, resource_id bigint, version bigint, created_at timestamptz, age bigint)
LANGUAGE sql STABLE AS $$
  SELECT r.org_id, r.kind, r.key, e.resource_id, e.version, e.created_at,
         extract(epoch FROM now() - e.created_at)::bigint
    FROM (SELECT w.resource_id FROM vapisync.work w JOIN vapisync.orgs o ON o.org_id = w.org_id
           WHERE o.paused_at IS NULL LIMIT 10000) w,
         LATERAL (SELECT * FROM vapisync.resources x WHERE x.resource_id = w.resource_id OFFSET 0) r,
         LATERAL (SELECT * FROM vapisync.outbox x
                   WHERE x.resource_id = r.resource_id AND x.version = r.settled_version + 1 OFFSET 0) e
   ORDER BY e.created_at LIMIT 1
$$;

-- By its most particular part: both agents are saved along with a number or with documents.
CREATE OR REPLACE FUNCTION vapisync.tier_of(kinds text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN 'phone_number' = ANY (kinds) THEN 'workspace'
              WHEN 'file' = ANY (kinds) THEN 'knowledge_base'
              WHEN 'assistant' = ANY (kinds) THEN 'agents' ELSE 'other' END
$$;

-- The saves with a part in this resource that this transaction has ended. Volatile, to see what it wrote.
CREATE OR REPLACE FUNCTION vapisync.ended_saves(id bigint) RETURNS TABLE (tier text, state text, saves bigint)
LANGUAGE sql VOLATILE AS $$
  SELECT s.tier, s.state, count(*)
    FROM (SELECT DISTINCT o.save_id FROM vapisync.outbox o WHERE o.resource_id = id) m
         JOIN vapisync.saves s ON s.save_id = m.save_id
   WHERE s.finished_at = now() AND s.open_count = 0
   GROUP BY s.tier, s.state
$$;
