-- Wants an earlier version again: a new version with its document. Whatever was wanted in between is history.
-- `status`: wanted; would_want (a dry run); same: that document is wanted already.
CREATE OR REPLACE FUNCTION vapisync.rollback_to(
  org_id text, kind text, key text, version bigint, dry_run boolean, actor text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  resource vapisync.resources := vapisync.known_resource(org_id, kind, key);
  name text := rollback_to.kind || '/' || rollback_to.key;
  target jsonb;
  wanted jsonb;
  request_id text;
  status text;
BEGIN
  IF NOT dry_run THEN
    SELECT * INTO resource FROM vapisync.resources r WHERE r.resource_id = resource.resource_id FOR UPDATE;
  END IF;
  SELECT o.payload::jsonb INTO target FROM vapisync.outbox o
  WHERE o.resource_id = resource.resource_id AND o.version = rollback_to.version;
  IF NOT FOUND THEN
    PERFORM vapisync.refuse_operation('PT404', format('%s has no version %s', name, version),
      'It never was, or it is pruned: see vapisync history.');
  ELSIF target IS NULL THEN
    PERFORM vapisync.refuse_operation('PT409', format('version %s of %s is a delete', version, name),
      'Delete it with vapisync.delete_resource.');
  END IF;
  SELECT o.payload::jsonb INTO wanted FROM vapisync.outbox o
  WHERE o.resource_id = resource.resource_id AND o.version = resource.desired_version;
  status := CASE WHEN wanted IS NOT DISTINCT FROM target THEN 'same' WHEN dry_run THEN 'would_want' ELSE 'wanted' END;
  IF status = 'wanted' THEN
    request_id := format('rollback-%s-to-%s',
      vapisync.entry_id(resource.resource_id, resource.desired_version), version);
    PERFORM vapisync.write_save(resource.org_id, request_id,
      jsonb_build_array(jsonb_build_object('kind', resource.kind, 'key', resource.key, 'payload', target)),
      'rollback', 'resource', 'revert', actor);
  END IF;
  RETURN jsonb_build_object('org', resource.org_id, 'resource', name, 'to', version, 'status', status,
    'from', resource.desired_version, 'requestId', request_id,
    'entryId', CASE status WHEN 'wanted' THEN vapisync.entry_id(resource.resource_id, resource.desired_version + 1) END,
    'differences', vapisync.differences(wanted, target));
END
$$;
