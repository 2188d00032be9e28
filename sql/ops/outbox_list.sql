-- Entries, newest first. Without states: what needs somebody, that is what is pending, and what failed while the
-- resource is still blocked. The history is read for one org only.
-- $1 states, $2 org, $3 kind, $4 part of the error, $5 since (seconds ago), $6 how many; null: any
WITH found AS (
  -- Pending: every such resource has a work row. They may be many, and have no error yet.
  (SELECT e.resource_id, e.version
     FROM (SELECT w.resource_id FROM vapisync.work w
            WHERE ($1::text[] IS NULL OR 'pending' = ANY ($1)) AND $4::text IS NULL
              AND ($2::text IS NULL OR w.org_id = $2) AND ($3::text IS NULL OR w.kind = $3)) w,
          LATERAL (SELECT * FROM vapisync.resources x WHERE x.resource_id = w.resource_id OFFSET 0) r,
          LATERAL (SELECT x.resource_id, x.version, x.created_at FROM vapisync.outbox x
                    WHERE x.resource_id = r.resource_id AND x.version > r.settled_version
                      AND NOT EXISTS (SELECT FROM vapisync.outcomes d
                                       WHERE d.resource_id = x.resource_id AND d.version = x.version)
                   OFFSET 0) e
    ORDER BY e.created_at DESC, e.resource_id, e.version DESC LIMIT $6)
  UNION
  SELECT r.resource_id, d.version
    FROM vapisync.resources r,
         LATERAL (SELECT x.version FROM vapisync.outcomes x
                   WHERE x.resource_id = r.resource_id AND x.version > r.live_version AND x.state = 'failed'
                   OFFSET 0) d
   WHERE $1::text[] IS NULL AND r.last_error IS NOT NULL AND ($2::text IS NULL OR r.org_id = $2)
  UNION
  SELECT d.resource_id, d.version FROM vapisync.outcomes d
   WHERE d.state <> 'synced' AND d.state = ANY ($1) AND $2::text IS NULL
     AND d.finished_at > now() - coalesce($5::bigint, 31536000) * interval '1 second'
  UNION
  SELECT o.resource_id, o.version
    FROM vapisync.resources r JOIN vapisync.outbox o USING (resource_id)
   WHERE $1::text[] IS NOT NULL AND r.org_id = $2
), shown AS (
  SELECT n.*, r.live_version, s.request_id, s.actor,
         n.state = 'failed' AND EXISTS (SELECT FROM vapisync.outcomes d
           WHERE d.resource_id = n.resource_id AND d.version > n.version AND d.state = 'synced') AS mended
    FROM found f
         JOIN vapisync.entries n ON n.resource_id = f.resource_id AND n.version = f.version
         JOIN vapisync.resources r ON r.resource_id = n.resource_id
         LEFT JOIN vapisync.saves s ON s.save_id = n.save_id
   WHERE ($1::text[] IS NULL OR n.state = ANY ($1))
     AND ($3::text IS NULL OR n.kind = $3)
     AND ($4::text IS NULL OR concat_ws(' ', n.error ->> 'code', n.error ->> 'path', n.error ->> 'message')
                              ILIKE '%' || $4 || '%')
     AND ($5::bigint IS NULL OR n.created_at > now() - $5 * interval '1 second')
   ORDER BY n.created_at DESC, n.resource_id, n.version DESC LIMIT $6
)
SELECT coalesce(json_agg(json_build_object('entryId', s.entry_id, 'org', s.org_id, 'resource', s.kind || '/' || s.key,
         'version', s.version, 'op', s.op, 'cause', s.cause, 'state', s.state, 'mended', s.mended,
         'createdAt', s.created_at, 'ageSeconds', extract(epoch FROM now() - s.created_at)::bigint,
         'requestId', s.request_id, 'replayOf', vapisync.replay_root(s.request_id), 'actor', s.actor,
         'error', s.error)
         ORDER BY s.created_at DESC, s.resource_id, s.version DESC), '[]')::text
  FROM shown s
