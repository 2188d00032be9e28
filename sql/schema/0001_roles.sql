-- Roles, the schema and the list of applied files. Roles belong to the whole cluster and may be created by
-- another database at the same moment, so this file is idempotent and begins every `migrate up`.
-- It needs a superuser, or a role with CREATEROLE and CREATE on the database.

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['vapisync_owner', 'vapisync_writer', 'vapisync_daemon'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN
        NULL;  -- somebody else created it in this moment
      END;
    END IF;
  END LOOP;

  -- The daemon serves the REST interface for every org, so it may do what a writer may.
  IF NOT pg_has_role('vapisync_daemon', 'vapisync_writer', 'MEMBER') THEN
    BEGIN
      GRANT vapisync_writer TO vapisync_daemon;
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL;
    END;
  END IF;

  -- Whoever is not a superuser must be a member of the owner to create things in its name.
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    BEGIN
      EXECUTE format('GRANT vapisync_owner TO %I', current_user);
    EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation OR unique_violation OR internal_error THEN
      NULL;  -- SET ROLE below says so if the membership is really missing
    END;
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS vapisync AUTHORIZATION vapisync_owner;

SET LOCAL ROLE vapisync_owner;

CREATE TABLE IF NOT EXISTS vapisync.migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
