"""What a daemon costs that has nothing to do."""

import time

AGENTS = 1_000


def prepare(stage):
    stage.create_all(AGENTS)


def run(stage, _round):
    seconds = stage.sizes.idle_s
    database = stage.database
    with stage.daemon() as daemon:
        database.await_converged()
        time.sleep(stage.sizes.settle_s)
        commits, postgres, cpu = database.commits(), database.cpu_seconds(), daemon.cpu_seconds()
        wakeups = daemon.wakeups()
        time.sleep(seconds)
        minute = 60 / seconds
        return {
            "wakeups_per_min": (daemon.wakeups() - wakeups) * minute,
            # One is our own question.
            "queries_per_min": (database.commits() - commits - 1) * minute,
            "daemon_cpu_ms_per_min": (daemon.cpu_seconds() - cpu) * 1e3 * minute,
            "postgres_cpu_ms_per_min": (database.cpu_seconds() - postgres) * 1e3 * minute,
            "rss_mb": daemon.rss_max_bytes() / 1e6,
        }
