"""How fast due updates of distinct resources reach Vapi and are recorded, and what each costs."""

import time


def prepare(stage):
    stage.create_all(stage.sizes.drain_resources)


def run(stage, round):
    """From the daemon's start to the last recorded outcome."""
    count = stage.sizes.drain_resources
    database = stage.database
    database.execute("CHECKPOINT")  # before the saves: what they touch is logged whole once, by them
    stage.save_all(count, round)
    mark = stage.sink.mark()
    database.forget_statements()
    wal, commits, cpu = database.wal_bytes(), database.commits(), database.cpu_seconds()
    with stage.daemon() as daemon:
        ended = database.await_converged()
        figures = {
            "daemon_cpu_us": daemon.cpu_seconds() * 1e6 / count,
            "postgres_cpu_us": (database.cpu_seconds() - cpu) * 1e6 / count,
            "wal_bytes": (database.wal_bytes() - wal) / count,
            "rss_mb": daemon.rss_max_bytes() / 1e6,
        }
        statements = database.statements()
    time.sleep(0.1)  # the daemon's backends report as they end
    figures["commits"] = (database.commits() - commits) / count
    arrivals = stage.sink.arrivals(mark)
    if len(arrivals) != count or daemon.complaints():
        raise RuntimeError(f"{len(arrivals)} requests for {count} resources, {daemon.complaints()[:3]}")
    figures["per_s"] = count / (ended - daemon.started)
    figures["per_s_from_first_request"] = count / (ended - arrivals[0].at)
    figures["first_request_ms"] = (arrivals[0].at - daemon.started) * 1e3
    return {**figures, "statements": statements}
