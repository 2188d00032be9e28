-- An operator stops an org, lets it go on, or has something tried now.

-- What a paused org saves is kept and not sent; calls under way end. `changed` is false when it was so already.
CREATE OR REPLACE FUNCTION vapisync.pause_org(org_id text, paused boolean, reason text, actor text) RETURNS jsonb
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  before vapisync.orgs;
BEGIN
  SELECT * INTO before FROM vapisync.orgs o WHERE o.org_id = pause_org.org_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM vapisync.refuse_operation('PT404', format('no org %s is known', quote_literal(pause_org.org_id)),
      'It appears with its first save, or with vapisync workspace set.');
  END IF;
  IF (before.paused_at IS NOT NULL) <> paused THEN
    UPDATE vapisync.orgs o
    SET paused_at = CASE WHEN paused THEN now() END, paused_reason = CASE WHEN paused THEN pause_org.reason END
    WHERE o.org_id = pause_org.org_id;
    PERFORM vapisync.note_operation(actor, CASE WHEN paused THEN 'pause' ELSE 'resume' END, pause_org.org_id,
      jsonb_strip_nulls(jsonb_build_object('reason', pause_org.reason)));
    PERFORM pg_notify('vapisync', '') WHERE NOT paused;
  END IF;
  RETURN jsonb_build_object('org', pause_org.org_id, 'paused', paused,
    'changed', (before.paused_at IS NOT NULL) <> paused,
    'waiting', (SELECT count(*) FROM vapisync.work w WHERE w.org_id = pause_org.org_id));
END
$$;

-- Touches what waits or is blocked, a batch of resources after `after`; null fits every org, kind and key. What is
-- being sent just now, and what a writer holds, is left alone. A dry run only counts.
CREATE OR REPLACE FUNCTION vapisync.retry(
  org_id text, kind text, key text, after bigint, batch integer, dry_run boolean, actor text) RETURNS jsonb
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found bigint[] := ARRAY(
    SELECT c.resource_id FROM (
      (SELECT w.resource_id FROM vapisync.work w JOIN vapisync.resources r USING (resource_id)
       WHERE w.resource_id > retry.after AND w.leased_until <= now()
         AND (retry.org_id IS NULL OR w.org_id = retry.org_id)
         AND (retry.kind IS NULL OR r.kind = retry.kind) AND (retry.key IS NULL OR r.key = retry.key)
       ORDER BY w.resource_id LIMIT batch)
      UNION
      (SELECT r.resource_id FROM vapisync.resources r
       WHERE r.resource_id > retry.after AND r.last_error IS NOT NULL
         AND (retry.org_id IS NULL OR r.org_id = retry.org_id)
         AND (retry.kind IS NULL OR r.kind = retry.kind) AND (retry.key IS NULL OR r.key = retry.key)
         AND NOT EXISTS (SELECT FROM vapisync.work w WHERE w.resource_id = r.resource_id AND w.leased_until > now())
       ORDER BY r.resource_id LIMIT batch)) c
    ORDER BY c.resource_id LIMIT batch);
  touched bigint[];
BEGIN
  IF NOT dry_run THEN
    touched := ARRAY(SELECT r.resource_id FROM vapisync.resources r WHERE r.resource_id = ANY (found)
                     ORDER BY r.resource_id FOR UPDATE SKIP LOCKED);
    UPDATE vapisync.resources r SET generation = r.generation + 1, last_error = NULL
    WHERE r.resource_id = ANY (touched);
    PERFORM vapisync.ensure_work(r.org_id, r.kind, r.resource_id, r.remote_id IS NOT NULL)
    FROM vapisync.resources r WHERE r.resource_id = ANY (touched) ORDER BY r.resource_id;
    IF touched <> '{}' THEN
      PERFORM vapisync.note_operation(actor, 'retry', retry.org_id, jsonb_strip_nulls(jsonb_build_object(
        'kind', retry.kind, 'key', retry.key, 'resources', cardinality(touched))));
      PERFORM pg_notify('vapisync', '');
    END IF;
  END IF;
  RETURN jsonb_build_object('found', cardinality(found), 'touched', coalesce(cardinality(touched), 0),
    'next', CASE WHEN cardinality(found) = batch THEN found[batch] END);
END
$$;

-- Has a paused Vapi key tried again now, and not only when its pause ends. Null: every key. One that waits for
-- somebody to look at its account is not meant (resume_credential).
CREATE OR REPLACE FUNCTION vapisync.end_pauses(org_id text, actor text) RETURNS integer
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ended integer;
BEGIN
  UPDATE vapisync.credentials c
  SET state = 'active', paused_reason = NULL, paused_until = NULL, next_probe_at = NULL
  WHERE c.state = 'paused' AND c.paused_until IS DISTINCT FROM 'infinity'
    AND (end_pauses.org_id IS NULL
         OR c.credential_id = (SELECT o.credential_id FROM vapisync.orgs o WHERE o.org_id = end_pauses.org_id));
  GET DIAGNOSTICS ended = ROW_COUNT;
  PERFORM vapisync.note_operation(actor, 'end_pauses', end_pauses.org_id, jsonb_build_object('keys', ended))
  WHERE ended > 0;
  PERFORM pg_notify('vapisync', '') WHERE ended > 0;
  RETURN ended;
END
$$;
