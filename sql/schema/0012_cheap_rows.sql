-- A constraint is prepared anew for every statement, and a foreign key is one more query and lock for every row. The
-- functions that write these rows hold the row that the key looks up, and check what they write: so what is left are
-- the rules that a race would break. They held before, so nothing needs to be looked at again.
ALTER TABLE vapisync.saves
  DROP CONSTRAINT saves_check,
  ADD CONSTRAINT saves_open_count_check CHECK (open_count >= 0) NOT VALID;
ALTER TABLE vapisync.resources
  DROP CONSTRAINT resources_check,
  ADD CONSTRAINT resources_versions_check CHECK (
    settled_version <= desired_version AND live_version <= desired_version) NOT VALID;
ALTER TABLE vapisync.outbox
  DROP CONSTRAINT outbox_check, DROP CONSTRAINT outbox_resource_id_fkey, DROP CONSTRAINT outbox_save_id_fkey;
ALTER TABLE vapisync.work DROP CONSTRAINT work_attempts_check, DROP CONSTRAINT work_resource_id_fkey;
DROP FUNCTION vapisync.is_save(text, text, text, integer, smallint);
DROP FUNCTION vapisync.is_resource(text, text, bigint, bigint, bigint, text);
DROP FUNCTION vapisync.is_entry(bigint, text, text, json);

-- Made anew with its condition in the trigger itself (functions/80_doorbell).
DROP TRIGGER IF EXISTS ring ON vapisync.outbox;
