"""What an application's transactions keep of their rate when each also saves a resource."""

import backlog
import pgbench

CLIENTS = 8

PLAIN = """\\set n random(1, {rows})
BEGIN;
UPDATE bench.app SET value = value + 1 WHERE id = :n;
COMMIT;
"""
# An application knows its org and role; a function that computes them would be planned in every transaction.
SAVING = """\\set n random(1, {rows})
BEGIN;
UPDATE bench.app SET value = value + 1 WHERE id = :n;
SELECT vapisync.put_resource('org-' || (:n + 1) / 2, 'assistant',
  CASE :n % 2 WHEN 1 THEN 'inbound' ELSE 'outbound' END, '{document}', gen_random_uuid()::text);
COMMIT;
"""


def prepare(stage):
    rows = stage.sizes.writers_rows
    stage.database.execute("CREATE TABLE bench.app (id bigint PRIMARY KEY, value bigint) WITH (fillfactor = 70);"
                           "INSERT INTO bench.app SELECT n, 0 FROM generate_series(1, %s) n", [rows])
    stage.create_all(rows)
    backlog.prepare(stage)


def run(stage, _round):
    """The ratio without a daemon, with one that has only these saves to do, and with one that has a backlog."""
    database = stage.database
    figures = _compare(stage, "absent")
    with stage.daemon():
        database.await_converged()
        figures.update(_compare(stage, "idle"))
        database.await_converged()
    with backlog.made(database) as left, stage.daemon():
        figures.update(_compare(stage, "busy"))
        figures["backlog_left"] = left()
        database.await_converged(but_org=backlog.ORG)
    return figures


def _compare(stage, daemon):
    sizes = stage.sizes
    document = stage.database.value("SELECT bench.document(1, 1)::text")
    plain, saving = (pgbench.run(stage.database.url, script.format(rows=sizes.writers_rows, document=document),
                                 CLIENTS, seconds=sizes.writers_s) for script in (PLAIN, SAVING))
    return {f"{daemon}_plain_tps": plain, f"{daemon}_saving_tps": saving, f"{daemon}_kept": saving / plain}
