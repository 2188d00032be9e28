-- One change of a save, with what the outbox logs of it: checked, and ready to be written. `place` is where the caller
-- named it, for errors.
CREATE TYPE vapisync.change AS (place bigint, kind text, key text, op text, ask json, payload json);

-- Replaced by others, which take typed values (functions/60_save, 88_metrics).
DROP FUNCTION IF EXISTS vapisync.append_version(bigint, uuid, jsonb, text);
DROP FUNCTION IF EXISTS vapisync.begin_save(uuid, text, text, text, text, integer, text, text);
DROP FUNCTION IF EXISTS vapisync.check_dollars(jsonb[], bigint[], text);
DROP FUNCTION IF EXISTS vapisync.check_deletable(bigint, jsonb, text);
DROP FUNCTION IF EXISTS vapisync.check_links(text, bigint[], jsonb[], bigint[], text);
DROP FUNCTION IF EXISTS vapisync.tier_of(jsonb);
