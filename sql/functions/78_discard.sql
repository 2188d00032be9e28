-- Gives up what a failed save asked: it is rolled back after all, as if it had not held.

-- What each of its resources would be without it.
CREATE OR REPLACE FUNCTION vapisync.without_save(id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('entryId', vapisync.entry_id(o.resource_id, o.version),
    'resource', r.kind || '/' || r.key, 'deletes', f.document IS NULL,
    'differences', vapisync.differences(w.payload::jsonb, f.document)) ORDER BY r.kind, r.key), '[]')
  FROM vapisync.outbox o
  JOIN vapisync.resources r ON r.resource_id = o.resource_id
  JOIN vapisync.outbox w ON w.resource_id = r.resource_id AND w.version = r.desired_version,
  LATERAL (SELECT vapisync.fold(r.resource_id, r.desired_version, ARRAY[id]) AS document) f
  WHERE o.save_id = id AND o.cause <> 'rollback'
$$;

-- Discards the whole save of this entry. `status`: discarded; would_discard (a dry run); done: it is rolled back,
-- or on its way to it. Not when parts of it may be pruned.
CREATE OR REPLACE FUNCTION vapisync.discard(id bigint, version bigint, dry_run boolean, actor text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  entry vapisync.outbox := vapisync.known_entry(id, discard.version);
  save vapisync.saves;
  ids bigint[] := ARRAY(SELECT o.resource_id FROM vapisync.outbox o WHERE o.save_id = entry.save_id);
  refused record;
  changes jsonb := '[]';
  status text;
BEGIN
  IF NOT dry_run THEN
    PERFORM FROM vapisync.resources r WHERE r.resource_id = ANY (ids) ORDER BY r.resource_id FOR UPDATE;
  END IF;
  SELECT * INTO save FROM vapisync.saves s WHERE s.save_id = entry.save_id;
  status := CASE WHEN save.state IN ('rolling_back', 'rolled_back') THEN 'done'
                 WHEN dry_run THEN 'would_discard' ELSE 'discarded' END;
  IF status <> 'done' THEN
    IF save.state IS DISTINCT FROM 'failed' THEN
      PERFORM vapisync.refuse_operation('PT409',
        format('the save of entry %s is %s', vapisync.entry_id(id, version), coalesce(save.state, 'none')),
        'Only a save that failed can be discarded; vapisync rollback returns to an earlier version.');
    ELSIF save.finished_at < (SELECT m.pruned_before FROM vapisync.meta m) THEN
      PERFORM vapisync.refuse_operation('PT409', format('save %s ended so long ago that parts of it may be pruned',
        quote_literal(save.request_id)), 'Save what you want instead.');
    END IF;
    changes := vapisync.without_save(save.save_id);
  END IF;
  IF status = 'discarded' THEN
    SELECT o.resource_id, d.error INTO refused
    FROM vapisync.outbox o JOIN vapisync.outcomes d ON d.resource_id = o.resource_id AND d.version = o.version
    WHERE o.save_id = save.save_id AND d.state = 'failed' ORDER BY o.cause = 'rollback', o.resource_id LIMIT 1;
    PERFORM vapisync.undo(ARRAY[save.save_id], coalesce(refused.resource_id, id), coalesce(refused.error, save.error));
    PERFORM vapisync.note_operation(actor, 'discard', entry.org_id,
      jsonb_build_object('requestId', save.request_id, 'entryId', vapisync.entry_id(id, version)));
  END IF;
  RETURN jsonb_build_object('entryId', vapisync.entry_id(id, version), 'org', entry.org_id,
    'requestId', save.request_id, 'status', status, 'resources', changes);
END
$$;
