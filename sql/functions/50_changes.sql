-- The shape of `changes`. A surface is how the caller spelled them, which decides the paths in errors:
-- changes (save), agents (save_agents), resource (put_resource, delete_resource).

CREATE OR REPLACE FUNCTION vapisync.change_path(surface text, place bigint, key text, field text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE surface
    WHEN 'agents' THEN 'agents.' || key
    WHEN 'resource' THEN field
    ELSE 'changes[' || place::text || '].' || field END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_content(change jsonb, ask_path text, payload_path text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF change ->> 'op' = 'delete' THEN
    IF change ? 'ask' OR change ? 'payload' THEN
      PERFORM vapisync.refuse(CASE WHEN change ? 'ask' THEN ask_path ELSE payload_path END,
        'has no place in a delete');
    END IF;
  ELSIF change ? 'ask' AND change ? 'payload' THEN
    PERFORM vapisync.refuse(ask_path, 'cannot be given together with a payload',
      'Give the fields to change as ask, or the whole document as payload.');
  ELSIF change ? 'ask' AND change ->> 'kind' <> 'assistant' THEN
    PERFORM vapisync.refuse(ask_path, 'is for assistants', 'Give the whole document as payload.');
  ELSIF change ? 'ask' THEN
    PERFORM vapisync.check_ask(ask_path, change -> 'ask');
  ELSE
    PERFORM vapisync.check_document(payload_path, change -> 'payload');
    IF change -> 'payload' -> 'metadata' = 'null' THEN
      PERFORM vapisync.refuse(payload_path || '.metadata', 'must not be null', 'Leave it out.');
    END IF;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_change(change jsonb, surface text, place bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  key text := change ->> 'key';
  allowed text[];
BEGIN
  IF (jsonb_typeof(change -> 'kind') = 'string' AND jsonb_typeof(change -> 'key') = 'string') IS NOT TRUE THEN
    PERFORM vapisync.check_type(vapisync.change_path(surface, place, key, 'kind'), change -> 'kind', 'string');
    PERFORM vapisync.check_type(vapisync.change_path(surface, place, key, 'key'), change -> 'key', 'string');
  END IF;
  IF NOT change ->> 'kind' = ANY (vapisync.known_kinds()) THEN
    PERFORM vapisync.refuse(vapisync.change_path(surface, place, key, 'kind'), 'is not a kind that can be saved',
      'Kinds are: ' || array_to_string(vapisync.known_kinds(), ', ') || '.');
  END IF;
  IF char_length(key) NOT BETWEEN 1 AND 200 THEN
    PERFORM vapisync.check_text(vapisync.change_path(surface, place, key, 'key'), key, 200);
  END IF;
  IF change ->> 'kind' = 'assistant' AND NOT key = ANY (vapisync.agent_roles()) THEN
    PERFORM vapisync.refuse(vapisync.change_path(surface, place, key, 'key'), 'is not the key of an assistant',
      'Assistants are: ' || array_to_string(vapisync.agent_roles(), ', ') || '.');
  END IF;
  IF change ? 'op' AND coalesce(change ->> 'op', '') NOT IN ('upsert', 'delete') THEN
    PERFORM vapisync.refuse(vapisync.change_path(surface, place, key, 'op'), 'must be upsert or delete');
  END IF;
  PERFORM vapisync.check_content(change, vapisync.change_path(surface, place, key, 'ask'),
    vapisync.change_path(surface, place, key, 'payload'));
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_changes(changes jsonb, surface text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  change jsonb;
  seen jsonb := '{}';
  name text;
BEGIN
  IF jsonb_typeof(changes) IS DISTINCT FROM 'array' THEN
    PERFORM vapisync.check_type('changes', changes, 'array');
  ELSIF jsonb_array_length(changes) = 0 THEN
    PERFORM vapisync.refuse('changes', 'is empty', 'Say what to save.');
  ELSIF jsonb_array_length(changes) > 1000 THEN
    PERFORM vapisync.refuse('changes', 'has more than 1000 elements', 'Save them in several parts.');
  END IF;
  FOR place IN 0 .. jsonb_array_length(changes) - 1 LOOP
    change := changes -> place;
    IF jsonb_typeof(change) <> 'object' OR change - '{kind,key,op,ask,payload}'::text[] <> '{}' THEN
      name := format('changes[%s]', place);
      PERFORM vapisync.check_type(name, change, 'object');
      PERFORM vapisync.check_properties(name, change, '{kind,key,op,ask,payload}');
    END IF;
    PERFORM vapisync.check_change(change, surface, place);
    name := vapisync.resource_name(change ->> 'kind', change ->> 'key');
    IF seen ? name THEN
      PERFORM vapisync.refuse(format('changes[%s]', place),
        format('%s is in changes[%s] already', name, seen ->> name), 'Name each resource once.');
    END IF;
    seen := seen || jsonb_build_object(name, place);
  END LOOP;
END
$$;

-- Is this surely fine? Most puts are, and one expression says so, which becomes part of that of its caller. Whatever
-- else there is, check_changes looks at.
CREATE OR REPLACE FUNCTION vapisync.is_plain_put(org_id text, request_id text, kind text, key text, payload jsonb)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT char_length(org_id) BETWEEN 1 AND 200 AND char_length(request_id) BETWEEN 1 AND 200
    AND kind = ANY (vapisync.known_kinds()) AND char_length(key) BETWEEN 1 AND 200
    AND (kind <> 'assistant' OR key = ANY (vapisync.agent_roles()))
    AND jsonb_typeof(payload) = 'object' AND NOT payload ?| vapisync.server_fields()
    AND coalesce(jsonb_typeof(payload -> 'metadata') = 'object' AND NOT payload -> 'metadata' ? 'vapisync', true)
    AND NOT payload @? '$.**{60}'
$$;

-- Changes that were checked, in the order in which they are written.
CREATE OR REPLACE FUNCTION vapisync.read_changes(changes jsonb) RETURNS vapisync.change[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ARRAY(
    SELECT ROW(c.place - 1, c.value ->> 'kind', c.value ->> 'key', coalesce(c.value ->> 'op', 'upsert'),
               to_json(c.value -> 'ask'), to_json(c.value -> 'payload'))::vapisync.change
    FROM jsonb_array_elements(changes) WITH ORDINALITY c(value, place)
    ORDER BY c.value ->> 'kind' COLLATE "C", c.value ->> 'key' COLLATE "C");
END
$$;
