-- Remote objects that we know of and may not keep. Those that are surely ours, and nobody's any more, get deleted;
-- the others are only listed, with no `due_at`.

-- duplicate: made by another of our creates than the object that is kept. replaced: a newer object took its place.
-- late_create: a create that was sent under a lost claim, which may land until W has passed. open_create: one whose
-- answer was lost, when another object was taken for what it made. And a new object may not be readable before, so that
-- a look could take it for gone.
CREATE OR REPLACE FUNCTION vapisync.leftover_due(reason text, late_window_ms bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN reason IN ('duplicate', 'replaced', 'late_create', 'open_create')
              THEN now() + late_window_ms * interval '1 millisecond' END
$$;

-- By which key the account of a leftover can be reached now: the org's, or the platform's; null: by none.
CREATE OR REPLACE FUNCTION vapisync.leftover_credential(leftover vapisync.leftovers) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT c.credential_id
  FROM vapisync.resources r, vapisync.orgs o, LATERAL (
    SELECT x.* FROM vapisync.credentials x
    WHERE x.credential_id = ANY (ARRAY[vapisync.org_credential(r.org_id),
                                       (SELECT p.credential_id FROM vapisync.credentials p WHERE p.platform)])) c
  WHERE r.resource_id = leftover.resource_id AND o.org_id = r.org_id AND o.paused_at IS NULL
    AND (c.account_id = leftover.account_id
         OR leftover.account_id = '' AND c.credential_id = vapisync.org_credential(r.org_id))
    AND coalesce(c.paused_until <= now(), true)
  LIMIT 1
$$;

-- Nothing goes before its resource is at rest, with an object of its own or deleted, while any resource holds it, or
-- before whatever refers to it has let go; nor while a restored database has not looked at everything.
CREATE OR REPLACE FUNCTION vapisync.leftover_may_go(leftover vapisync.leftovers) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM vapisync.resources r
    WHERE r.resource_id = leftover.resource_id AND r.origin = 'created' AND r.last_error IS NULL
      AND r.live_version = r.desired_version
      AND (leftover.remote_id IS NULL OR r.remote_id IS DISTINCT FROM leftover.remote_id))
    AND NOT EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = leftover.resource_id)
    AND NOT EXISTS (SELECT FROM vapisync.resources h
                    WHERE h.account_id = leftover.account_id AND h.remote_id = leftover.remote_id)
    AND NOT EXISTS (SELECT FROM vapisync.resource_refs f JOIN vapisync.resources d ON d.resource_id = f.resource_id
                    WHERE f.refers_to = leftover.resource_id AND f.in_live
                      AND (d.live_version <> d.desired_version OR d.last_error IS NOT NULL
                           OR EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = d.resource_id)))
    AND NOT EXISTS (SELECT FROM vapisync.resync)
$$;
