-- Touches what a database that came back must look at again, a few at a time so that saves go first.
-- What a paused org has to do is not done, and must not take the place of others.
-- $1 how many may be due on one credential
WITH credentials AS (
  SELECT DISTINCT o.credential_id FROM vapisync.orgs o
   WHERE o.paused_at IS NULL AND EXISTS (SELECT FROM vapisync.resync l WHERE l.org_id = o.org_id)
), room AS (
  SELECT c.credential_id, $1 - (
      SELECT count(*) FROM (
        SELECT FROM vapisync.orgs o JOIN vapisync.work w ON w.org_id = o.org_id
         WHERE o.credential_id IS NOT DISTINCT FROM c.credential_id
           AND o.paused_at IS NULL AND w.due_at <= now()
         LIMIT $1) due) AS free
    FROM credentials c
), chosen AS (
  SELECT x.resource_id, x.since
    FROM room m, LATERAL (
      SELECT l.resource_id, l.since FROM vapisync.orgs o JOIN vapisync.resync l ON l.org_id = o.org_id
       WHERE o.credential_id IS NOT DISTINCT FROM m.credential_id AND o.paused_at IS NULL
       LIMIT m.free) x
), locked AS MATERIALIZED (
  -- What a writer holds is left for the next time.
  SELECT r.*, c.since
    FROM (SELECT * FROM chosen ORDER BY resource_id) c,
         LATERAL (SELECT x.resource_id, x.org_id, x.kind, x.remote_id FROM vapisync.resources x
                   WHERE x.resource_id = c.resource_id FOR UPDATE SKIP LOCKED) r
), touched AS (
  UPDATE vapisync.resources r SET generation = r.generation + 1, last_error = NULL
    FROM locked t WHERE r.resource_id = t.resource_id
), due AS (
  INSERT INTO vapisync.work AS w (resource_id, org_id, kind, due_at, open_until)
  SELECT resource_id, org_id, kind, now(), CASE WHEN remote_id IS NULL THEN since END FROM locked
  ON CONFLICT (resource_id) DO UPDATE
     SET open_until = greatest(w.open_until, excluded.open_until),
         due_at = CASE WHEN w.leased_until > now() THEN w.due_at
                       ELSE least(w.due_at, excluded.due_at) END,
         attempts = 0
), done AS (
  DELETE FROM vapisync.resync l USING locked t WHERE l.resource_id = t.resource_id
)
SELECT (SELECT count(*) FROM locked) AS touched, EXISTS (SELECT FROM vapisync.resync) AS listed
