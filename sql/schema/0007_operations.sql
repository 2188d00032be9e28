-- What operators did that leaves no other trace; a replay and a rollback are saves, with an actor of their own.
CREATE TABLE vapisync.operations (
  operation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  org_id text,
  details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX operations_org ON vapisync.operations (org_id, operation_id);

-- Whatever Vapi refused and nobody has mended yet. Only a refusal moves an error, so other updates stay HOT.
CREATE INDEX resources_blocked ON vapisync.resources (resource_id) WHERE last_error IS NOT NULL;

-- History before this moment may be gone: what failed earlier can no longer be undone.
ALTER TABLE vapisync.meta ADD COLUMN pruned_before timestamptz NOT NULL DEFAULT '-infinity';

-- Replaced by others with more parameters (functions/60_save, 64_fold): beside those, calls would be ambiguous.
DROP FUNCTION IF EXISTS vapisync.begin_save(uuid, text, text, jsonb[], text);
DROP FUNCTION IF EXISTS vapisync.write_save(text, text, jsonb, text, text);
DROP FUNCTION IF EXISTS vapisync.fold_base(bigint, bigint, uuid[]);
