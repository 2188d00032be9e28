"""What this machine can do at best, at this moment: a figure without it means nothing elsewhere."""

import pathlib
import re
import subprocess

import pgbench

CONNECTIONS = 64
BATCH = 200
CLAIM_AND_COMPLETE = f"""
WITH claimed AS (
  UPDATE bench.queue SET claimed_at = now()
   WHERE ctid = ANY (ARRAY(SELECT ctid FROM bench.queue WHERE claimed_at IS NULL
                            ORDER BY id LIMIT {BATCH} FOR UPDATE SKIP LOCKED))
  RETURNING id, payload)
SELECT string_agg(id::text, ',') AS ids, max(length(payload::text)) AS longest FROM claimed \\gset
DELETE FROM bench.queue WHERE id = ANY (ARRAY[:ids]::bigint[]);
"""


def http(stage):
    """Requests a second that the sink answers: the same body, made by wrk on one thread."""
    document = stage.database.value("SELECT bench.document(1, 1)::text")
    ran = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{stage.sizes.ceiling_s}s", "-s",
         pathlib.Path(__file__).with_name("wrk.lua"), stage.sink.url + "/assistant/ceiling", "--", document],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in ran or "Socket errors" in ran:
        raise RuntimeError(ran)
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", ran).group(1))


def sql(stage):
    """Rows a second through the barest queue there can be: claimed, read, and deleted, in batches."""
    rows = stage.sizes.ceiling_rows
    stage.database.execute("""
        DROP TABLE IF EXISTS bench.queue;
        CREATE TABLE bench.queue (id bigint PRIMARY KEY, claimed_at timestamptz, payload json);
        INSERT INTO bench.queue SELECT n, NULL, bench.document(n, 1) FROM generate_series(1, %s) n;
        CREATE INDEX ON bench.queue (id) WHERE claimed_at IS NULL;
        ANALYZE bench.queue""", [rows])
    clients = 2
    return BATCH * pgbench.run(stage.database.url, CLAIM_AND_COMPLETE, clients,
                               transactions=rows // BATCH // clients)


def measure(stage):
    return {"http_requests_per_s": http(stage), "sql_rows_per_s": sql(stage)}
