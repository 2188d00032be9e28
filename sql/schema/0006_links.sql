-- Objects that vanish in numbers pause their credential, an account may refuse our metadata, and leftovers that are
-- surely ours get deleted.
ALTER TABLE vapisync.credentials
  ADD COLUMN gone_since timestamptz,
  ADD COLUMN gone_count integer NOT NULL DEFAULT 0,
  ADD COLUMN marks_by_name boolean NOT NULL DEFAULT false,
  ADD COLUMN inventory_at timestamptz;  -- its account is to be looked through; null: it is not
CREATE INDEX leftovers_due ON vapisync.leftovers (due_at) WHERE due_at IS NOT NULL;

-- A key would make whoever records a reference wait for its target's lock. No resource is ever deleted.
ALTER TABLE vapisync.resource_refs DROP CONSTRAINT resource_refs_refers_to_fkey;

-- An older daemon would send references as they are.
UPDATE vapisync.meta SET min_binary = 6;

-- Replaced by others (functions/35_references, 60_save, 75_save_status, 85_workspace).
DROP FUNCTION IF EXISTS vapisync.dollar_path(text, jsonb);
DROP FUNCTION IF EXISTS vapisync.check_deletable(bigint, jsonb, text);
DROP FUNCTION IF EXISTS vapisync.save_members(uuid);
DROP FUNCTION IF EXISTS vapisync.restart_org(text, boolean);
