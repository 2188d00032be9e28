"""The rows of the table, and how large each is."""

import dataclasses
import functools
import typing

import coalescing
import drain
import growth
import horizon
import idle
import latency
import realistic
import writers


@dataclasses.dataclass(frozen=True)
class Sizes:
    repeats: int = 3
    ceiling_s: int = 2
    ceiling_rows: int = 40_000
    settle_s: float = 1.0  # a daemon that just started has not yet come to rest
    drain_resources: int = 20_000
    latency_saves: int = 500
    backlog: int = 200_000
    writers_rows: int = 10_000
    writers_s: int = 10
    coalescing_s: int = 10
    realistic_orgs: int = 2_000
    idle_s: int = 60
    growth_due: tuple = (10_000, 100_000, 1_000_000)
    growth_history: int = 10_000_000
    growth_s: float = 10.0


QUICK = Sizes(repeats=1, ceiling_s=1, ceiling_rows=4_000, settle_s=0.5, drain_resources=2_000, latency_saves=50,
              backlog=5_000, writers_rows=1_000, writers_s=1, coalescing_s=2, realistic_orgs=50, idle_s=5,
              growth_due=(500, 1_000, 2_000), growth_history=10_000, growth_s=2.0)


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    what: str
    prepare: typing.Callable
    run: typing.Callable
    full_only: bool = False
    with_ceilings: bool = False


def _growth(orgs):
    return Row(f"growth-{orgs}", f"drain and claims, long history, number of orgs: {orgs:,}",
               functools.partial(growth.prepare, orgs=orgs), growth.run, full_only=True, with_ceilings=True)


ROWS = [
    Row("drain", "due updates of distinct resources", drain.prepare, drain.run, with_ceilings=True),
    Row("latency", "commit to request, otherwise idle", latency.prepare, latency.run),
    Row("latency-backlog", "commit to request, behind another org's backlog",
        latency.prepare, latency.run_behind_backlog),
    Row("writers", "transactions with a save in them, against without", writers.prepare, writers.run),
    Row("coalescing", "calls that a storm of edits costs", coalescing.prepare, coalescing.run),
    Row("horizon", "beside a session that holds an old snapshot", horizon.prepare, horizon.run, with_ceilings=True),
    Row("realistic", "a key for each org, slow answers, 1 request/s", realistic.prepare, realistic.run),
    Row("idle", "nothing to do", idle.prepare, idle.run),
    _growth(1), _growth(1_000), _growth(100_000),
]
