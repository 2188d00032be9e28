"""Drain and latency while another session holds an old snapshot, against the same without it."""

import contextlib

import drain
import latency


def prepare(stage):
    stage.create_all(max(stage.sizes.drain_resources, stage.sizes.latency_saves))


@contextlib.contextmanager
def held_snapshot(database):
    session = database.connect()
    with session.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM vapisync.orgs")
    yield
    session.close()


def run(stage, round):
    free = _both(stage, 4 * round)
    with held_snapshot(stage.database):
        held = _both(stage, 4 * round + 2)
    return {
        "free_per_s": free["per_s"], "held_per_s": held["per_s"], "drain_kept": held["per_s"] / free["per_s"],
        "free_p50_ms": free["p50_ms"], "held_p50_ms": held["p50_ms"],
        "latency_kept": free["p50_ms"] / held["p50_ms"],
        "held_p99_ms": held["p99_ms"],
    }


def _both(stage, round):
    return {**drain.run(stage, round), **latency.run(stage, round + 1)}
