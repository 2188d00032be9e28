"""Another org with more work than the daemon gets done during a measurement."""

import contextlib

ORG = "backlog"


def prepare(stage):
    stage.database.execute("CALL bench.add_backlog_org(%s)", [stage.sizes.backlog])


@contextlib.contextmanager
def made(database):
    """Gives a function that tells how much of it is left. What is left at the end is dropped."""
    database.execute("SELECT bench.make_backlog()")
    yield lambda: database.value("SELECT count(*) FROM vapisync.work WHERE org_id = %s", [ORG])
    database.execute("DELETE FROM vapisync.work WHERE org_id = %s", [ORG])
    database.execute("VACUUM vapisync.work")
