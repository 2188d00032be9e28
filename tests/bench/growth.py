"""Rate of the drain and cost of a claim, as due resources, orgs and history grow."""

import time

FILL = """
SET session_replication_role = replica;
INSERT INTO vapisync.orgs (org_id) SELECT 'org-' || n FROM generate_series(0, %(orgs)s - 1) n;
INSERT INTO vapisync.resources (org_id, kind, key, desired_version, settled_version, live_version, generation,
                                remote_id, account_id, last_synced_at, live_hash)
SELECT 'org-' || n %% %(orgs)s, 'assistant', 'agent-' || n, %(versions)s, %(versions)s, %(versions)s, %(versions)s,
       'remote-' || n, 'sink', now(), 'of another version' FROM generate_series(1, %(resources)s) n;
INSERT INTO vapisync.outbox (resource_id, version, org_id, op, payload)
SELECT r.resource_id, v, r.org_id, 'upsert', '{"name": "Agent"}'
  FROM vapisync.resources r, generate_series(1, %(versions)s) v;
INSERT INTO vapisync.outcomes (resource_id, version, state)
SELECT r.resource_id, v, 'synced' FROM vapisync.resources r, generate_series(1, %(versions)s) v;
RESET session_replication_role;
"""

MAKE_DUE = """
SET session_replication_role = replica;
WITH moved AS (
  UPDATE vapisync.resources SET desired_version = desired_version + 1, generation = generation + 1
   WHERE resource_id <= %(due)s RETURNING resource_id, org_id, desired_version
), written AS (
  INSERT INTO vapisync.outbox (resource_id, version, org_id, op, payload)
  SELECT resource_id, desired_version, org_id, 'upsert', bench.document(resource_id, desired_version) FROM moved
)
INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
SELECT resource_id, org_id, 'assistant', clock_timestamp() FROM moved;
RESET session_replication_role;
"""

# What a run did not get to is over and done with.
CLEAR = """
DELETE FROM vapisync.work;
UPDATE vapisync.resources SET settled_version = desired_version, live_version = desired_version
 WHERE settled_version < desired_version;
"""


def prepare(stage, orgs):
    resources = max(stage.sizes.growth_due)
    stage.database.execute(FILL, {"orgs": orgs, "resources": resources,
                                  "versions": stage.sizes.growth_history // resources})
    for table in ("orgs", "resources", "outbox", "outcomes"):  # `work` is never analysed
        stage.database.execute(f"VACUUM ANALYZE vapisync.{table}")


def run(stage, _round):
    figures = {}
    for due in stage.sizes.growth_due:
        for name, value in _drain_for_a_while(stage, due).items():
            figures[f"{name}_at_{due}"] = value
    return figures


def _drain_for_a_while(stage, due):
    database = stage.database
    database.execute(MAKE_DUE, {"due": due})
    database.execute("CHECKPOINT")
    database.forget_statements()
    with stage.daemon() as daemon:
        end = time.monotonic() + stage.sizes.growth_s
        while time.monotonic() < end and database.value("SELECT EXISTS (SELECT FROM vapisync.work)"):
            time.sleep(0.05)
        done, first, last = database.execute(
            "SELECT count(*), extract(epoch FROM min(finished_at)), extract(epoch FROM max(finished_at))"
            " FROM vapisync.outcomes WHERE resource_id <= %s AND finished_at > to_timestamp(%s)",
            [due, daemon.started])[0]
        claim_ms, claimed = database.execute(
            "SELECT sum(total_exec_time), sum(rows) FROM pg_stat_statements"
            " WHERE query LIKE '%FOR UPDATE SKIP LOCKED%' AND query LIKE '%SET leased_until%claimed_by%'")[0]
    database.execute(CLEAR)
    for table in ("work", "resources"):
        database.execute(f"VACUUM vapisync.{table}")
    return {"per_s": done / float(last - first), "claim_us": claim_ms * 1e3 / float(claimed)}
