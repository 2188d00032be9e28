-- Who may act for an org. Every function that others may call begins with authorize(), or asks the same itself.

-- The claims that PostgREST verified and set for this request; null: not called through it.
CREATE OR REPLACE FUNCTION vapisync.claims() RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

-- The org of the caller's token, or null. The row policies use it too.
CREATE OR REPLACE FUNCTION vapisync.jwt_org() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN jsonb_typeof(c.claims #> p.path) IN ('string', 'number') THEN c.claims #>> p.path END
  FROM (SELECT vapisync.claims() AS claims) c,
       (SELECT string_to_array(org_claim_path, '.') AS path FROM vapisync.meta) p
$$;

-- The role that a caller acts as: SET ROLE outlives the change of user that SECURITY DEFINER makes.
CREATE OR REPLACE FUNCTION vapisync.acting_role() RETURNS name
LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('role'), 'none')::name, session_user)
$$;

CREATE OR REPLACE FUNCTION vapisync.is_service() RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r
                 WHERE r.rolname = 'service_role' AND pg_has_role(vapisync.acting_role(), r.oid, 'MEMBER'))
$$;

-- One expression, which becomes part of that of its caller: every save asks.
CREATE OR REPLACE FUNCTION vapisync.may_act_for(org_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN vapisync.claims() IS NULL THEN pg_has_role(session_user, 'vapisync_writer', 'MEMBER')
                                        AND pg_has_role(vapisync.acting_role(), 'vapisync_writer', 'MEMBER')
    WHEN vapisync.claims() ->> 'role' = 'service_role' THEN vapisync.is_service()
    ELSE coalesce(vapisync.jwt_org() = org_id, false) END
$$;

-- Its callers are all SECURITY DEFINER with a safe search_path; to say so again costs at every save.
CREATE OR REPLACE FUNCTION vapisync.authorize(org_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF vapisync.may_act_for(org_id) THEN
    RETURN;
  END IF;
  RAISE EXCEPTION USING
    ERRCODE = 'insufficient_privilege',
    MESSAGE = format('not allowed to act for org %s', coalesce(quote_literal(org_id), 'null')),
    HINT = CASE WHEN vapisync.claims() IS NULL
      THEN 'Connect as a member of the role vapisync_writer, or through an API gateway that sets request.jwt.claims.'
      ELSE 'The org in the token (see vapisync.meta.org_claim_path) must be this org.' END;
END
$$;
