-- How an ask becomes the whole wanted document. These functions decide; they never refuse.
-- What a save calls is plpgsql, whose plans are kept; an SQL function that is not inlined is planned anew
-- in every call.

-- RFC 7396; a reference is one value, which nothing is merged into.
CREATE OR REPLACE FUNCTION vapisync.merge_patch(target jsonb, patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  result jsonb := CASE WHEN jsonb_typeof(target) = 'object' AND NOT target ? '$ref' THEN target ELSE '{}' END;
  field record;
BEGIN
  IF jsonb_typeof(patch) <> 'object' OR patch ? '$ref' THEN
    RETURN patch;
  END IF;
  FOR field IN SELECT key, value FROM jsonb_each(patch) LOOP
    IF jsonb_typeof(field.value) = 'null' THEN
      result := result - field.key;
    ELSE
      result := result || jsonb_build_object(field.key, vapisync.merge_patch(result -> field.key, field.value));
    END IF;
  END LOOP;
  RETURN result;
END
$$;

-- `X` is a voice of Vapi itself, `provider:X` one of somebody else; an object stands for itself.
CREATE OR REPLACE FUNCTION vapisync.voice_object(voice jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN jsonb_typeof(voice) <> 'string' THEN voice
    WHEN strpos(v.name, ':') = 0 THEN jsonb_build_object('provider', 'vapi', 'voiceId', v.name)
    ELSE jsonb_build_object('provider', split_part(v.name, ':', 1),
                            'voiceId', substr(v.name, strpos(v.name, ':') + 1))
  END
  FROM (SELECT voice #>> '{}' AS name) v
$$;

-- The reverse, for people.
CREATE OR REPLACE FUNCTION vapisync.voice_text(voice jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN voice ->> 'provider' = 'vapi' THEN voice ->> 'voiceId'
              ELSE concat_ws(':', voice ->> 'provider', voice ->> 'voiceId') END
  WHERE jsonb_typeof(voice) = 'object'
$$;

CREATE OR REPLACE FUNCTION vapisync.system_prompt(document jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT m.message ->> 'content'
  FROM jsonb_array_elements(CASE WHEN jsonb_typeof(document #> '{model,messages}') = 'array'
                                 THEN document #> '{model,messages}' ELSE '[]' END)
       WITH ORDINALITY m(message, place)
  WHERE m.message ->> 'role' = 'system' ORDER BY m.place LIMIT 1
$$;

-- Replaces the content of the first system message, or puts one in front; keeps all else.
CREATE OR REPLACE FUNCTION vapisync.with_system_prompt(model jsonb, prompt jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  messages jsonb := CASE WHEN jsonb_typeof(model -> 'messages') = 'array' THEN model -> 'messages' ELSE '[]' END;
BEGIN
  FOR place IN 0 .. jsonb_array_length(messages) - 1 LOOP
    IF messages -> place ->> 'role' = 'system' THEN
      RETURN model || jsonb_build_object('messages',
        jsonb_set(messages, ARRAY[place::text, 'content'], prompt));
    END IF;
  END LOOP;
  RETURN model || jsonb_build_object('messages',
    jsonb_build_array(jsonb_build_object('role', 'system', 'content', prompt)) || messages);
END
$$;

-- `base` is the document so far, null when there is none: then the role's default is the start.
-- `vapi` is applied first, then the named fields.
CREATE OR REPLACE FUNCTION vapisync.apply_ask(base jsonb, ask jsonb, role text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
  start jsonb := coalesce((SELECT d.document FROM vapisync.agent_defaults d WHERE d.role = apply_ask.role), '{}');
  doc jsonb := coalesce(base, start);
BEGIN
  IF ask ? 'vapi' THEN
    doc := vapisync.merge_patch(doc, ask -> 'vapi');
  END IF;
  doc := doc || jsonb_strip_nulls(jsonb_build_object(
    'name', ask -> 'name',
    'firstMessage', ask -> 'firstMessage',
    'maxDurationSeconds', ask -> 'maxDurationSeconds'));
  IF ask ? 'voice' THEN
    doc := doc || jsonb_build_object('voice', vapisync.voice_object(ask -> 'voice'));
  END IF;
  IF ask ? 'language' THEN
    doc := doc || jsonb_build_object('transcriber',
      vapisync.object_or(doc -> 'transcriber', start -> 'transcriber')
      || jsonb_build_object('language', ask -> 'language'));
  END IF;
  IF ask ? 'systemPrompt' THEN
    doc := doc || jsonb_build_object('model', vapisync.with_system_prompt(
      vapisync.object_or(doc -> 'model', start -> 'model'), ask -> 'systemPrompt'));
  END IF;
  RETURN doc;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.object_or(value jsonb, fallback jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'object' AND NOT value ? '$ref' THEN value ELSE coalesce(fallback, '{}') END
$$;
