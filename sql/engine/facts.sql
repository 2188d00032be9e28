-- What is known of claimed resources. It starts after the claim: read inside it, the facts would be
-- older than its lock. $1 resource ids, $2 those of them with an open request, $3 the credential of orgs that
-- have none
SELECT r.resource_id, r.org_id, r.kind, r.key, r.desired_version, r.live_version, r.generation,
       r.remote_id, r.account_id, r.marker, r.live_hash, to_json(r.sent_keys) AS sent_keys,
       r.last_error IS NOT NULL AS blocked,
       coalesce((SELECT o.credential_id FROM vapisync.orgs o WHERE o.org_id = r.org_id), $3) AS credential_id,
       -- Nothing is searched for otherwise.
       CASE WHEN r.remote_id IS NULL OR w.open_until IS NOT NULL THEN
         to_char(r.created_at AT TIME ZONE 'UTC' - interval '10 minutes',
                 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END AS created_after,
       (date_part('epoch', now() - e.created_at) * 1000)::bigint AS age_ms,
       e.op, e.payload, s.request_id,
       CASE WHEN r.last_error IS NOT NULL THEN
         (SELECT l.payload FROM vapisync.outbox l
           WHERE l.resource_id = r.resource_id AND l.version = r.live_version) END AS live_payload,
       -- While a request is open, a key of any version after the live one may have been sent.
       CASE WHEN r.resource_id = ANY ($2::bigint[]) OR l.since IS NOT NULL THEN
         (SELECT json_agg(DISTINCT k) FROM vapisync.outbox o, json_object_keys(o.payload) k
           WHERE o.resource_id = r.resource_id AND o.version > r.live_version AND o.op = 'upsert') END AS open_keys,
       -- With EXISTS the whole table would be hashed.
       CASE WHEN (SELECT true FROM vapisync.resource_refs f WHERE f.resource_id = r.resource_id LIMIT 1) THEN
         (SELECT json_agg(json_build_object('resource_id', f.refers_to, 'name', vapisync.resource_name(t.kind, t.key),
                   'remote_id', t.remote_id,
                   'state', CASE WHEN s.state = 'waiting' AND (SELECT vapisync.refers_to_itself(r.resource_id))
                                 THEN 'gone' ELSE s.state END))
            FROM vapisync.resource_refs f JOIN vapisync.resources t ON t.resource_id = f.refers_to,
                 LATERAL (SELECT vapisync.reference_state(f.refers_to) AS state) s
           WHERE f.resource_id = r.resource_id) END AS refs,
       -- Null: nothing live refers to what is to be deleted; true: something does that will not let go.
       CASE WHEN e.op = 'delete' THEN
         (SELECT bool_or(NOT vapisync.lets_go(f.resource_id, r.resource_id)) FROM vapisync.resource_refs f
           WHERE f.refers_to = r.resource_id AND f.in_live) END AS referrers_blocked,
       -- Later than the claim, too: a touch may have told of a request meanwhile.
       w.open_until IS NOT NULL AS open,
       coalesce(date_part('epoch', now() - w.open_until) * 1000, 0)::bigint AS open_age_ms,
       -- In the history that a restored database lost, a resource without an id may have been created.
       (extract(epoch FROM now() - l.since) * 1000)::bigint AS restored_ms
  FROM unnest($1::bigint[]) AS i (resource_id),
       LATERAL (SELECT * FROM vapisync.resources x WHERE x.resource_id = i.resource_id OFFSET 0) r,
       LATERAL (SELECT * FROM vapisync.outbox x
                 WHERE x.resource_id = r.resource_id AND x.version = r.desired_version OFFSET 0) e
       LEFT JOIN LATERAL (SELECT x.open_until FROM vapisync.work x
                           WHERE x.resource_id = r.resource_id OFFSET 0) w ON true
       LEFT JOIN LATERAL (SELECT x.request_id FROM vapisync.saves x
                           WHERE x.save_id = e.save_id OFFSET 0) s ON true
       LEFT JOIN LATERAL (SELECT x.since FROM vapisync.resync x
                           WHERE x.resource_id = r.resource_id AND r.remote_id IS NULL OFFSET 0) l ON true
