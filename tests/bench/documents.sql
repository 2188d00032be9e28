-- What the bench saves: a whole assistant of 1.5 kB, different in each round.
CREATE SCHEMA bench;

CREATE FUNCTION bench.document(n bigint, round bigint) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object(
    'name', 'Agent ' || n,
    'firstMessage', 'Hello, this is edit ' || round || ' of agent ' || n || '. How can I help you?',
    'firstMessageMode', 'assistant-speaks-first',
    'maxDurationSeconds', 300 + round % 300,
    'silenceTimeoutSeconds', 30,
    'backgroundSound', 'off',
    'endCallMessage', 'Thank you for your call. Good bye.',
    'model', jsonb_build_object(
      'provider', 'openai', 'model', 'gpt-4o', 'temperature', 0.3, 'maxTokens', 250,
      'messages', jsonb_build_array(jsonb_build_object('role', 'system', 'content',
        'You are the front desk of company ' || n || '. ' || repeat('Be friendly, brief and exact. ', 26)))),
    'voice', '{"provider": "vapi", "voiceId": "Elliot"}'::jsonb,
    'transcriber', '{"provider": "deepgram", "model": "nova-2", "language": "en"}'::jsonb)
$$;

-- Agent n: every org has two.
CREATE FUNCTION bench.org(n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'org-' || ((n + 1) / 2)::text $$;
CREATE FUNCTION bench.role(n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE n % 2 WHEN 1 THEN 'inbound' ELSE 'outbound' END
$$;

CREATE FUNCTION bench.save(n bigint, round bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM vapisync.put_resource(bench.org(n), 'assistant', bench.role(n), bench.document(n, round),
                                gen_random_uuid()::text);
END
$$;

-- One transaction a part, so that locks stay few.
CREATE PROCEDURE bench.save_all(agents bigint, round bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR part IN 0..(agents - 1) / 1000 LOOP
    PERFORM bench.save(n, round) FROM generate_series(part * 1000 + 1, least((part + 1) * 1000, agents)) n;
    COMMIT;
  END LOOP;
END
$$;

-- An org with more resources than anybody would save one by one; all of them are live.
CREATE PROCEDURE bench.add_backlog_org(resources bigint) LANGUAGE plpgsql AS $$
DECLARE
  org text := 'backlog';
BEGIN
  INSERT INTO vapisync.orgs (org_id) VALUES (org);
  INSERT INTO vapisync.resources (org_id, kind, key, desired_version, settled_version, live_version, generation,
                                  remote_id, account_id, last_synced_at)
  SELECT org, 'assistant', 'agent-' || n, 1, 1, 1, 1, org || '-' || n, 'sink', now()
    FROM generate_series(1, resources) n;
  INSERT INTO vapisync.outbox (resource_id, version, org_id, op, payload)
  SELECT resource_id, 1, org_id, 'upsert', bench.document(resource_id, 1) FROM vapisync.resources WHERE org_id = org;
END
$$;

-- Makes everything of that org due for a PATCH, without a new version.
CREATE FUNCTION bench.make_backlog() RETURNS void LANGUAGE sql AS $$
  UPDATE vapisync.resources SET generation = generation + 1, live_hash = NULL WHERE org_id = 'backlog';
  INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
  SELECT resource_id, org_id, kind, clock_timestamp() FROM vapisync.resources WHERE org_id = 'backlog'
$$;
