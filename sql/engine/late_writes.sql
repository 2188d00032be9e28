-- Writes that were sent under claims that are others' by now, as a process does that was stopped
-- between its last look at the lease and the first byte. What they did is found by looking again: the
-- resource is touched, what they carried counts as sent, and they stay open until W has passed.
-- Repeating it does no harm. What a writer holds is left out and tried again. $1 reports (json array), $2 W: how long a lost request may still land (ms)
WITH late AS (
  SELECT * FROM json_to_recordset($1::json) AS i (
    resource_id bigint, kind text, remote_id text, account_id text, wrote_keys text[],
    wrote_marker text)
), held AS MATERIALIZED (
  SELECT l.*, r.org_id, r.remote_id AS id_now, r.account_id AS account_now
    FROM (SELECT * FROM late ORDER BY resource_id) l,
         LATERAL (SELECT x.org_id, x.remote_id, x.account_id
                    FROM vapisync.resources x WHERE x.resource_id = l.resource_id
                     FOR UPDATE SKIP LOCKED) r
), touched AS (
  UPDATE vapisync.resources r
     SET generation = r.generation + 1,
         sent_keys = vapisync.merge_keys(r.sent_keys, h.wrote_keys)
    FROM held h WHERE r.resource_id = h.resource_id
), work_opened AS (
  INSERT INTO vapisync.work AS w (resource_id, org_id, kind, due_at, open_until)
  SELECT h.resource_id, h.org_id, h.kind, now(), now() FROM held h
  ON CONFLICT (resource_id) DO UPDATE
     SET open_until = greatest(w.open_until, now()),
         due_at = CASE WHEN w.leased_until > now() THEN w.due_at ELSE least(w.due_at, now()) END
), leftovers_listed AS (
  -- What such a create made; what the resource turns out to hold is none.
  INSERT INTO vapisync.leftovers (account_id, kind, remote_id, marker, resource_id, reason, due_at)
  SELECT coalesce(h.account_id, h.account_now, ''), h.kind, h.remote_id, h.wrote_marker, h.resource_id, 'late_create',
         vapisync.leftover_due('late_create', $2)
    FROM held h
   WHERE h.wrote_marker IS NOT NULL AND (h.id_now IS NULL OR h.remote_id IS DISTINCT FROM h.id_now)
  ON CONFLICT (account_id, kind, object) DO NOTHING
)
SELECT resource_id FROM held
