-- Views show what the caller may see: they run with the caller's rights, under the row policies.

CREATE OR REPLACE VIEW vapisync.entries WITH (security_invoker = true) AS
SELECT o.resource_id || '.' || o.version AS entry_id,
  o.resource_id, o.version, o.org_id, r.kind, r.key, o.save_id, o.op, o.cause,
  coalesce(d.state, CASE WHEN o.version > r.settled_version THEN 'pending' ELSE 'superseded' END) AS state,
  d.error, d.warnings, o.created_at, d.finished_at, o.ask, o.payload
FROM vapisync.outbox o
JOIN vapisync.resources r ON r.resource_id = o.resource_id
LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version;

-- Each agent twice, as wanted and as confirmed by Vapi; a deleted one is not there.
CREATE OR REPLACE VIEW vapisync.agent_documents WITH (security_invoker = true) AS
SELECT w.live, r.org_id, r.key AS role, r.resource_id AS agent_id,
  p.doc ->> 'name' AS name,
  vapisync.system_prompt(p.doc) AS system_prompt,
  p.doc ->> 'firstMessage' AS first_message,
  vapisync.voice_text(p.doc -> 'voice') AS voice,
  p.doc #>> '{transcriber,language}' AS language,
  CASE WHEN jsonb_typeof(p.doc -> 'maxDurationSeconds') = 'number'
       THEN (p.doc -> 'maxDurationSeconds')::numeric END AS max_duration_seconds,
  r.remote_id AS vapi_assistant_id,
  r.last_synced_at,
  r.live_version = r.desired_version AND r.last_error IS NULL AS in_sync,
  s.request_id AS pending_request_id,
  r.last_error
FROM vapisync.resources r
CROSS JOIN LATERAL (VALUES (false, r.desired_version), (true, r.live_version)) w(live, version)
JOIN vapisync.outbox o ON o.resource_id = r.resource_id AND o.version = w.version AND o.op = 'upsert'
CROSS JOIN LATERAL (SELECT o.payload::jsonb AS doc) p
LEFT JOIN LATERAL (
  SELECT v.request_id FROM vapisync.outbox e JOIN vapisync.saves v ON v.save_id = e.save_id
  WHERE e.resource_id = r.resource_id AND e.version > r.settled_version
  ORDER BY e.version DESC LIMIT 1) s ON true
WHERE r.kind = 'assistant';

-- What is wanted.
CREATE OR REPLACE VIEW vapisync.agents WITH (security_invoker = true) AS
SELECT org_id, role, agent_id, name, system_prompt, first_message, voice, language, max_duration_seconds,
  vapi_assistant_id, last_synced_at, in_sync, pending_request_id, last_error
FROM vapisync.agent_documents WHERE NOT live;

-- What Vapi has confirmed.
CREATE OR REPLACE VIEW vapisync.agents_live WITH (security_invoker = true) AS
SELECT org_id, role, agent_id, name, system_prompt, first_message, voice, language, max_duration_seconds,
  vapi_assistant_id, last_synced_at, in_sync, pending_request_id, last_error
FROM vapisync.agent_documents WHERE live;
