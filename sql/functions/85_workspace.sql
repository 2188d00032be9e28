-- The operator's side of credentials. Only the daemon's role may call these.

-- Everything of an org is looked at again; when it left an account, what is known of Vapi is forgotten.
CREATE OR REPLACE FUNCTION vapisync.restart_org(org_id text, other_account boolean, left_account text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM vapisync.resources r WHERE r.org_id = restart_org.org_id ORDER BY r.resource_id FOR UPDATE;
  IF other_account THEN
    -- In the platform's account they are ours to delete once the new ones are live; a tenant's is the tenant's. A new
    -- object may not be readable for a while, and would be taken for gone.
    INSERT INTO vapisync.leftovers (account_id, kind, remote_id, resource_id, reason, due_at)
    SELECT r.account_id, r.kind, r.remote_id, r.resource_id, 'other_account',
      (SELECT clock_timestamp() + interval '10 minutes'
       FROM vapisync.credentials c WHERE c.platform AND c.account_id = r.account_id)
    FROM vapisync.resources r
    WHERE r.org_id = restart_org.org_id AND r.remote_id IS NOT NULL AND r.account_id IS NOT NULL
    ON CONFLICT (account_id, kind, object) DO NOTHING;
    -- A create whose answer is not known may stand there too; its mark names the resource. A lease that nobody
    -- gave back, run out or not, may have sent one; a file is made anew beside the object that it has.
    INSERT INTO vapisync.leftovers (account_id, kind, marker, resource_id, reason)
    SELECT left_account, r.kind, m.installation_id || '/' || r.resource_id,
      r.resource_id, 'open_create'
    FROM vapisync.meta m, vapisync.resources r JOIN vapisync.work w ON w.resource_id = r.resource_id
    WHERE r.org_id = restart_org.org_id AND (r.remote_id IS NULL OR r.kind = 'file')
      AND (w.open_until IS NOT NULL OR w.leased_until > '-infinity')
    ON CONFLICT (account_id, kind, object) DO NOTHING;
    UPDATE vapisync.resources r
    SET remote_id = NULL, account_id = NULL, marker = NULL, live_version = 0, live_hash = NULL, sent_keys = '{}'
    WHERE r.org_id = restart_org.org_id;
    UPDATE vapisync.resource_refs f SET in_live = false
    WHERE f.in_live AND f.resource_id IN (SELECT r.resource_id FROM vapisync.resources r
                                          WHERE r.org_id = restart_org.org_id);
    -- A claim under way writes nothing any more; its request goes to the account that was left.
    UPDATE vapisync.work w SET token = 0, leased_until = '-infinity', open_until = NULL
    WHERE w.org_id = restart_org.org_id;
  END IF;
  UPDATE vapisync.resources r SET generation = r.generation + 1, last_error = NULL
  WHERE r.org_id = restart_org.org_id;
  PERFORM vapisync.ensure_work(r.org_id, r.kind, r.resource_id, r.remote_id IS NOT NULL)
  FROM vapisync.resources r WHERE r.org_id = restart_org.org_id AND r.desired_version > 0;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.assign_credential(org_id text, credential_id bigint, other_account boolean)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  left_account text := coalesce(vapisync.org_account(assign_credential.org_id), '');
BEGIN
  INSERT INTO vapisync.orgs (org_id, credential_id)
  VALUES (assign_credential.org_id, assign_credential.credential_id)
  ON CONFLICT (org_id) DO UPDATE SET credential_id = excluded.credential_id;
  PERFORM vapisync.restart_org(assign_credential.org_id, other_account, left_account);
  PERFORM pg_notify('vapisync', '');
END
$$;

-- Gives an org a Vapi key of its own. Orgs that bring the same key share the row, and its limits.
CREATE OR REPLACE FUNCTION vapisync.set_credential(
  org_id text, fingerprint text, base_url text, key_sealed text, account_id text, other_account boolean)
RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  id bigint;
BEGIN
  INSERT INTO vapisync.credentials AS c (fingerprint, base_url, key_sealed, account_id)
  VALUES (set_credential.fingerprint, set_credential.base_url, set_credential.key_sealed, set_credential.account_id)
  ON CONFLICT (fingerprint) DO UPDATE
  SET key_sealed = excluded.key_sealed, account_id = coalesce(excluded.account_id, c.account_id),
      state = 'active', paused_reason = NULL, paused_until = NULL, next_probe_at = NULL
  RETURNING c.credential_id INTO id;
  PERFORM vapisync.assign_credential(set_credential.org_id, id, other_account);
  RETURN id;
END
$$;

-- Lets an org use the platform key: an explicit act of an operator.
CREATE OR REPLACE FUNCTION vapisync.grant_platform(org_id text) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  id bigint := (SELECT c.credential_id FROM vapisync.credentials c WHERE c.platform);
  account text := (SELECT c.account_id FROM vapisync.credentials c WHERE c.platform);
BEGIN
  IF id IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'PT404', MESSAGE = 'there is no platform key yet',
      HINT = 'Set vapi.platform_key_file and start the daemon once.';
  END IF;
  PERFORM vapisync.assign_credential(grant_platform.org_id, id, EXISTS (
    SELECT FROM vapisync.resources r
    WHERE r.org_id = grant_platform.org_id AND r.account_id IS NOT NULL AND r.account_id IS DISTINCT FROM account));
  RETURN id;
END
$$;

-- After objects vanished in numbers (`mass_404`) an operator has looked: what they were is made again.
CREATE OR REPLACE FUNCTION vapisync.resume_credential(org_id text) RETURNS boolean
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  UPDATE vapisync.credentials c
  SET state = 'active', paused_reason = NULL, paused_until = NULL, next_probe_at = NULL,
      gone_since = NULL, gone_count = 0
  WHERE c.credential_id = (SELECT vapisync.org_credential(resume_credential.org_id)) AND c.state = 'paused';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_notify('vapisync', '');
  RETURN true;
END
$$;
