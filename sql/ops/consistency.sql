-- What must hold whatever happens; each count is of resources that break it. For doctor: it reads all resources.
SELECT json_build_object(
  'resources', count(*),
  'liveWithoutId', count(*) FILTER (WHERE r.live_version > 0 AND l.op = 'upsert' AND r.remote_id IS NULL),
  'idWithoutAccount', count(*) FILTER (WHERE r.remote_id IS NOT NULL AND r.account_id IS NULL),
  'otherIdInView', count(*) FILTER (WHERE a.agent_id IS NOT NULL
                                      AND a.vapi_assistant_id IS DISTINCT FROM r.remote_id),
  'forgottenByQueue', count(*) FILTER (WHERE w.resource_id IS NULL AND r.desired_version > r.settled_version),
  'withoutDocument', count(*) FILTER (WHERE r.desired_version > 0 AND d.version IS NULL))::text
  FROM vapisync.resources r
       LEFT JOIN vapisync.outbox d ON d.resource_id = r.resource_id AND d.version = r.desired_version
       LEFT JOIN vapisync.outbox l ON l.resource_id = r.resource_id AND l.version = r.live_version
       LEFT JOIN vapisync.work w ON w.resource_id = r.resource_id
       LEFT JOIN vapisync.agents a ON a.agent_id = r.resource_id
