-- What the daemon decides by references (functions/35_references records them).

-- An org's own key, or the platform's.
CREATE OR REPLACE FUNCTION vapisync.org_credential(org_id text) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT o.credential_id FROM vapisync.orgs o WHERE o.org_id = org_credential.org_id),
                  (SELECT c.credential_id FROM vapisync.credentials c WHERE c.platform))
$$;

-- The account that an org's key belongs to; null while nobody knows.
CREATE OR REPLACE FUNCTION vapisync.org_account(org_id text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT c.account_id FROM vapisync.credentials c
  WHERE c.credential_id = (SELECT vapisync.org_credential(org_account.org_id))
$$;

-- What a reference to this resource is worth. ready: its id can be sent; gone: it never will be; waiting: not yet.
CREATE OR REPLACE FUNCTION vapisync.reference_state(id bigint) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN NOT vapisync.is_wanted(id) OR r.last_error IS NOT NULL AND (r.live_version = 0 OR r.remote_id IS NULL) THEN 'gone'
    WHEN r.remote_id IS NOT NULL AND (r.live_version = r.desired_version OR r.last_error IS NOT NULL)
      AND r.account_id IS NOT DISTINCT FROM coalesce(vapisync.org_account(r.org_id), r.account_id) THEN 'ready'
    ELSE 'waiting' END
  FROM vapisync.resources r WHERE r.resource_id = id
$$;

-- Will this resource, whose live document refers to the other one, let go of it? Not while it is blocked, nor when it
-- is at rest and wants it still: a rollback may take away what an innocent save refers to.
CREATE OR REPLACE FUNCTION vapisync.lets_go(id bigint, target bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT r.last_error IS NULL AND (NOT f.in_desired OR EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = id))
  FROM vapisync.resources r JOIN vapisync.resource_refs f ON f.resource_id = id AND f.refers_to = target
  WHERE r.resource_id = id
$$;

-- Does this resource still wait for another one?
CREATE OR REPLACE FUNCTION vapisync.waits_for_others(id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM vapisync.resource_refs f
                 WHERE f.resource_id = id AND f.in_desired AND vapisync.reference_state(f.refers_to) = 'waiting')
    OR EXISTS (SELECT FROM vapisync.resource_refs f
               WHERE f.refers_to = id AND f.in_live AND vapisync.lets_go(f.resource_id, id) AND NOT vapisync.is_wanted(id))
$$;

-- The object of a resource is another one now: whatever refers to it is looked at again. False, and nothing done:
-- a dependent is locked, or is itself being settled in the same batch; try again.
CREATE OR REPLACE FUNCTION vapisync.touch_dependents(id bigint, batch bigint[]) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  dependents bigint[] := ARRAY(SELECT f.resource_id FROM vapisync.resource_refs f
                               WHERE f.refers_to = id AND (f.in_desired OR f.in_live) ORDER BY f.resource_id);
  locked bigint;
BEGIN
  PERFORM FROM vapisync.resources r WHERE r.resource_id = ANY (dependents) ORDER BY r.resource_id FOR UPDATE SKIP LOCKED;
  GET DIAGNOSTICS locked = ROW_COUNT;
  IF dependents && batch OR locked < cardinality(dependents) THEN
    RETURN false;
  END IF;
  UPDATE vapisync.resources r SET generation = r.generation + 1, last_error = NULL
  WHERE r.resource_id = ANY (dependents);
  PERFORM vapisync.ensure_work(r.org_id, r.kind, r.resource_id, r.remote_id IS NOT NULL)
  FROM vapisync.resources r WHERE r.resource_id = ANY (dependents);
  RETURN true;
END
$$;

CREATE OR REPLACE FUNCTION vapisync.is_linked(id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM vapisync.resource_refs f WHERE f.refers_to = id)
    OR EXISTS (SELECT FROM vapisync.resource_refs f WHERE f.resource_id = id)
$$;
