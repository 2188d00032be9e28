-- Closed by default: everything is taken from everybody, then given by name. Run at the end of every
-- migration, also because anon, authenticated and service_role may have come since. What would lock a table
-- is done only where it is missing; a migration that changes a policy drops it, and it is made anew here.

ALTER DEFAULT PRIVILEGES FOR ROLE vapisync_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Row policies. A tenant sees the rows of the org in its token; backends and the daemon see all.
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT c.oid::regclass AS name FROM pg_catalog.pg_class c
              WHERE c.relnamespace = 'vapisync'::regnamespace AND c.relkind = 'r' AND NOT c.relrowsecurity LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', item.name);
  END LOOP;

  FOR item IN
    SELECT c.oid::regclass AS name, p.policy, p.clause
    FROM pg_catalog.pg_class c
    CROSS JOIN LATERAL (
      SELECT 'daemon' AS policy, 'TO vapisync_daemon USING (true) WITH CHECK (true)' AS clause
      UNION ALL
      SELECT 'backend', 'FOR SELECT TO vapisync_writer USING (true)'
      UNION ALL
      SELECT 'service', 'FOR SELECT TO service_role USING (true)'
      WHERE EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'service_role')
      UNION ALL
      SELECT 'tenant', 'FOR SELECT USING (org_id = (SELECT vapisync.jwt_org()))'
      WHERE c.relname IN ('orgs', 'resources', 'saves', 'outbox')
      UNION ALL
      -- The policy on resources holds inside this look-up too.
      SELECT 'tenant', format(
        'FOR SELECT USING (EXISTS (SELECT FROM vapisync.resources r WHERE r.resource_id = %I.resource_id))', c.relname)
      WHERE c.relname IN ('outcomes', 'attempts')) p
    WHERE c.relnamespace = 'vapisync'::regnamespace AND c.relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy e WHERE e.polrelid = c.oid AND e.polname = p.policy)
  LOOP
    EXECUTE format('CREATE POLICY %I ON %s %s', item.policy, item.name, item.clause);
  END LOOP;
END
$$;

DO $$
DECLARE
  target text;
BEGIN
  FOR target IN
    SELECT 'PUBLIC' UNION ALL
    SELECT quote_ident(rolname) FROM pg_catalog.pg_roles
    WHERE rolname IN ('anon', 'authenticated', 'service_role', 'vapisync_writer', 'vapisync_daemon')
  LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA vapisync FROM %s', target);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA vapisync FROM %s', target);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA vapisync FROM %s', target);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vapisync FROM %s', target);
  END LOOP;

  -- Who may read and save: named columns only, never what is sealed, a claim or a credential.
  FOR target IN
    SELECT quote_ident(rolname) FROM pg_catalog.pg_roles
    WHERE rolname IN ('authenticated', 'service_role', 'vapisync_writer')
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA vapisync TO %s', target);
    EXECUTE format('GRANT SELECT ON vapisync.entries, vapisync.agents, vapisync.agents_live,
      vapisync.agent_documents TO %s', target);
    EXECUTE format('GRANT SELECT (org_id, paused_at, paused_reason, created_at) ON vapisync.orgs TO %s', target);
    EXECUTE format('GRANT SELECT (resource_id, org_id, kind, key, desired_version, settled_version, live_version,
      remote_id, origin, last_synced_at, last_error, created_at) ON vapisync.resources TO %s', target);
    EXECUTE format('GRANT SELECT (save_id, org_id, request_id, actor, on_reject, state, open_count, error,
      created_at, finished_at) ON vapisync.saves TO %s', target);
    EXECUTE format('GRANT SELECT (resource_id, version, save_id, org_id, op, cause, created_at, ask, payload)
      ON vapisync.outbox TO %s', target);
    EXECUTE format('GRANT SELECT (resource_id, version, state, error, warnings, finished_at)
      ON vapisync.outcomes TO %s', target);
    EXECUTE format('GRANT SELECT (resource_id, version, at, phase, status, code, message, ms)
      ON vapisync.attempts TO %s', target);
    EXECUTE format('GRANT EXECUTE ON FUNCTION
      vapisync.save(text, text, jsonb, text), vapisync.save_agents(text, text, jsonb, text),
      vapisync.put_resource(text, text, text, jsonb, text), vapisync.delete_resource(text, text, text, text),
      vapisync.save_status(text, text), vapisync.claims(), vapisync.jwt_org(),
      vapisync.system_prompt(jsonb), vapisync.voice_text(jsonb) TO %s', target);
  END LOOP;
END
$$;

GRANT USAGE ON SCHEMA vapisync TO vapisync_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vapisync TO vapisync_daemon;
REVOKE INSERT, UPDATE, DELETE ON vapisync.migrations FROM vapisync_daemon;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA vapisync TO vapisync_daemon;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA vapisync TO vapisync_daemon;

NOTIFY pgrst, 'reload schema';
