-- One fact is stored once. The queue is `work`; `outbox` is the log of what was wanted and is never updated.

CREATE TABLE vapisync.meta (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  installation_id uuid NOT NULL DEFAULT gen_random_uuid(),
  system_identifier bigint NOT NULL,
  timeline integer NOT NULL,
  schema_version integer NOT NULL DEFAULT 0,
  -- The lowest schema version that a binary must know to work with this schema.
  min_binary integer NOT NULL DEFAULT 0,
  -- Where the org stands in a JWT. Users can edit their user_metadata, so it can never be there.
  org_claim_path text NOT NULL DEFAULT 'app_metadata.org_id'
    CHECK (org_claim_path <> '' AND NOT 'user_metadata' = ANY (string_to_array(org_claim_path, '.')))
);

INSERT INTO vapisync.meta (system_identifier, timeline)
SELECT s.system_identifier, c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c;

CREATE TABLE vapisync.credentials (
  credential_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text,
  base_url text NOT NULL,
  key_sealed text,
  fingerprint text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
  paused_reason text,
  paused_until timestamptz,
  next_probe_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE vapisync.orgs (
  org_id text PRIMARY KEY CHECK (char_length(org_id) BETWEEN 1 AND 200),
  credential_id bigint REFERENCES vapisync.credentials,
  paused_at timestamptz,
  paused_reason text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX orgs_credential ON vapisync.orgs (credential_id);

CREATE TABLE vapisync.integrations (
  org_id text PRIMARY KEY REFERENCES vapisync.orgs,
  account_sid text,
  auth_token_sealed text,
  phone_number text,
  state text NOT NULL DEFAULT 'unchecked' CHECK (state IN ('unchecked', 'active', 'failed')),
  checked_at timestamptz,
  check_error jsonb
);

CREATE TABLE vapisync.resources (
  resource_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id text NOT NULL REFERENCES vapisync.orgs,
  kind text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
  desired_version bigint NOT NULL DEFAULT 0,
  settled_version bigint NOT NULL DEFAULT 0,
  live_version bigint NOT NULL DEFAULT 0,
  generation bigint NOT NULL DEFAULT 0,
  remote_id text,
  account_id text,
  -- Which of our creates made the remote object: the `a` of its marker.
  marker text,
  origin text NOT NULL DEFAULT 'created' CHECK (origin IN ('created', 'adopted')),
  last_synced_at timestamptz,
  live_hash text,
  sent_keys text[] NOT NULL DEFAULT '{}',
  last_error jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (org_id, kind, key),
  CHECK (settled_version <= desired_version AND live_version <= desired_version)
) WITH (fillfactor = 70);  -- room for HOT updates: versions move, the indexed columns do not
-- Two resources can never hold one remote object.
CREATE UNIQUE INDEX resources_remote ON vapisync.resources (account_id, remote_id)
  WHERE remote_id IS NOT NULL;

-- One narrow row for a resource that needs something, gone when it needs nothing.
CREATE TABLE vapisync.work (
  resource_id bigint PRIMARY KEY REFERENCES vapisync.resources,
  org_id text NOT NULL,
  kind text NOT NULL,
  due_at timestamptz NOT NULL,
  leased_until timestamptz NOT NULL DEFAULT '-infinity',
  token bigint NOT NULL DEFAULT 0,
  claimed_by text,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  open_until timestamptz  -- null: no request is open
) WITH (
  fillfactor = 60,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 10000,
  autovacuum_vacuum_cost_delay = 0,
  -- ANALYZE must never see a queue table while it is empty: the plans collapse.
  autovacuum_analyze_threshold = 2000000000
);
CREATE INDEX work_due ON vapisync.work (org_id, due_at);

CREATE TABLE vapisync.saves (
  save_id uuid PRIMARY KEY,
  org_id text NOT NULL,
  request_id text NOT NULL CHECK (char_length(request_id) BETWEEN 1 AND 200),
  content_hash bytea NOT NULL,
  actor text,
  on_reject text NOT NULL CHECK (on_reject IN ('rollback', 'hold')),
  state text NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'rolling_back', 'synced', 'superseded', 'rolled_back', 'failed')),
  open_count integer NOT NULL CHECK (open_count >= 0),
  worst smallint NOT NULL DEFAULT 0 CHECK (worst BETWEEN 0 AND 2),  -- superseded, synced, failed
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz
) WITH (fillfactor = 85);

CREATE TABLE vapisync.outbox (
  resource_id bigint NOT NULL REFERENCES vapisync.resources,
  version bigint NOT NULL CHECK (version > 0),
  save_id uuid REFERENCES vapisync.saves,  -- null: a version that no save asked for
  org_id text NOT NULL,
  op text NOT NULL CHECK (op IN ('upsert', 'delete')),
  cause text NOT NULL DEFAULT 'save'
    CHECK (cause IN ('save', 'rollback', 'replay', 'import', 'revert')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ask json COMPRESSION lz4,  -- null: the payload is the ask
  payload json COMPRESSION lz4,
  PRIMARY KEY (resource_id, version),
  CHECK ((op = 'delete') = (payload IS NULL))
);
CREATE INDEX outbox_save ON vapisync.outbox (save_id);

-- No foreign key: it would cost a third of the insert, which is on the daemon's hot path.
CREATE TABLE vapisync.outcomes (
  resource_id bigint NOT NULL,
  version bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('synced', 'failed', 'rolled_back')),
  error jsonb,
  warnings jsonb,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (resource_id, version)
);
CREATE INDEX outcomes_unhappy ON vapisync.outcomes (finished_at) WHERE state <> 'synced';

-- Calls that did not succeed, for history and for people.
CREATE TABLE vapisync.attempts (
  resource_id bigint NOT NULL,
  version bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  phase text NOT NULL,
  status integer,
  code text,
  message text,
  ms integer,
  daemon text
);
CREATE INDEX attempts_entry ON vapisync.attempts (resource_id, version, at);

CREATE TABLE vapisync.resource_refs (
  resource_id bigint NOT NULL REFERENCES vapisync.resources,
  refers_to bigint NOT NULL REFERENCES vapisync.resources,
  in_desired boolean NOT NULL DEFAULT false,
  in_live boolean NOT NULL DEFAULT false,
  PRIMARY KEY (resource_id, refers_to)
);
CREATE INDEX resource_refs_target ON vapisync.resource_refs (refers_to);

CREATE TABLE vapisync.agent_defaults (
  role text PRIMARY KEY,
  document jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object')
);

CREATE TABLE vapisync.daemons (
  daemon_id text PRIMARY KEY,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  version text NOT NULL
);

CREATE TABLE vapisync.leftovers (
  account_id text NOT NULL,
  kind text NOT NULL,
  remote_id text,
  marker text,
  object text GENERATED ALWAYS AS (coalesce(remote_id, marker)) STORED,
  resource_id bigint,
  reason text NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz,
  PRIMARY KEY (account_id, kind, object)
);

-- Claim tokens need to be unique, not ordered.
CREATE SEQUENCE vapisync.token_seq AS bigint CACHE 50;
-- The doorbell: the epoch milliseconds until which a sleeping daemon wants to be woken.
CREATE SEQUENCE vapisync.bell AS bigint MINVALUE 0 START 0;
