-- Which database this is, so that a restored or cloned one is known before anything is sent from it. The
-- server's identifier alone does not tell a copy within the same server: the database's own number does.
ALTER TABLE vapisync.meta ADD COLUMN database_oid oid;
UPDATE vapisync.meta
SET database_oid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database());
ALTER TABLE vapisync.meta ALTER COLUMN database_oid SET NOT NULL;

-- What a database that came back must still look at. Listing takes no lock that a writer holds; from then on
-- a resource without an id counts as an open create, whether it was touched yet or not.
CREATE TABLE vapisync.resync (
  resource_id bigint PRIMARY KEY,
  org_id text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX resync_org ON vapisync.resync (org_id, resource_id);
