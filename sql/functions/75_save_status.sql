-- How a save is doing, in the words of the one who asked.

-- The members of a save with what became of each: the newest of its entries per resource. What was refused to
-- be put back shows why.
CREATE OR REPLACE FUNCTION vapisync.save_members(id uuid) RETURNS TABLE (
  resource_id bigint, kind text, key text, op text, state text, error jsonb, warnings jsonb, remote_id text)
LANGUAGE sql STABLE AS $$
  SELECT DISTINCT ON (r.kind, r.key, r.resource_id) r.resource_id, r.kind, r.key, o.op,
    coalesce(d.state, CASE WHEN o.version > r.settled_version THEN 'pending' ELSE 'superseded' END),
    coalesce(b.error, d.error), d.warnings, CASE WHEN o.op = 'upsert' THEN r.remote_id END
  FROM vapisync.outbox o
  JOIN vapisync.resources r ON r.resource_id = o.resource_id
  LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
  LEFT JOIN LATERAL (
    SELECT f.error
    FROM vapisync.outbox p JOIN vapisync.outcomes f ON f.resource_id = p.resource_id AND f.version = p.version
    WHERE p.save_id = id AND p.resource_id = o.resource_id AND p.cause = 'rollback' AND f.state = 'failed'
    ORDER BY p.version DESC LIMIT 1) b ON true
  WHERE o.save_id = id AND o.cause <> 'rollback'
  ORDER BY r.kind, r.key, r.resource_id, o.version DESC
$$;

CREATE OR REPLACE FUNCTION vapisync.save_message(state text, open_count integer, members bigint, error jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE state
    WHEN 'pending' THEN format('Saved. Waiting for Vapi: %s of %s done.', members - open_count, members)
    WHEN 'synced' THEN 'Saved, and confirmed by Vapi.'
    WHEN 'superseded' THEN 'A newer version took over before this one was confirmed.'
    WHEN 'failed' THEN 'Saved in the database, but Vapi did not take all of it: ' || reason
    WHEN 'rolling_back' THEN 'Vapi refused this save, and it is being undone: ' || reason
    WHEN 'rolled_back' THEN 'Vapi refused this save, and nothing of it was kept: ' || reason
    WHEN 'not_undone' THEN 'Vapi refused this save, and then refused to have all of it undone: ' || reason END
  FROM (SELECT coalesce(error ->> 'message', 'no reason was given') AS reason) e
$$;

CREATE OR REPLACE FUNCTION vapisync.member_name(resource_id bigint, kind text, key text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE kind WHEN 'assistant' THEN jsonb_build_object('agentId', resource_id, 'role', key)
                   ELSE jsonb_build_object('resourceId', resource_id, 'kind', kind, 'key', key) END
$$;

CREATE OR REPLACE FUNCTION vapisync.save_details(id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'succeeded', coalesce(jsonb_agg(a.agent || CASE m.kind WHEN 'assistant' THEN jsonb_build_object('vapiAssistantId', m.remote_id)
                                                              ELSE jsonb_build_object('vapiId', m.remote_id) END)
      FILTER (WHERE m.state IN ('synced', 'superseded')), '[]'),
    'failed', coalesce(jsonb_agg(a.agent || jsonb_build_object('error', m.error,
        'dbUpdated', m.state <> 'rolled_back', 'vapiSynced', false))
      FILTER (WHERE m.state IN ('failed', 'rolled_back')), '[]'))
  FROM vapisync.save_members(id) m,
       LATERAL (SELECT vapisync.member_name(m.resource_id, m.kind, m.key) AS agent) a
$$;

CREATE OR REPLACE FUNCTION vapisync.save_warnings(id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(vapisync.member_name(m.resource_id, m.kind, m.key)
    || CASE WHEN jsonb_typeof(w.value) = 'object' THEN w.value ELSE jsonb_build_object('message', w.value) END), '[]')
  FROM vapisync.save_members(id) m,
       LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(m.warnings) = 'array' THEN m.warnings ELSE '[]' END) w
$$;

CREATE OR REPLACE FUNCTION vapisync.save_status(org_id text, request_id text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  save vapisync.saves;
  details jsonb;
  reason jsonb;
  members bigint;
  outcome text;
BEGIN
  PERFORM vapisync.authorize(org_id);
  SELECT * INTO save FROM vapisync.saves s
  WHERE s.save_id = vapisync.save_id(save_status.org_id, save_status.request_id);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'PT404',
      MESSAGE = format('request_id: no save %s is known for org %s',
        quote_nullable(save_status.request_id), quote_nullable(save_status.org_id)),
      HINT = 'Check both; a save whose transaction was rolled back was never made.';
  END IF;
  members := (SELECT count(*) FROM vapisync.save_members(save.save_id));
  details := vapisync.save_details(save.save_id);
  reason := coalesce(save.error, details #> '{failed,0,error}');
  outcome := CASE WHEN save.state = 'failed' AND details @? '$.failed[*] ? (@.dbUpdated == false)' THEN 'not_undone'
                  ELSE save.state END;
  RETURN jsonb_build_object(
    'success', CASE WHEN save.state IN ('synced', 'superseded') THEN true
                    WHEN save.state IN ('failed', 'rolled_back') THEN false END,
    'state', save.state,
    'saveId', save.save_id,
    'requestId', save.request_id,
    'message', vapisync.save_message(outcome, save.open_count, members, reason),
    'error', reason,
    'syncedAgentIds', (SELECT coalesce(jsonb_agg(s -> 'agentId'), '[]')
                       FROM jsonb_array_elements(details -> 'succeeded') s WHERE s ? 'agentId'),
    'vapiAssistantIds', (SELECT coalesce(jsonb_agg(s), '[]')
                         FROM jsonb_array_elements(details -> 'succeeded') s
                         WHERE s ->> 'vapiAssistantId' IS NOT NULL),
    'warnings', vapisync.save_warnings(save.save_id),
    'details', details);
END
$$;
