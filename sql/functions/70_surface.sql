-- What others may call, from any language and through Supabase RPC.

CREATE OR REPLACE FUNCTION vapisync.save(
  org_id text, request_id text, changes jsonb, on_reject text DEFAULT 'rollback') RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM vapisync.authorize(org_id);
  RETURN vapisync.write_save(org_id, request_id, changes, on_reject, 'changes');
END
$$;

-- agents = {"inbound": {...}, "outbound": {...}}, each with the fields to change.
CREATE OR REPLACE FUNCTION vapisync.save_agents(
  org_id text, request_id text, agents jsonb, on_reject text DEFAULT 'rollback') RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM vapisync.authorize(org_id);
  PERFORM vapisync.check_type('agents', agents, 'object');
  PERFORM vapisync.check_properties('agents', agents, vapisync.agent_roles());
  IF agents = '{}' THEN
    PERFORM vapisync.refuse('agents', 'is empty', 'Give inbound, outbound, or both.');
  END IF;
  RETURN vapisync.write_save(org_id, request_id,
    (SELECT jsonb_agg(jsonb_build_object('kind', 'assistant', 'key', a.key, 'ask', a.value) ORDER BY a.key)
     FROM jsonb_each(agents) a),
    on_reject, 'agents');
END
$$;

CREATE OR REPLACE FUNCTION vapisync.put_resource(
  org_id text, kind text, key text, payload jsonb, request_id text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT vapisync.may_act_for(org_id) THEN
    PERFORM vapisync.authorize(org_id);
  ELSIF vapisync.is_plain_put(org_id, request_id, kind, key, payload) THEN
    RETURN vapisync.write_one(
      org_id, request_id, kind, key, 'upsert', NULL, to_json(payload), 'rollback', 'resource');
  END IF;
  RETURN vapisync.write_save(org_id, request_id,
    jsonb_build_array(jsonb_build_object('kind', kind, 'key', key, 'payload', payload)),
    'rollback', 'resource');
END
$$;

CREATE OR REPLACE FUNCTION vapisync.delete_resource(
  org_id text, kind text, key text, request_id text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM vapisync.authorize(org_id);
  RETURN vapisync.write_save(org_id, request_id,
    jsonb_build_array(jsonb_build_object('kind', kind, 'key', key, 'op', 'delete')),
    'rollback', 'resource');
END
$$;
