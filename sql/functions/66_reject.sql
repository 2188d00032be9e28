-- What a rejection means when saves that ask to be rolled back are in the refused version. The rest of settling
-- (engine/settle.sql) leaves these reports to reject(), which decides the same things for one resource alone.

-- Both, each key once.
CREATE OR REPLACE FUNCTION vapisync.merge_keys(a text[], b text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT k FROM unnest(a || b) AS k GROUP BY k ORDER BY k COLLATE "C")
$$;

-- Does the remote object have what the save asked of this resource? It may, as long as nothing in it was confirmed.
CREATE OR REPLACE FUNCTION vapisync.live_holds(id bigint, save_id uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT coalesce(bool_or(o.cause <> 'rollback') AND NOT bool_or(o.cause = 'rollback'), false)
    OR EXISTS (SELECT FROM vapisync.resources r
               WHERE r.resource_id = id AND r.live_version = 0 AND r.remote_id IS NOT NULL)
  FROM vapisync.outbox o JOIN vapisync.resources r ON r.resource_id = o.resource_id
  WHERE o.resource_id = id AND o.save_id = live_holds.save_id AND o.version <= r.live_version
$$;

-- Is there something in this version that was rolled back after it?
CREATE OR REPLACE FUNCTION vapisync.holds_undone(id bigint, version bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM vapisync.outbox p JOIN vapisync.outbox o ON o.resource_id = p.resource_id AND o.save_id = p.save_id
    WHERE p.resource_id = id AND p.version > holds_undone.version AND p.cause = 'rollback'
      AND o.version <= holds_undone.version AND o.cause <> 'rollback'
      AND NOT EXISTS (SELECT FROM vapisync.outbox x WHERE x.resource_id = id AND x.save_id = p.save_id
                        AND x.version <= holds_undone.version AND x.cause = 'rollback'))
$$;

-- Entries after `settled` and up to `sent` end with the refusal. A refused put-back fails its save only where
-- Vapi still has what the save asked; returns how many do. `repeated`: put-backs go again in a newer version, so
-- nothing is known about them yet.
CREATE OR REPLACE FUNCTION vapisync.fail_entries(
  id bigint, settled bigint, sent bigint, repeated boolean, error jsonb) RETURNS bigint
LANGUAGE sql AS $$
  WITH ended AS MATERIALIZED (
    SELECT o.version, o.save_id, o.cause,
      CASE WHEN d.state IS NOT NULL THEN 'decided'
           WHEN o.cause <> 'rollback' THEN 'failed'
           WHEN repeated THEN 'repeated'
           WHEN vapisync.live_holds(id, o.save_id) THEN 'failed' ELSE 'needless' END AS fate
    FROM vapisync.outbox o
    LEFT JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
    WHERE o.resource_id = id AND o.version > settled AND o.version <= sent
  ), written AS (
    INSERT INTO vapisync.outcomes (resource_id, version, state, error)
    SELECT id, e.version, 'failed', fail_entries.error FROM ended e WHERE e.fate IN ('failed', 'needless')
  ), moved AS MATERIALIZED (
    SELECT m.*
    FROM (SELECT e.save_id, count(*)::integer AS ended, max(CASE e.fate WHEN 'failed' THEN 2 ELSE 0 END) AS rank
          FROM ended e WHERE e.save_id IS NOT NULL GROUP BY e.save_id ORDER BY e.save_id) m,
         LATERAL (SELECT FROM vapisync.saves s WHERE s.save_id = m.save_id FOR UPDATE) s
  ), changed AS (
    UPDATE vapisync.saves s
    SET open_count = s.open_count - m.ended,
        worst = greatest(s.worst, m.rank),
        error = CASE m.rank WHEN 2 THEN coalesce(s.error, fail_entries.error) ELSE s.error END,
        state = CASE WHEN s.open_count > m.ended THEN s.state
                     WHEN greatest(s.worst, m.rank) = 2 THEN 'failed'
                     WHEN s.state = 'rolling_back' THEN 'rolled_back'
                     WHEN s.worst = 1 THEN 'synced' ELSE 'superseded' END,
        finished_at = CASE WHEN s.open_count > m.ended THEN NULL ELSE now() END
    FROM moved m WHERE s.save_id = m.save_id
  )
  SELECT count(*) FROM ended e WHERE e.cause = 'rollback' AND e.fate = 'failed'
$$;

-- Settles one rejected report: compare-and-set on its token, never waiting for an application. A `status` of
-- held: somebody holds a resource of the saves, nothing was done, try again. `undone`: saves that are now
-- rolled back; `stuck`: saves that this rejection keeps from being undone.
CREATE OR REPLACE FUNCTION vapisync.reject(
  report json, daemon text, late_window_ms bigint,
  OUT status text, OUT due_now boolean, OUT undone integer, OUT stuck bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  i record;
  before vapisync.resources;
  open_after timestamptz;
  guilty record;
  others uuid[];
  again boolean;
  touched boolean;
  newer boolean;
BEGIN
  status := 'lost'; due_now := false; undone := 0; stuck := 0;
  SELECT '{}'::uuid[] AS saves, false AS by_field INTO guilty;
  SELECT * INTO i FROM json_to_record(report) AS x (
    resource_id bigint, kind text, token bigint, version bigint, generation bigint, remote_id text,
    account_id text, marker text, live_hash text, sent_keys text[], opens boolean, clear_open boolean,
    leftovers jsonb, error jsonb, ms integer);
  SELECT * INTO before FROM vapisync.resources r WHERE r.resource_id = i.resource_id FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    PERFORM FROM vapisync.work w WHERE w.resource_id = i.resource_id AND w.token = i.token;
    status := CASE WHEN FOUND THEN 'held' ELSE 'lost' END;
    RETURN;
  END IF;
  touched := before.generation <> i.generation;
  -- A touch may tell of a request, and of keys, that this claim knew nothing of.
  SELECT CASE WHEN i.opens THEN greatest(w.open_until, now())
              WHEN i.clear_open AND NOT touched THEN NULL ELSE w.open_until END
  INTO open_after
  FROM vapisync.work w WHERE w.resource_id = i.resource_id AND w.token = i.token FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  -- Whatever changed since this claim looked, a rejection of the old view decides nothing. Nor is anybody else
  -- to blame for a version with something in it that was undone since.
  again := touched AND (before.desired_version = i.version OR vapisync.holds_undone(i.resource_id, i.version));
  IF NOT again THEN
    SELECT * INTO guilty FROM vapisync.lock_guilty(i.resource_id, i.version, i.error ->> 'path');
    IF guilty.saves IS NULL THEN
      status := 'held';
      RETURN;
    END IF;
  END IF;
  IF i.remote_id IS NOT NULL AND i.remote_id IS DISTINCT FROM before.remote_id
     AND NOT vapisync.touch_dependents(i.resource_id, '{}') THEN
    status := 'held';
    RETURN;
  END IF;
  UPDATE vapisync.resources r
  SET remote_id = i.remote_id, account_id = i.account_id, marker = i.marker, live_hash = i.live_hash,
      sent_keys = CASE WHEN touched THEN vapisync.merge_keys(r.sent_keys, i.sent_keys) ELSE i.sent_keys END
  WHERE r.resource_id = i.resource_id;
  DELETE FROM vapisync.leftovers l WHERE (l.account_id, l.kind, l.object) = (i.account_id, i.kind, i.remote_id);
  IF NOT again THEN
    undone := cardinality(guilty.saves);
    others := ARRAY(SELECT DISTINCT o.save_id FROM vapisync.outbox o
                    WHERE o.resource_id = i.resource_id AND o.cause = 'rollback'
                      AND o.version > before.settled_version AND o.version <= i.version);
    PERFORM vapisync.undo(guilty.saves, i.resource_id, i.error) WHERE undone > 0;
    -- What is guilty by its field goes, and everybody else goes on in the new version.
    IF NOT guilty.by_field THEN
      newer := undone > 0 OR before.desired_version > i.version;
      PERFORM vapisync.put_back(i.resource_id, others) WHERE newer AND others <> '{}';
      stuck := vapisync.fail_entries(i.resource_id, before.settled_version, i.version, newer, i.error);
    END IF;
  END IF;

  UPDATE vapisync.resources r
  SET settled_version = CASE WHEN again OR guilty.by_field THEN r.settled_version
                             ELSE greatest(r.settled_version, i.version) END,
      last_error = CASE WHEN again OR r.desired_version > i.version THEN r.last_error ELSE i.error END
  WHERE r.resource_id = i.resource_id
  RETURNING r.desired_version > i.version INTO newer;
  status := 'recorded';
  due_now := newer OR touched;
  IF due_now OR open_after IS NOT NULL THEN
    UPDATE vapisync.work w
    SET leased_until = '-infinity', claimed_by = NULL, token = 0, attempts = 0, open_until = open_after,
        due_at = CASE WHEN due_now THEN now() ELSE open_after + late_window_ms * interval '1 millisecond' END
    WHERE w.resource_id = i.resource_id;
  ELSE
    DELETE FROM vapisync.work w WHERE w.resource_id = i.resource_id;
  END IF;
  INSERT INTO vapisync.attempts (resource_id, version, phase, status, code, message, ms, daemon)
  SELECT i.resource_id, i.version, i.error ->> 'phase', (i.error ->> 'status')::integer, i.error ->> 'code',
    i.error ->> 'message', i.ms, reject.daemon;
  INSERT INTO vapisync.leftovers (account_id, kind, remote_id, marker, resource_id, reason, due_at)
  SELECT l.account_id, i.kind, l.remote_id, l.marker, i.resource_id, l.reason, vapisync.leftover_due(l.reason, late_window_ms)
  FROM jsonb_to_recordset(i.leftovers) AS l (account_id text, remote_id text, marker text, reason text)
  ON CONFLICT (account_id, kind, object) DO UPDATE SET due_at = excluded.due_at
  WHERE excluded.reason = 'open_create';
END
$$;
