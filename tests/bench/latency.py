"""From the commit of a save to its request's arrival at Vapi, one save every 20 ms."""

import time

import backlog
from figures import percentiles

PACE_S = 0.020


def prepare(stage):
    """Resources to save one by one, and another org with many that can be made due at once."""
    stage.create_all(stage.sizes.latency_saves)
    backlog.prepare(stage)


def _save_paced(stage, round):
    """The paths by which the saves' requests will come, each with the time its commit was answered."""
    committed = {}
    paths = dict(stage.database.execute(
        "SELECT n, '/assistant/' || remote_id FROM generate_series(1, %s) n"
        " JOIN vapisync.resources ON org_id = bench.org(n) AND key = bench.role(n)", [stage.sizes.latency_saves]))
    begin = time.monotonic()
    for n in sorted(paths):
        time.sleep(max(0, begin + n * PACE_S - time.monotonic()))
        stage.database.execute("SELECT bench.save(%s, %s)", [n, round])
        committed[paths[n]] = time.time()
    return committed


def run(stage, round):
    """With nothing else to do."""
    mark = stage.sink.mark()
    with stage.daemon():
        stage.database.await_converged()
        time.sleep(stage.sizes.settle_s)
        committed = _save_paced(stage, round)
        stage.database.await_converged()
    return _figures(stage, mark, committed)


def run_behind_backlog(stage, round):
    """While the daemon has more of another org's work than it can do."""
    mark = stage.sink.mark()
    with backlog.made(stage.database) as left, stage.daemon():
        time.sleep(stage.sizes.settle_s)
        committed = _save_paced(stage, round)
        figures = {"backlog_left": left()}
        stage.database.await_converged(but_org=backlog.ORG)
    return {**_figures(stage, mark, committed), **figures}


def _figures(stage, mark, committed):
    arrived = {}
    for arrival in stage.sink.arrivals(mark):
        arrived.setdefault(arrival.path, arrival.at)
    ms = [(arrived[path] - at) * 1e3 for path, at in committed.items()]
    return {f"{name}_ms": value for name, value in percentiles(ms).items()}
