-- A save of which Vapi refuses a part is undone whole: a new version puts each of its resources back.

-- Does an ask decide this top-level field of Vapi's document? A whole document (and a delete) decides every one.
CREATE OR REPLACE FUNCTION vapisync.touches(ask jsonb, field text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT field IS NOT NULL
    AND (ask IS NULL OR coalesce(ask -> 'vapi' ? field, false)
         OR ask ? CASE WHEN field = 'model' THEN 'systemPrompt'
                       WHEN field = 'transcriber' THEN 'language'
                       WHEN field IN ('name', 'firstMessage', 'voice', 'maxDurationSeconds') THEN field
                       ELSE '' END)
$$;

-- The field at the top of a path: `voice` of `voice.speed`, `tools` of `tools[0].name`.
CREATE OR REPLACE FUNCTION vapisync.top_field(path text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT substring(path FROM '^[^.[]+') $$;

-- Who is guilty that Vapi refuses this version: of the pending saves in it those that decide the field that
-- Vapi names, else all. What Vapi holds already is suspected only when nothing newer is. A save that holds on
-- is never undone, but when it is the culprit others are not undone in its place.
CREATE OR REPLACE FUNCTION vapisync.guilty_saves(
  id bigint, version bigint, path text, OUT saves uuid[], OUT by_field boolean)
LANGUAGE sql STABLE AS $$
  WITH suspects AS MATERIALIZED (
    SELECT s.save_id, s.on_reject, o.version > r.live_version AS fresh,
      vapisync.touches(o.ask::jsonb, vapisync.top_field(guilty_saves.path)) AS named
    FROM vapisync.outbox o
    JOIN vapisync.resources r ON r.resource_id = o.resource_id
    JOIN vapisync.saves s ON s.save_id = o.save_id
    WHERE o.resource_id = id AND o.version <= guilty_saves.version AND s.state = 'pending'
  ), found AS (
    SELECT
      ARRAY(SELECT n.save_id FROM suspects n
            WHERE n.named AND n.on_reject = 'rollback'
              AND (n.fresh OR NOT EXISTS (SELECT FROM suspects x WHERE x.named AND x.fresh))
            ORDER BY n.save_id) AS named,
      ARRAY(SELECT a.save_id FROM suspects a
            WHERE a.on_reject = 'rollback' AND (a.fresh OR NOT EXISTS (SELECT FROM suspects x WHERE x.fresh))
            ORDER BY a.save_id) AS others
  )
  SELECT CASE WHEN named <> '{}' THEN named ELSE others END, named <> '{}' FROM found
$$;

-- Locks every resource of the guilty saves, without ever waiting. `saves` is null when somebody holds one of
-- them: then nothing may be decided now. Found again under the locks, since a save may have ended meanwhile.
CREATE OR REPLACE FUNCTION vapisync.lock_guilty(
  id bigint, version bigint, path text, OUT saves uuid[], OUT by_field boolean)
LANGUAGE plpgsql AS $$
DECLARE
  locked bigint[] := ARRAY[id];
  needed bigint[];
  got bigint;
BEGIN
  LOOP
    SELECT g.saves, g.by_field INTO lock_guilty.saves, lock_guilty.by_field
    FROM vapisync.guilty_saves(id, lock_guilty.version, path) g;
    needed := ARRAY(SELECT DISTINCT o.resource_id FROM vapisync.outbox o WHERE o.save_id = ANY (lock_guilty.saves)
                    ORDER BY o.resource_id);
    EXIT WHEN needed <@ locked;
    PERFORM FROM vapisync.resources r WHERE r.resource_id = ANY (needed)
    ORDER BY r.resource_id FOR UPDATE SKIP LOCKED;
    GET DIAGNOSTICS got = ROW_COUNT;
    IF got < cardinality(needed) THEN
      lock_guilty.saves := NULL;
      RETURN;
    END IF;
    locked := locked || needed;
  END LOOP;
END
$$;

-- Wants of a resource what is left without what was rolled back, in the name of each of these saves. All are one
-- document, and so one call.
CREATE OR REPLACE FUNCTION vapisync.put_back(id bigint, saves uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  resource vapisync.resources;
  doc json;
BEGIN
  SELECT * INTO resource FROM vapisync.resources r WHERE r.resource_id = id;
  doc := vapisync.fold(id, resource.desired_version);
  FOR i IN 1..cardinality(saves) LOOP
    PERFORM vapisync.append_version(saves[i], resource.org_id, resource.kind, resource.key,
      CASE WHEN doc IS NULL THEN 'delete' ELSE 'upsert' END, NULL, doc, true, 'rollback');
  END LOOP;
  UPDATE vapisync.saves s SET open_count = s.open_count + 1 WHERE s.save_id = ANY (saves);
END
$$;

-- Undoes saves whose resources are all locked. `refused` is the resource that Vapi refused, with its words.
CREATE OR REPLACE FUNCTION vapisync.undo(guilty uuid[], refused bigint, error jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  member record;
BEGIN
  UPDATE vapisync.saves s
  SET state = 'rolling_back', worst = 0, error = coalesce(undo.error, s.error), finished_at = NULL
  WHERE s.save_id = ANY (guilty);
  INSERT INTO vapisync.outcomes (resource_id, version, state, error)
  SELECT o.resource_id, o.version, 'rolled_back',
    CASE WHEN o.resource_id = refused THEN undo.error
         ELSE jsonb_build_object('code', 'rolled_back', 'message',
           format('undone, because Vapi refused the %s %s of the same save', r.kind, r.key)) END
  FROM vapisync.outbox o JOIN vapisync.resources r ON r.resource_id = refused
  WHERE o.save_id = ANY (guilty) AND o.cause <> 'rollback'
  ON CONFLICT (resource_id, version) DO UPDATE
  SET state = excluded.state, error = excluded.error, warnings = NULL, finished_at = excluded.finished_at;
  -- Only now, when every fold leaves all of them out.
  FOR member IN
    SELECT o.resource_id, array_agg(DISTINCT o.save_id) AS saves FROM vapisync.outbox o
    WHERE o.save_id = ANY (guilty) GROUP BY o.resource_id ORDER BY o.resource_id
  LOOP
    PERFORM vapisync.put_back(member.resource_id, member.saves);
  END LOOP;
END
$$;
