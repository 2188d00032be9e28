-- A replay applies what a save asked once more, on top of what is wanted now: a new save, named after the first.

-- Replays of replays count on from the save that began.
CREATE OR REPLACE FUNCTION vapisync.replay_root(request_id text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN char_length(root) <= 150 THEN root ELSE left(root, 110) || '~' || md5(root) END
  FROM (SELECT regexp_replace(request_id, '~replay-[0-9]+$', '') AS root) r
$$;

CREATE OR REPLACE FUNCTION vapisync.replay_name(org_id text, root text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
  FOR n IN 1..10000 LOOP
    PERFORM FROM vapisync.saves s WHERE s.save_id = vapisync.save_id(replay_name.org_id, root || '~replay-' || n);
    IF NOT FOUND THEN
      RETURN root || '~replay-' || n;
    END IF;
  END LOOP;
  PERFORM vapisync.refuse_operation('PT409', format('%s was replayed 10000 times already', quote_literal(root)));
END
$$;

-- The entries that a replay repeats, with what each asked.
CREATE OR REPLACE FUNCTION vapisync.replayed(entry vapisync.outbox, only_entry boolean) RETURNS TABLE (
  resource_id bigint, version bigint, kind text, key text, change jsonb)
LANGUAGE sql STABLE AS $$
  SELECT o.resource_id, o.version, r.kind, r.key,
    jsonb_build_object('kind', r.kind, 'key', r.key, 'op', o.op)
    || CASE WHEN o.op = 'delete' THEN '{}'
            WHEN o.ask IS NOT NULL THEN jsonb_build_object('ask', o.ask::jsonb)
            ELSE jsonb_build_object('payload', o.payload::jsonb) END
  FROM (
    SELECT m.resource_id, m.version FROM vapisync.outbox m
    WHERE NOT only_entry AND m.save_id = entry.save_id AND m.cause <> 'rollback'
    UNION
    SELECT entry.resource_id, entry.version
  ) m
  JOIN vapisync.outbox o ON o.resource_id = m.resource_id AND o.version = m.version
  JOIN vapisync.resources r ON r.resource_id = m.resource_id
$$;

-- The request under which one of these is on its way already: the save itself, or a replay of it.
CREATE OR REPLACE FUNCTION vapisync.open_request(ids bigint[], root text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT min(s.request_id)
  FROM vapisync.resources r
  JOIN vapisync.outbox o ON o.resource_id = r.resource_id AND o.version > r.settled_version
  JOIN vapisync.saves s ON s.save_id = o.save_id
  WHERE r.resource_id = ANY (ids) AND o.cause <> 'rollback' AND s.state IN ('pending', 'rolling_back')
    AND vapisync.replay_root(s.request_id) = root
$$;

-- What would be undone by repeating these: of a resource something newer was asked since, and is live. A put-back
-- asks nothing, what was refused is not live by itself, and a replay of the same asks the same.
CREATE OR REPLACE FUNCTION vapisync.older_than_live(entry vapisync.outbox, only_entry boolean, root text)
RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('entryId', vapisync.entry_id(m.resource_id, m.version),
    'resource', m.kind || '/' || m.key, 'newer', n.newest) ORDER BY m.kind, m.key), '[]')
  FROM vapisync.replayed(entry, only_entry) m, LATERAL (
    SELECT max(o.version) AS newest
    FROM vapisync.outbox o
    LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
    LEFT JOIN vapisync.saves s ON s.save_id = o.save_id
    WHERE o.resource_id = m.resource_id AND o.version > m.version AND o.cause <> 'rollback'
      AND vapisync.replay_root(s.request_id) IS DISTINCT FROM older_than_live.root
      AND coalesce(d.state, '') NOT IN ('failed', 'rolled_back')
      AND o.version <= (SELECT max(c.version) FROM vapisync.outcomes c
                        WHERE c.resource_id = m.resource_id AND c.state = 'synced')) n
  WHERE n.newest IS NOT NULL
$$;

-- `status` says what became of it: replayed; would_replay (a dry run); open: it is on its way already, under
-- `requestId`; older: something newer is live since, and nobody forced it.
CREATE OR REPLACE FUNCTION vapisync.replay(
  id bigint, version bigint, only_entry boolean, force boolean, dry_run boolean, actor text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  entry vapisync.outbox := vapisync.known_entry(id, replay.version);
  save vapisync.saves;
  root text;
  name text;
  status text;
  older jsonb;
  written jsonb;
  ids bigint[] := ARRAY(SELECT m.resource_id FROM vapisync.replayed(entry, only_entry) m);
BEGIN
  IF entry.cause = 'rollback' THEN
    PERFORM vapisync.refuse_operation('PT409',
      format('entry %s put back what a refused save had changed, and asks nothing itself',
        vapisync.entry_id(id, version)),
      'Replay the entry of the save.');
  END IF;
  IF NOT dry_run THEN
    PERFORM FROM vapisync.resources r WHERE r.resource_id = ANY (ids) ORDER BY r.resource_id FOR UPDATE;
    -- Two replays of different parts of one save choose their names one after the other.
    PERFORM FROM vapisync.saves s WHERE s.save_id = entry.save_id FOR UPDATE;
  END IF;
  SELECT * INTO save FROM vapisync.saves s WHERE s.save_id = entry.save_id;
  root := vapisync.replay_root(coalesce(save.request_id, 'entry-' || vapisync.entry_id(id, version)));
  name := vapisync.open_request(ids, root);
  older := vapisync.older_than_live(entry, only_entry, root);
  status := CASE WHEN name IS NOT NULL THEN 'open'
                 WHEN older <> '[]' AND NOT force THEN 'older'
                 WHEN dry_run THEN 'would_replay' ELSE 'replayed' END;
  IF status IN ('replayed', 'would_replay') THEN
    name := vapisync.replay_name(entry.org_id, root);
  END IF;
  IF status = 'replayed' THEN
    written := vapisync.write_save(entry.org_id, name,
      (SELECT jsonb_agg(m.change) FROM vapisync.replayed(entry, only_entry) m),
      coalesce(save.on_reject, 'rollback'), 'changes', 'replay', actor);
  END IF;
  RETURN jsonb_build_object('entryId', vapisync.entry_id(id, version), 'org', entry.org_id, 'status', status,
    'of', save.request_id, 'requestId', name, 'older', older,
    'resources', (SELECT jsonb_agg(m.kind || '/' || m.key ORDER BY m.kind, m.key)
                  FROM vapisync.replayed(entry, only_entry) m),
    'entries', coalesce(written -> 'entries', '[]'));
END
$$;
