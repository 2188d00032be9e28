-- The one writer. Locks are taken in one order everywhere: resources by id, then work.

-- The id of a save is made from what names it, so one index serves both.
CREATE OR REPLACE FUNCTION vapisync.save_id(org_id text, request_id text) RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT encode(substr(sha256(
    convert_to(org_id, 'UTF8') || '\x00' || convert_to(request_id, 'UTF8')), 1, 16), 'hex')::uuid
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

-- What is claimed, and a create whose answer is unknown, keep their row as it is: the daemon compares generations when
-- it comes back.
CREATE OR REPLACE FUNCTION vapisync.hasten_work(id bigint, has_remote boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE vapisync.work w
  SET due_at = least(w.due_at, clock_timestamp()), attempts = 0
  WHERE w.resource_id = id AND w.leased_until <= clock_timestamp()
    AND (w.open_until IS NULL OR has_remote)
    AND (w.due_at > clock_timestamp() OR w.attempts > 0);
END
$$;

-- The resource needs something now.
CREATE OR REPLACE FUNCTION vapisync.ensure_work(org_id text, kind text, id bigint, has_remote boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
  VALUES (id, ensure_work.org_id, ensure_work.kind, clock_timestamp())
  ON CONFLICT (resource_id) DO NOTHING;
  IF NOT FOUND THEN
    PERFORM vapisync.hasten_work(id, has_remote);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.answer_entry(resource_id bigint, version bigint, kind text, key text, op text)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('entryId', resource_id::text || '.' || version::text, 'resourceId', resource_id,
    'version', version, 'kind', kind, 'key', key, 'op', op)
$$;

-- Appends one version to a resource, which is locked from then on, and tells what a save answers of it. `linked`: the
-- payload may refer to others; of what an ask makes, this is found out here.
CREATE OR REPLACE FUNCTION vapisync.append_version(
  save_id uuid, org_id text, kind text, key text, op text, ask json, payload json, linked boolean, cause text)
RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  resource record;
  referring boolean;
BEGIN
  UPDATE vapisync.resources r
  SET desired_version = r.desired_version + 1, generation = r.generation + 1, last_error = NULL
  WHERE r.org_id = append_version.org_id AND r.kind = append_version.kind AND r.key = append_version.key
  RETURNING r.resource_id, r.desired_version, r.remote_id IS NOT NULL AS has_remote INTO resource;
  IF NOT FOUND THEN
    PERFORM vapisync.ensure_resource(append_version.org_id, append_version.kind, append_version.key);
    RETURN vapisync.append_version(append_version.save_id, append_version.org_id, append_version.kind,
      append_version.key, append_version.op, ask, payload, linked, append_version.cause);
  END IF;
  IF ask IS NOT NULL THEN
    payload := vapisync.apply_ask(
      (SELECT o.payload::jsonb FROM vapisync.outbox o
       WHERE o.resource_id = resource.resource_id AND o.version = resource.desired_version - 1),
      ask::jsonb, append_version.key);
    linked := payload::text LIKE '%"$ref"%';
  END IF;
  -- The daemon holds many documents in memory at a time: one org must not exhaust it for all.
  IF octet_length(payload::text) > 8388608 THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('%s.%s: the document would have %s bytes, at most 8388608 are allowed',
        append_version.kind, append_version.key, octet_length(payload::text));
  END IF;
  INSERT INTO vapisync.outbox AS o (resource_id, version, save_id, org_id, op, cause, ask, payload)
  VALUES (resource.resource_id, resource.desired_version, append_version.save_id, append_version.org_id,
    append_version.op, append_version.cause, append_version.ask, append_version.payload)
  RETURNING EXISTS (SELECT FROM vapisync.resource_refs f WHERE f.resource_id = o.resource_id) INTO referring;
  IF linked OR referring THEN
    PERFORM vapisync.link_references(resource.resource_id, append_version.org_id, payload::jsonb);
  END IF;
  -- As ensure_work, without the call: every save comes by here.
  INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
  VALUES (resource.resource_id, append_version.org_id, append_version.kind, clock_timestamp())
  ON CONFLICT (resource_id) DO NOTHING;
  IF NOT FOUND THEN
    PERFORM vapisync.hasten_work(resource.resource_id, resource.has_remote);
  END IF;
  RETURN vapisync.answer_entry(resource.resource_id, resource.desired_version,
    append_version.kind, append_version.key, append_version.op);
END
$$;

-- What a save answers, the first time and whenever it is asked again.
CREATE OR REPLACE FUNCTION vapisync.save_answer(id uuid, request_id text, entries jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('saveId', id, 'requestId', request_id, 'entries', entries)
$$;

CREATE OR REPLACE FUNCTION vapisync.saved_entries(id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(vapisync.answer_entry(o.resource_id, o.version, r.kind, r.key, o.op)
                            ORDER BY r.kind COLLATE "C", r.key COLLATE "C"), '[]')
  FROM vapisync.outbox o JOIN vapisync.resources r USING (resource_id)
  WHERE o.save_id = id AND o.cause <> 'rollback'
$$;

-- How a change is spelled in what is hashed to know a save again: as jsonb prints the whole of it, which is what the
-- hashes of earlier releases are of.
CREATE OR REPLACE FUNCTION vapisync.change_text(kind text, key text, op text, ask json, payload json) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT concat('{"op": "', op, '", ', '"ask": ' || ask::text || ', ',
                '"key": ', to_json(key), ', "kind": ', to_json(kind), ', "payload": ' || payload::text, '}')
$$;

-- Returns false when this very save was written before; refuses another one under the same name.
CREATE OR REPLACE FUNCTION vapisync.begin_save(
  id uuid, org_id text, request_id text, changes text, on_reject text, kinds text[], actor text)
RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  hash bytea := sha256(convert_to('["' || begin_save.on_reject || '", [' || changes || ']]', 'UTF8'));
BEGIN
  INSERT INTO vapisync.saves (save_id, org_id, request_id, content_hash, actor, on_reject, open_count, tier)
  VALUES (id, begin_save.org_id, begin_save.request_id, hash,
    coalesce(begin_save.actor, vapisync.claims() ->> 'sub', session_user), begin_save.on_reject,
    cardinality(kinds), vapisync.tier_of(kinds))
  ON CONFLICT (save_id) DO NOTHING;
  IF FOUND THEN
    RETURN true;
  END IF;
  IF (SELECT s.content_hash FROM vapisync.saves s WHERE s.save_id = id) IS DISTINCT FROM hash THEN
    RAISE EXCEPTION USING ERRCODE = 'PT409',
      MESSAGE = format('request_id: %s was used for a save with other content', quote_literal(begin_save.request_id)),
      HINT = 'Use a new request id for every new save; repeat one only with the same content.';
  END IF;
  RETURN false;
END
$$;

-- Writes one change, which was checked. Most saves are one, and Postgres prepares each expression anew in every
-- transaction: so there are few, and no loop.
CREATE OR REPLACE FUNCTION vapisync.write_one(
  org_id text, request_id text, kind text, key text, op text, ask json, payload json,
  on_reject text, surface text, cause text DEFAULT 'save', actor text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  id uuid := vapisync.save_id(org_id, request_id);
  content text := vapisync.change_text(kind, key, op, ask, payload);
  linked boolean := content LIKE '%"$%';
  entry jsonb;
BEGIN
  IF linked THEN
    PERFORM vapisync.check_dollars(ask, payload, surface, 0, key);
  END IF;
  IF NOT vapisync.begin_save(id, org_id, request_id, content, on_reject, ARRAY[kind], actor) THEN
    RETURN vapisync.save_answer(id, request_id, vapisync.saved_entries(id));
  END IF;
  -- The resource is locked by its update.
  entry := vapisync.append_version(id, org_id, kind, key, op, ask, payload, linked, cause);
  IF linked OR op = 'delete' THEN
    PERFORM vapisync.check_links(org_id, ARRAY[ROW(0, kind, key, op, ask, payload)::vapisync.change],
      jsonb_build_array(entry), surface);
  END IF;
  RETURN vapisync.save_answer(id, request_id, jsonb_build_array(entry));
END
$$;

-- Locks all resources of a save: inserted in one order by everybody, and locked in one.
CREATE OR REPLACE FUNCTION vapisync.lock_resources(org_id text, changes vapisync.change[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  change vapisync.change;
  ids bigint[];
  id bigint;
BEGIN
  FOREACH change IN ARRAY changes LOOP
    ids := ids || vapisync.ensure_resource(org_id, change.kind, change.key);
  END LOOP;
  -- A loop, since a plan for an array would be made anew each time.
  FOREACH id IN ARRAY ARRAY(SELECT i FROM unnest(ids) i ORDER BY i) LOOP
    PERFORM FROM vapisync.resources r WHERE r.resource_id = id FOR UPDATE;
  END LOOP;
END
$$;

-- The same for several.
CREATE OR REPLACE FUNCTION vapisync.write_many(
  org_id text, request_id text, changes vapisync.change[], on_reject text, surface text, cause text, actor text)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  id uuid := vapisync.save_id(org_id, request_id);
  change vapisync.change;
  content text;
  kinds text[];
  linked boolean;
  entries jsonb := '[]';
BEGIN
  FOREACH change IN ARRAY changes LOOP
    content := concat(content || ', ',
      vapisync.change_text(change.kind, change.key, change.op, change.ask, change.payload));
    kinds := kinds || change.kind;
  END LOOP;
  linked := content LIKE '%"$%';
  IF linked THEN
    FOREACH change IN ARRAY changes LOOP
      PERFORM vapisync.check_dollars(change.ask, change.payload, surface, change.place, change.key);
    END LOOP;
  END IF;
  IF NOT vapisync.begin_save(id, org_id, request_id, content, on_reject, kinds, actor) THEN
    RETURN vapisync.save_answer(id, request_id, vapisync.saved_entries(id));
  END IF;
  -- What is read from here on is newer than the locks, so nobody's field is lost.
  PERFORM vapisync.lock_resources(org_id, changes);
  FOREACH change IN ARRAY changes LOOP
    entries := entries || vapisync.append_version(
      id, org_id, change.kind, change.key, change.op, change.ask, change.payload, linked, cause);
  END LOOP;
  IF linked OR entries @> '[{"op": "delete"}]' THEN
    PERFORM vapisync.check_links(org_id, changes, entries, surface);
  END IF;
  RETURN vapisync.save_answer(id, request_id, entries);
END
$$;

-- `cause` and `actor` are an operator's: replay, revert, and who did it.
CREATE OR REPLACE FUNCTION vapisync.write_save(
  org_id text, request_id text, changes jsonb, on_reject text, surface text,
  cause text DEFAULT 'save', actor text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  change jsonb;
BEGIN
  IF (char_length(org_id) BETWEEN 1 AND 200 AND char_length(request_id) BETWEEN 1 AND 200) IS NOT TRUE THEN
    PERFORM vapisync.check_text('org_id', org_id, 200);
    PERFORM vapisync.check_text('request_id', request_id, 200);
  END IF;
  IF coalesce(on_reject, '') NOT IN ('rollback', 'hold') THEN
    PERFORM vapisync.refuse('on_reject', 'must be rollback or hold');
  END IF;
  PERFORM vapisync.check_changes(changes, surface);
  IF jsonb_array_length(changes) > 1 THEN
    RETURN vapisync.write_many(
      org_id, request_id, vapisync.read_changes(changes), on_reject, surface, cause, actor);
  END IF;
  change := changes -> 0;
  RETURN vapisync.write_one(org_id, request_id, change ->> 'kind', change ->> 'key', coalesce(change ->> 'op', 'upsert'),
    to_json(change -> 'ask'), to_json(change -> 'payload'), on_reject, surface, cause, actor);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.check_dollars(ask json, payload json, surface text, place bigint, key text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- Each of these is a document, which can't itself be a reference.
  path text := vapisync.change_path(surface, place, key, CASE WHEN ask IS NULL THEN 'payload' ELSE 'ask' END);
BEGIN
  IF ask IS NOT NULL THEN
    PERFORM vapisync.check_dollar_keys(path || '.' || f, ask::jsonb -> f)
    FROM unnest('{vapi,voice}'::text[]) AS f WHERE jsonb_typeof(ask::jsonb -> f) = 'object';
  ELSIF payload::text LIKE '%"$%' THEN
    PERFORM vapisync.check_dollar_keys(path, payload::jsonb);
  END IF;
END
$$;

-- Once everything is written, since the parts of a save may refer to each other.
CREATE OR REPLACE FUNCTION vapisync.check_links(
  org_id text, changes vapisync.change[], entries jsonb, surface text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  linked bigint[] := '{}';
  change vapisync.change;
  id bigint;
  path text;
BEGIN
  FOR i IN 1..cardinality(changes) LOOP
    change := changes[i];
    id := (entries -> i - 1 ->> 'resourceId')::bigint;
    IF change.op = 'delete' THEN
      path := vapisync.change_path(surface, change.place, change.key, 'key');
      IF entries -> i - 1 ->> 'version' = '1' THEN
        PERFORM vapisync.refuse(path,
          format('there is no %s %s to delete', change.kind, quote_literal(change.key)));
      END IF;
      PERFORM vapisync.check_unreferenced(id, path);
    ELSIF coalesce(change.ask, change.payload)::text LIKE '%"$ref"%' THEN
      linked := linked || id;
      path := vapisync.change_path(surface, change.place, change.key,
                                   CASE WHEN change.ask IS NOT NULL THEN 'ask' ELSE 'payload' END);
      PERFORM vapisync.check_references(check_links.org_id, coalesce(change.ask, change.payload)::jsonb, path);
    END IF;
  END LOOP;
  IF linked <> '{}' THEN
    PERFORM vapisync.check_untangled(linked);
  END IF;
END
$$;
