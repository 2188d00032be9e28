-- Why a resource is as it is: what is wanted, what Vapi has, what it waits for, and what happens next.
-- $1 org, $2 kind, $3 key, $4 W (ms): how long a lost request may land, $5 do orgs without a key use the platform's
WITH r AS MATERIALIZED (
  SELECT * FROM vapisync.known_resource($1, $2, $3)
), w AS MATERIALIZED (
  SELECT w.* FROM vapisync.work w JOIN r USING (resource_id)
), org AS (
  SELECT o.* FROM vapisync.orgs o JOIN r USING (org_id)
), credential AS (
  SELECT c.* FROM org o JOIN vapisync.credentials c
    ON c.credential_id = coalesce(o.credential_id, (SELECT p.credential_id FROM vapisync.credentials p
                                                     WHERE p.platform AND $5))
), state AS MATERIALIZED (
  SELECT CASE WHEN w.leased_until > now() THEN 'flying'
              WHEN r.last_error IS NOT NULL THEN 'blocked'
              WHEN r.desired_version = r.live_version AND (w.resource_id IS NULL OR w.open_until IS NOT NULL)
              THEN 'converged'
              WHEN w.due_at <= now() THEN 'due'
              WHEN w.due_at > now() THEN 'waiting'
              ELSE 'lost' END AS word
    FROM r LEFT JOIN w ON true
), waits AS (
  SELECT x.code, x.message, x.until
    FROM r CROSS JOIN state s LEFT JOIN w ON true LEFT JOIN org o ON true LEFT JOIN credential c ON true, LATERAL (
      SELECT 1 AS place, 'org_paused' AS code,
             concat_ws(': ', 'an operator paused the org', o.paused_reason) AS message, NULL::timestamptz AS until
       WHERE o.paused_at IS NOT NULL
      UNION ALL
      SELECT 2, 'no_key', 'the org has no Vapi key', NULL WHERE c.credential_id IS NULL
      UNION ALL
      SELECT 3, 'key_paused', format('Vapi refuses or throttles its key (%s)', c.paused_reason),
             CASE WHEN isfinite(c.paused_until) THEN c.paused_until END
       WHERE c.state = 'paused'
      UNION ALL
      SELECT 4, 'no_daemon', 'no daemon has been seen for 15 seconds', NULL
       WHERE NOT EXISTS (SELECT FROM vapisync.daemons d WHERE d.seen_at > now() - interval '15 seconds')
      UNION ALL
      SELECT 5, 'in_flight', 'it is being sent by ' || w.claimed_by, w.leased_until WHERE w.leased_until > now()
      UNION ALL
      SELECT 6, 'open_request', 'nobody knows yet whether an earlier request landed',
             w.open_until + $4::bigint * interval '1 millisecond'
       WHERE w.open_until IS NOT NULL
      UNION ALL
      SELECT 7, 'reference', format('%s/%s, which it refers to, is %s', t.kind, t.key,
               CASE vapisync.reference_state(t.resource_id) WHEN 'gone' THEN 'gone' ELSE 'not in Vapi yet' END), NULL
        FROM vapisync.resource_refs f JOIN vapisync.resources t ON t.resource_id = f.refers_to
       WHERE f.resource_id = r.resource_id AND f.in_desired AND vapisync.reference_state(t.resource_id) <> 'ready'
      UNION ALL
      SELECT 7, 'referrer', format('%s/%s, which still refers to it in Vapi', t.kind, t.key), NULL
        FROM vapisync.resource_refs f JOIN vapisync.resources t ON t.resource_id = f.resource_id
       WHERE f.refers_to = r.resource_id AND f.in_live AND NOT vapisync.is_wanted(r.resource_id)
      UNION ALL
      SELECT 8, 'backoff', format('the next try, after %s that Vapi answered', w.attempts), w.due_at
       WHERE w.due_at > now() AND w.leased_until <= now() AND w.open_until IS NULL
    ) x
   WHERE s.word IN ('due', 'waiting', 'flying', 'lost') OR x.code = 'open_request'
   ORDER BY x.place
), pending AS (
  SELECT n.entry_id, n.version, n.op, n.cause, n.created_at, s.request_id, s.actor, s.state
    FROM r JOIN vapisync.entries n ON n.resource_id = r.resource_id AND n.version > r.settled_version
         LEFT JOIN vapisync.saves s ON s.save_id = n.save_id
), newest AS (
  SELECT n.*, s.request_id, s.actor, s.on_reject
    FROM r JOIN vapisync.entries n ON n.resource_id = r.resource_id AND n.version = r.desired_version
         LEFT JOIN vapisync.saves s ON s.save_id = n.save_id
), attempts AS (
  SELECT a.* FROM r JOIN vapisync.attempts a ON a.resource_id = r.resource_id
   WHERE a.version > r.live_version ORDER BY a.at DESC LIMIT 10
), next AS (
  SELECT CASE
      WHEN s.word = 'converged' AND w.resource_id IS NULL THEN 'nothing: Vapi has what is wanted'
      WHEN s.word = 'converged' THEN 'one last look, because an earlier request may still land'
      WHEN s.word = 'blocked' THEN 'nothing by itself: save something else, or vapisync outbox replay, discard, '
        'rollback or retry'
      WHEN s.word = 'lost' THEN 'nothing, and that is a defect: vapisync retry --now'
      WHEN s.word = 'flying' THEN 'the answer of Vapi, at the latest the end of the lease'
      WHEN x.code = 'org_paused' THEN 'nothing until vapisync org resume ' || r.org_id
      WHEN x.code = 'no_key' THEN format('nothing until vapisync workspace set %s [--platform]', r.org_id)
      WHEN x.code = 'key_paused' AND x.until IS NULL THEN 'nothing until vapisync workspace resume ' || r.org_id
      WHEN x.code = 'key_paused' THEN 'the key is tried again'
      WHEN x.code = 'no_daemon' THEN 'nothing until a daemon runs: vapisync serve'
      WHEN s.word = 'due' THEN 'it is sent as soon as it is its turn'
      ELSE 'it is looked at again' END AS what,
    CASE WHEN s.word = 'flying' THEN w.leased_until
         WHEN s.word IN ('blocked', 'lost') OR s.word = 'converged' AND w.resource_id IS NULL
              OR x.code IN ('org_paused', 'no_key', 'no_daemon') THEN NULL
         WHEN x.code = 'key_paused' THEN x.until
         WHEN s.word = 'due' THEN now() ELSE w.due_at END AS at
    FROM r CROSS JOIN state s LEFT JOIN w ON true LEFT JOIN LATERAL (SELECT * FROM waits LIMIT 1) x ON true
)
SELECT json_build_object('org', r.org_id, 'resource', r.kind || '/' || r.key, 'resourceId', r.resource_id,
    'state', (SELECT word FROM state),
    'wanted', (SELECT json_build_object('entryId', n.entry_id, 'version', n.version, 'op', n.op, 'cause', n.cause,
        'state', n.state, 'createdAt', n.created_at, 'requestId', n.request_id, 'actor', n.actor,
        'onReject', n.on_reject) FROM newest n),
    'live', json_build_object('version', r.live_version, 'remoteId', r.remote_id, 'lastSyncedAt', r.last_synced_at),
    'pending', (SELECT coalesce(json_agg(json_build_object('entryId', p.entry_id, 'version', p.version, 'op', p.op,
        'cause', p.cause, 'createdAt', p.created_at, 'requestId', p.request_id, 'actor', p.actor, 'saveState', p.state)
        ORDER BY p.version), '[]') FROM pending p),
    -- Versions that were never sent: a newer one took their place.
    'coalesced', (SELECT coalesce(json_agg(o.version ORDER BY o.version), '[]') FROM vapisync.outbox o
      WHERE o.resource_id = r.resource_id
        AND (o.version > r.settled_version AND o.version < r.desired_version
             OR o.version < r.live_version AND o.version > coalesce((SELECT max(d.version) FROM vapisync.outcomes d
                WHERE d.resource_id = r.resource_id AND d.version < r.live_version), 0))),
    'error', r.last_error,
    'attempts', (SELECT coalesce(json_agg(json_build_object('at', a.at, 'version', a.version, 'phase', a.phase,
        'status', a.status, 'code', a.code, 'message', a.message) ORDER BY a.at), '[]') FROM attempts a),
    'waitsFor', (SELECT coalesce(json_agg(json_build_object('code', x.code, 'message', x.message, 'until', x.until)),
        '[]') FROM waits x),
    'next', (SELECT json_build_object('what', x.what, 'at', x.at) FROM next x))::text
  FROM r
