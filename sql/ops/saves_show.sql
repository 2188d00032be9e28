-- The saves of this name: a request id is one org's own. $1 request id, $2 org, or null
SELECT coalesce(json_agg(json_build_object('requestId', s.request_id, 'org', s.org_id, 'saveId', s.save_id,
         'state', s.state, 'actor', s.actor, 'onReject', s.on_reject, 'createdAt', s.created_at,
         'finishedAt', s.finished_at, 'open', s.open_count, 'error', s.error,
         'message', vapisync.save_status(s.org_id, s.request_id) ->> 'message',
         'entries', (SELECT coalesce(json_agg(json_build_object('entryId', n.entry_id,
             'resource', n.kind || '/' || n.key, 'op', n.op, 'cause', n.cause, 'state', n.state, 'error', n.error)
             ORDER BY n.kind, n.key, n.version), '[]') FROM vapisync.entries n WHERE n.save_id = s.save_id),
         'operations', (SELECT coalesce(json_agg(json_build_object('at', p.at, 'actor', p.actor, 'action', p.action)
             ORDER BY p.operation_id), '[]') FROM vapisync.operations p
            WHERE p.org_id = s.org_id AND p.details ->> 'requestId' = s.request_id)) ORDER BY s.org_id), '[]')::text
  FROM (SELECT o.org_id FROM vapisync.orgs o WHERE $2::text IS NULL
        UNION SELECT $2 WHERE $2 IS NOT NULL) o,
       LATERAL (SELECT * FROM vapisync.saves x WHERE x.save_id = vapisync.save_id(o.org_id, $1) OFFSET 0) s
