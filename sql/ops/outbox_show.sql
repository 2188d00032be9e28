-- One entry with everything that is known of it. $1 resource, $2 version
SELECT json_build_object('entryId', n.entry_id, 'org', n.org_id, 'resource', n.kind || '/' || n.key,
         'version', n.version, 'op', n.op, 'cause', n.cause, 'state', n.state, 'createdAt', n.created_at,
         'finishedAt', n.finished_at, 'requestId', s.request_id, 'actor', s.actor, 'onReject', s.on_reject,
         'saveState', s.state, 'desiredVersion', r.desired_version, 'liveVersion', r.live_version,
         'remoteId', r.remote_id, 'error', n.error, 'warnings', coalesce(n.warnings, '[]'), 'ask', n.ask,
         'payload', n.payload,
         'differences', vapisync.differences(l.payload::jsonb, n.payload::jsonb),
         'attempts', (SELECT coalesce(json_agg(json_build_object('at', a.at, 'phase', a.phase, 'status', a.status,
             'code', a.code, 'message', a.message, 'ms', a.ms, 'daemon', a.daemon) ORDER BY a.at), '[]')
           FROM vapisync.attempts a WHERE a.resource_id = n.resource_id AND a.version = n.version))::text
  FROM vapisync.entries n
       JOIN vapisync.resources r ON r.resource_id = n.resource_id
       LEFT JOIN vapisync.saves s ON s.save_id = n.save_id
       LEFT JOIN vapisync.outbox l ON l.resource_id = r.resource_id AND l.version = r.live_version
 WHERE n.resource_id = $1 AND n.version = $2
