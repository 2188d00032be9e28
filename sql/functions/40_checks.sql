-- What SQL checks: the named fields, what belongs to the server or to vapisync, and the shape of a change.
-- The rest is Vapi's to judge.

-- The kinds that this release keeps equal.
CREATE OR REPLACE FUNCTION vapisync.known_kinds() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['assistant', 'tool'] $$;

CREATE OR REPLACE FUNCTION vapisync.agent_roles() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['inbound', 'outbound'] $$;

CREATE OR REPLACE FUNCTION vapisync.server_fields() RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY['id', 'orgId', 'createdAt', 'updatedAt', 'latestVersion', 'isDeleted', 'isServerUrlSecretSet',
               'workflowIds', 'analyticsMetadata']
$$;

-- A whole Vapi document, or a patch of one.
CREATE OR REPLACE FUNCTION vapisync.check_document(path text, document jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
    PERFORM vapisync.check_type(path, document, 'object');
  END IF;
  IF document ?| vapisync.server_fields() THEN
    PERFORM vapisync.refuse(path || '.' || (SELECT min(f COLLATE "C") FROM unnest(vapisync.server_fields()) f
                                            WHERE document ? f),
      'is set by Vapi and cannot be saved', 'Leave it out.');
  END IF;
  IF jsonb_typeof(document -> 'metadata') NOT IN ('object', 'null') THEN
    PERFORM vapisync.check_type(path || '.metadata', document -> 'metadata', 'object');
  ELSIF jsonb_typeof(document -> 'metadata') = 'object' AND document -> 'metadata' ? 'vapisync' THEN
    PERFORM vapisync.refuse(path || '.metadata.vapisync', 'is how vapisync finds its own objects', 'Leave it out.');
  END IF;
  IF document @? '$.**{60}' THEN
    PERFORM vapisync.refuse(path, 'is nested deeper than 60 levels');
  END IF;
END
$$;

-- The one use of a key that begins with $ is a well-formed reference.
CREATE OR REPLACE FUNCTION vapisync.check_dollar_keys(path text, document jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  found text := (
    SELECT min((d.path || '.' || d.key) COLLATE "C") FROM vapisync.dollar_keys(document) d
    WHERE d.target IS NULL OR NOT split_part(d.target, '/', 1) = ANY (vapisync.known_kinds()));
BEGIN
  IF found IS NOT NULL THEN
    PERFORM vapisync.refuse(path || found, 'keys that begin with $ are reserved',
      'A reference is an object of its own: {"$ref": "KIND/KEY"}. Kinds are: '
      || array_to_string(vapisync.known_kinds(), ', ') || '.');
  END IF;
END
$$;

-- One thing may be said by its name or in `vapi`, not by both.
CREATE OR REPLACE FUNCTION vapisync.check_named_once(path text, ask jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  twice record;
BEGIN
  SELECT t.field, array_to_string(t.place, '.') AS place INTO twice
  FROM (VALUES ('name', '{vapi,name}'::text[]),
               ('systemPrompt', '{vapi,model,messages}'),
               ('firstMessage', '{vapi,firstMessage}'),
               ('voice', '{vapi,voice}'),
               ('language', '{vapi,transcriber,language}'),
               ('maxDurationSeconds', '{vapi,maxDurationSeconds}')) t(field, place)
  WHERE ask ? t.field AND ask #> t.place IS NOT NULL
  LIMIT 1;
  IF FOUND THEN
    PERFORM vapisync.refuse(path || '.' || twice.field, format('is also given as %s.%s', path, twice.place),
      'Give it once.');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_voice(path text, voice jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_typeof(voice) = 'object' THEN
    PERFORM vapisync.check_document(path, voice);
  ELSIF jsonb_typeof(voice) <> 'string' THEN
    PERFORM vapisync.refuse(path, format('must be a string or an object, got %s', jsonb_typeof(voice)));
  ELSIF NOT voice #>> '{}' ~ '^([^:]+|[^:]+:.+)$' THEN
    PERFORM vapisync.refuse(path, 'must be a voice, or provider:voice');
  END IF;
END
$$;

-- The fields of one agent.
CREATE OR REPLACE FUNCTION vapisync.check_ask(path text, ask jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  field record;
  seconds numeric;
BEGIN
  PERFORM vapisync.check_type(path, ask, 'object');
  PERFORM vapisync.check_properties(path, ask,
    '{name,systemPrompt,firstMessage,voice,language,maxDurationSeconds,vapi}');
  FOR field IN SELECT path || '.' || e.key AS path, e.key, e.value FROM jsonb_each(ask) e LOOP
    IF jsonb_typeof(field.value) = 'null' THEN
      PERFORM vapisync.refuse(field.path, 'must not be null', 'Leave a field out to keep it as it is.');
    END IF;
    CASE field.key
      WHEN 'voice' THEN
        PERFORM vapisync.check_voice(field.path, field.value);
      WHEN 'vapi' THEN
        PERFORM vapisync.check_document(field.path, field.value);
      WHEN 'maxDurationSeconds' THEN
        PERFORM vapisync.check_type(field.path, field.value, 'number');
        seconds := field.value::numeric;
        IF seconds NOT BETWEEN 10 AND 43200 OR seconds <> trunc(seconds) THEN
          PERFORM vapisync.refuse(field.path, format('must be a whole number from 10 to 43200, got %s', seconds));
        END IF;
      ELSE
        PERFORM vapisync.check_type(field.path, field.value, 'string');
        IF field.key = 'name' THEN
          PERFORM vapisync.check_text(field.path, field.value #>> '{}', 40);
        ELSIF field.key = 'language' THEN
          PERFORM vapisync.check_text(field.path, field.value #>> '{}', 35);
        END IF;
    END CASE;
  END LOOP;
  PERFORM vapisync.check_named_once(path, ask);
END
$$;
