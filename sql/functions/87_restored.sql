-- Databases that came back from a backup, a failover or a copy. The daemon asks at every new connection.

CREATE OR REPLACE FUNCTION vapisync.whereabouts(
  OUT system_identifier bigint, OUT timeline integer, OUT database_oid oid)
LANGUAGE sql VOLATILE AS $$
  SELECT s.system_identifier,
         -- The control file is late after a promotion; what is being written is not.
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer,
         (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  FROM pg_control_system() s
$$;

-- same; other_timeline: it went on from an earlier moment; other_database: restored elsewhere, or a copy.
CREATE OR REPLACE FUNCTION vapisync.identity() RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN (m.system_identifier, m.database_oid) <> (w.system_identifier, w.database_oid)
              THEN 'other_database'
              WHEN m.timeline <> w.timeline THEN 'other_timeline'
              ELSE 'same' END
  FROM vapisync.meta m, vapisync.whereabouts() w
$$;

-- Numbers that were given out in the history that is lost must not be given out again: a claim's token, and
-- a resource's id, by which its remote object is found.
CREATE OR REPLACE FUNCTION vapisync.skip_lost_numbers() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  ids text := pg_get_serial_sequence('vapisync.resources', 'resource_id');
BEGIN
  PERFORM setval('vapisync.token_seq', nextval('vapisync.token_seq') + 1000000000);
  PERFORM setval(ids::regclass, nextval(ids::regclass) + 1000000);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.settle_here() RETURNS void
LANGUAGE sql AS $$
  UPDATE vapisync.meta m
  SET system_identifier = w.system_identifier, timeline = w.timeline, database_oid = w.database_oid
  FROM vapisync.whereabouts() w
$$;

-- This database goes on from an earlier moment: everything is looked at again, and a resource without an id
-- may have got one in the history that is lost. The daemon does it bit by bit (sql/engine/touch_restored).
CREATE OR REPLACE FUNCTION vapisync.resync() RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  answer jsonb;
BEGIN
  PERFORM FROM vapisync.meta FOR UPDATE;
  INSERT INTO vapisync.resync AS l (resource_id, org_id)
  SELECT r.resource_id, r.org_id FROM vapisync.resources r
  ON CONFLICT (resource_id) DO UPDATE SET since = excluded.since;
  UPDATE vapisync.credentials SET inventory_at = clock_timestamp();
  PERFORM vapisync.skip_lost_numbers();
  PERFORM vapisync.settle_here();
  SELECT jsonb_build_object('resources', count(*), 'withoutId', count(*) FILTER (WHERE r.remote_id IS NULL))
  INTO answer FROM vapisync.resources r;
  RETURN answer;
END
$$;

-- This database is a copy that lives on its own: it forgets the remote objects, which stay the original's, and
-- the keys and accounts by which it could reach them.
CREATE OR REPLACE FUNCTION vapisync.detach() RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  answer jsonb;
BEGIN
  PERFORM FROM vapisync.resources r ORDER BY r.resource_id FOR UPDATE;
  SELECT jsonb_build_object('resources', count(*), 'forgotten', count(r.remote_id))
  INTO answer FROM vapisync.resources r;
  UPDATE vapisync.resources
  SET remote_id = NULL, account_id = NULL, marker = NULL, origin = 'created', live_version = 0, live_hash = NULL,
      sent_keys = '{}', last_error = NULL, generation = generation + 1;
  INSERT INTO vapisync.work AS w (resource_id, org_id, kind, due_at)
  SELECT r.resource_id, r.org_id, r.kind, clock_timestamp() FROM vapisync.resources r
  ON CONFLICT (resource_id) DO UPDATE
  SET due_at = excluded.due_at, leased_until = '-infinity', token = 0, claimed_by = NULL, attempts = 0,
      open_until = NULL;
  UPDATE vapisync.resource_refs SET in_live = false WHERE in_live;
  UPDATE vapisync.orgs SET credential_id = NULL WHERE credential_id IS NOT NULL;
  DELETE FROM vapisync.credentials;
  DELETE FROM vapisync.integrations;
  DELETE FROM vapisync.leftovers;
  DELETE FROM vapisync.resync;
  PERFORM vapisync.skip_lost_numbers();
  PERFORM vapisync.settle_here();
  UPDATE vapisync.meta SET installation_id = gen_random_uuid();
  RETURN answer || (SELECT jsonb_build_object('installationId', m.installation_id) FROM vapisync.meta m);
END
$$;

CREATE OR REPLACE FUNCTION vapisync.restored_status() RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
  SELECT jsonb_build_object('identity', vapisync.identity(), 'installationId', m.installation_id,
    'resources', (SELECT count(*) FROM vapisync.resources),
    'withId', (SELECT count(*) FROM vapisync.resources WHERE remote_id IS NOT NULL),
    'toTouch', (SELECT count(*) FROM vapisync.resync))
  FROM vapisync.meta m
$$;

-- What a daemon asks before it works with a new connection. Another timeline is followed at once, by the
-- first who sees it.
CREATE OR REPLACE FUNCTION vapisync.admit(
  OUT identity text, OUT timeline integer, OUT installation_id text, OUT resynced jsonb)
LANGUAGE plpgsql AS $$
BEGIN
  identity := vapisync.identity();
  IF identity = 'other_timeline' THEN
    PERFORM FROM vapisync.meta FOR UPDATE;
    IF vapisync.identity() = 'other_timeline' THEN
      resynced := vapisync.resync();
    END IF;
    identity := vapisync.identity();
  END IF;
  SELECT m.timeline, m.installation_id::text INTO admit.timeline, admit.installation_id FROM vapisync.meta m;
END
$$;
