-- Is another transaction writing to the outbox? One that looked at the bell before it was armed is
-- seen here, since it locks the table before it looks, and keeps the lock until its commit is visible.
SELECT EXISTS (
  SELECT FROM pg_locks
   WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND relation = 'vapisync.outbox'::regclass AND pid <> pg_backend_pid())
