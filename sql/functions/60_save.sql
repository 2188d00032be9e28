-- The one writer. Locks are taken in one order everywhere: resources by id, then work.

-- The id of a save is made from what names it, so one index serves both.
CREATE OR REPLACE FUNCTION vapisync.save_id(org_id text, request_id text) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN encode(substr(sha256(
    convert_to(org_id, 'UTF8') || '\x00' || convert_to(request_id, 'UTF8')), 1, 16), 'hex')::uuid;
END
$$;

-- Finds or inserts a resource, parents first. It waits only for somebody who inserts the same one.
CREATE OR REPLACE FUNCTION vapisync.ensure_resource(org_id text, kind text, key text) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  id bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT r.resource_id INTO id FROM vapisync.resources r
    WHERE r.org_id = ensure_resource.org_id AND r.kind = ensure_resource.kind AND r.key = ensure_resource.key;
    IF FOUND THEN
      RETURN id;
    END IF;
    INSERT INTO vapisync.orgs (org_id) VALUES (ensure_resource.org_id) ON CONFLICT (org_id) DO NOTHING;
    INSERT INTO vapisync.resources (org_id, kind, key)
    VALUES (ensure_resource.org_id, ensure_resource.kind, ensure_resource.key)
    ON CONFLICT (org_id, kind, key) DO NOTHING RETURNING resource_id INTO id;
    IF FOUND THEN
      RETURN id;
    END IF;
  END LOOP;
  RAISE EXCEPTION 'resource %/% of org % appeared and vanished', kind, key, org_id
    USING ERRCODE = 'serialization_failure';
END
$$;

-- The resource needs something now. What is claimed, and a create whose answer is unknown, keep their row:
-- the daemon compares generations when it comes back.
CREATE OR REPLACE FUNCTION vapisync.ensure_work(org_id text, kind text, id bigint, has_remote boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
  VALUES (id, ensure_work.org_id, ensure_work.kind, clock_timestamp())
  ON CONFLICT (resource_id) DO NOTHING;
  IF NOT FOUND THEN
    UPDATE vapisync.work w
    SET due_at = least(w.due_at, clock_timestamp()), attempts = 0
    WHERE w.resource_id = id AND w.leased_until <= clock_timestamp()
      AND (w.open_until IS NULL OR has_remote)
      AND (w.due_at > clock_timestamp() OR w.attempts > 0);
  END IF;
END
$$;

-- Appends one version to a resource that the caller has locked, and returns its number.
CREATE OR REPLACE FUNCTION vapisync.append_version(id bigint, save_id uuid, change jsonb, cause text) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  resource record;
  before jsonb;
  document text;
BEGIN
  UPDATE vapisync.resources r
  SET desired_version = r.desired_version + 1, generation = r.generation + 1, last_error = NULL
  WHERE r.resource_id = id
  RETURNING r.org_id, r.kind, r.key, r.desired_version, r.remote_id IS NOT NULL AS has_remote
  INTO resource;
  IF change ? 'ask' THEN
    SELECT o.payload::jsonb INTO before FROM vapisync.outbox o
    WHERE o.resource_id = id AND o.version = resource.desired_version - 1;
  END IF;
  document := CASE WHEN change ? 'ask' THEN vapisync.apply_ask(before, change -> 'ask', resource.key)
                   ELSE change -> 'payload' END::text;
  -- The daemon holds many documents in memory at a time: one org must not exhaust it for all.
  IF octet_length(document) > 8388608 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('%s.%s: the document would have %s bytes, at most 8388608 are allowed',
        resource.kind, resource.key, octet_length(document));
  END IF;
  INSERT INTO vapisync.outbox (resource_id, version, save_id, org_id, op, cause, ask, payload)
  VALUES (id, resource.desired_version, append_version.save_id, resource.org_id, change ->> 'op',
    append_version.cause, (change -> 'ask')::json, document::json);
  IF document LIKE '%"$ref"%' OR EXISTS (SELECT FROM vapisync.resource_refs f WHERE f.resource_id = id) THEN
    PERFORM vapisync.link_references(id, resource.org_id, document::jsonb);
  END IF;
  PERFORM vapisync.ensure_work(resource.org_id, resource.kind, id, resource.has_remote);
  RETURN resource.desired_version;
END
$$;

-- What a save answers, the first time and whenever it is asked again.
CREATE OR REPLACE FUNCTION vapisync.save_answer(id uuid, request_id text, entries jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_build_object('saveId', id, 'requestId', request_id, 'entries', entries);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.answer_entry(resource_id bigint, version bigint, kind text, key text, op text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_build_object('entryId', resource_id::text || '.' || version::text, 'resourceId', resource_id,
    'version', version, 'kind', kind, 'key', key, 'op', op);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.saved_entries(id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(vapisync.answer_entry(o.resource_id, o.version, r.kind, r.key, o.op)
                            ORDER BY r.kind COLLATE "C", r.key COLLATE "C"), '[]')
  FROM vapisync.outbox o JOIN vapisync.resources r USING (resource_id)
  WHERE o.save_id = id AND o.cause <> 'rollback'
$$;

-- Returns false when this very save was written before; refuses another one under the same name.
CREATE OR REPLACE FUNCTION vapisync.begin_save(
  id uuid, org_id text, request_id text, content text, on_reject text, entries integer, tier text,
  actor text)
RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  hash bytea := sha256(convert_to(content, 'UTF8'));
  known bytea;
BEGIN
  INSERT INTO vapisync.saves (save_id, org_id, request_id, content_hash, actor, on_reject, open_count, tier)
  VALUES (id, begin_save.org_id, begin_save.request_id, hash,
    coalesce(begin_save.actor, vapisync.claims() ->> 'sub', session_user), begin_save.on_reject, entries,
    begin_save.tier)
  ON CONFLICT (save_id) DO NOTHING;
  IF FOUND THEN
    RETURN true;
  END IF;
  SELECT s.content_hash INTO known FROM vapisync.saves s WHERE s.save_id = id;
  IF known IS DISTINCT FROM hash THEN
    RAISE EXCEPTION USING ERRCODE = 'PT409',
      MESSAGE = format('request_id: %s was used for a save with other content', quote_literal(begin_save.request_id)),
      HINT = 'Use a new request id for every new save; repeat one only with the same content.';
  END IF;
  RETURN false;
END
$$;

-- `cause` and `actor` are an operator's: replay, revert, and who did it.
CREATE OR REPLACE FUNCTION vapisync.write_save(
  org_id text, request_id text, changes jsonb, on_reject text, surface text,
  cause text DEFAULT 'save', actor text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  id uuid := vapisync.save_id(write_save.org_id, write_save.request_id);
  sorted jsonb[];
  places bigint[];
  content text;
  linked boolean;
  ids bigint[] := '{}';
  entries jsonb := '[]';
  resource bigint;
BEGIN
  IF (char_length(write_save.org_id) BETWEEN 1 AND 200 AND char_length(write_save.request_id) BETWEEN 1 AND 200)
     IS NOT TRUE THEN
    PERFORM vapisync.check_text('org_id', write_save.org_id, 200);
    PERFORM vapisync.check_text('request_id', write_save.request_id, 200);
  END IF;
  IF coalesce(write_save.on_reject, '') NOT IN ('rollback', 'hold') THEN
    PERFORM vapisync.refuse('on_reject', 'must be rollback or hold');
  END IF;
  PERFORM vapisync.check_changes(changes, surface);
  IF jsonb_array_length(changes) = 1 THEN
    sorted := ARRAY['{"op": "upsert"}' || (changes -> 0)];
    places := '{0}';
  ELSE
    SELECT array_agg('{"op": "upsert"}' || c.change ORDER BY c.kind COLLATE "C", c.key COLLATE "C"),
           array_agg(c.place - 1 ORDER BY c.kind COLLATE "C", c.key COLLATE "C")
    INTO sorted, places
    FROM (SELECT e.value AS change, e.value ->> 'kind' AS kind, e.value ->> 'key' AS key, e.ordinality AS place
          FROM jsonb_array_elements(changes) WITH ORDINALITY e) c;
  END IF;
  -- Text is dear: the same one is hashed and looked through for references.
  content := jsonb_build_array(write_save.on_reject, to_jsonb(sorted))::text;
  linked := content LIKE '%"$%';
  IF linked THEN
    PERFORM vapisync.check_dollars(sorted, places, surface);
  END IF;
  IF NOT vapisync.begin_save(id, write_save.org_id, write_save.request_id, content, write_save.on_reject,
                             cardinality(sorted), vapisync.tier_of(changes), write_save.actor) THEN
    RETURN vapisync.save_answer(id, write_save.request_id, vapisync.saved_entries(id));
  END IF;

  FOR i IN 1..cardinality(sorted) LOOP
    ids := ids || vapisync.ensure_resource(write_save.org_id, sorted[i] ->> 'kind', sorted[i] ->> 'key');
  END LOOP;
  -- One alone is locked by its update. A loop, since a plan for an array would be made anew each time.
  IF cardinality(ids) > 1 THEN
    FOREACH resource IN ARRAY ARRAY(SELECT i FROM unnest(ids) i ORDER BY i) LOOP
      PERFORM FROM vapisync.resources r WHERE r.resource_id = resource FOR UPDATE;
    END LOOP;
  END IF;
  -- What is read from here on is newer than the locks, so nobody's field is lost.
  FOR i IN 1..cardinality(sorted) LOOP
    IF sorted[i] ->> 'op' = 'delete' THEN
      linked := true;
      PERFORM vapisync.check_deletable(ids[i], sorted[i],
        vapisync.change_path(surface, places[i], sorted[i] ->> 'key', 'key'));
    END IF;
    entries := entries || vapisync.answer_entry(
      ids[i], vapisync.append_version(ids[i], id, sorted[i], write_save.cause),
      sorted[i] ->> 'kind', sorted[i] ->> 'key', sorted[i] ->> 'op');
  END LOOP;
  IF linked THEN
    PERFORM vapisync.check_links(write_save.org_id, ids, sorted, places, surface);
  END IF;
  RETURN vapisync.save_answer(id, write_save.request_id, entries);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_dollars(changes jsonb[], places bigint[], surface text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  path text;
BEGIN
  FOR i IN 1..cardinality(changes) LOOP
    -- Each of these is a document, which can't itself be a reference.
    path := vapisync.change_path(surface, places[i], changes[i] ->> 'key',
                                 CASE WHEN changes[i] ? 'ask' THEN 'ask' ELSE 'payload' END);
    PERFORM vapisync.check_dollar_keys(path, changes[i] -> 'payload') WHERE changes[i] ? 'payload';
    PERFORM vapisync.check_dollar_keys(path || '.' || f, changes[i] -> 'ask' -> f)
    FROM unnest('{vapi,voice}'::text[]) AS f WHERE jsonb_typeof(changes[i] -> 'ask' -> f) = 'object';
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_deletable(id bigint, change jsonb, path text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT r.desired_version = 0 FROM vapisync.resources r WHERE r.resource_id = id) THEN
    PERFORM vapisync.refuse(path,
      format('there is no %s %s to delete', change ->> 'kind', quote_literal(change ->> 'key')));
  END IF;
END
$$;

-- Once everything is written, since the parts of a save may refer to each other.
CREATE OR REPLACE FUNCTION vapisync.check_links(org_id text, ids bigint[], changes jsonb[], places bigint[], surface text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  linked bigint[] := '{}';
  field text;
BEGIN
  FOR i IN 1..cardinality(ids) LOOP
    field := CASE WHEN changes[i] ? 'ask' THEN 'ask' ELSE 'payload' END;
    IF changes[i] ->> 'op' = 'delete' THEN
      PERFORM vapisync.check_unreferenced(ids[i],
        vapisync.change_path(surface, places[i], changes[i] ->> 'key', 'key'));
    ELSIF (changes[i] -> field)::text LIKE '%"$ref"%' THEN
      linked := linked || ids[i];
      PERFORM vapisync.check_references(check_links.org_id, changes[i] -> field,
        vapisync.change_path(surface, places[i], changes[i] ->> 'key', field));
    END IF;
  END LOOP;
  IF linked <> '{}' THEN
    PERFORM vapisync.check_untangled(linked);
  END IF;
END
$$;
