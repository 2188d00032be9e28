-- The versions of a resource, newest first, with what each changed. $1 org, $2 kind, $3 key, $4 how many
SELECT json_build_object('org', r.org_id, 'resource', r.kind || '/' || r.key, 'desiredVersion', r.desired_version,
         'liveVersion', r.live_version, 'versions', (
           SELECT coalesce(json_agg(json_build_object('entryId', n.entry_id, 'version', n.version,
                    'createdAt', n.created_at, 'finishedAt', n.finished_at, 'op', n.op, 'cause', n.cause,
                    'state', n.state, 'requestId', s.request_id, 'actor', s.actor, 'error', n.error,
                    'changed', (SELECT coalesce(json_agg(d ->> 'path'), '[]')
                      FROM jsonb_array_elements(vapisync.differences(b.payload::jsonb, n.payload::jsonb)) d))
                    ORDER BY n.version DESC), '[]')
             FROM (SELECT * FROM vapisync.entries e WHERE e.resource_id = r.resource_id
                    ORDER BY e.version DESC LIMIT $4) n
                  LEFT JOIN vapisync.saves s ON s.save_id = n.save_id
                  LEFT JOIN vapisync.outbox b ON b.resource_id = n.resource_id AND b.version = n.version - 1))::text
  FROM vapisync.known_resource($1, $2, $3) r
