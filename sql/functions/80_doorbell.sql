-- NOTIFY serialises commits, so writers ring only when a sleeping daemon asked for it. A sequence is read
-- without a snapshot: a writer with an old one still sees the bell armed. The writer holds its lock on the
-- outbox by now, so a daemon that arms and then waits for such locks misses nobody.
CREATE OR REPLACE FUNCTION vapisync.ring() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('vapisync', NEW.resource_id::text);
  RETURN NULL;
END
$$;

-- Only when it is missing: creating it would wait for every open transaction that has saved something.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger
                 WHERE tgrelid = 'vapisync.outbox'::regclass AND tgname = 'ring') THEN
    CREATE TRIGGER ring AFTER INSERT ON vapisync.outbox
    FOR EACH ROW
    WHEN (pg_catalog.pg_sequence_last_value('vapisync.bell') > extract(epoch FROM clock_timestamp()) * 1000)
    EXECUTE FUNCTION vapisync.ring();
  END IF;
END
$$;
