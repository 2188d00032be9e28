"""Calls that a storm of edits costs, when each call takes a while."""

import pgbench

AGENTS = 50
EDITS_PER_AGENT_S = 100
CLIENTS = 8

EDIT = f"\\set n random(1, {AGENTS})\n" + """SELECT vapisync.save_agents(bench.org(:n), gen_random_uuid()::text,
  jsonb_build_object(bench.role(:n), jsonb_build_object('firstMessage', clock_timestamp()::text)));
"""


def prepare(stage):
    stage.create_all(AGENTS)


def run(stage, _round):
    seconds = stage.sizes.coalescing_s
    mark = stage.sink.mark()
    before = stage.database.value("SELECT count(*) FROM vapisync.outbox")
    with stage.daemon(vapi=stage.sink.slow_url):
        stage.database.await_converged()
        pgbench.run(stage.database.url, EDIT, CLIENTS, seconds=seconds, rate=AGENTS * EDITS_PER_AGENT_S)
        ended = stage.database.await_converged()
    last = float(stage.database.value("SELECT extract(epoch FROM max(created_at)) FROM vapisync.outbox"))
    edits = stage.database.value("SELECT count(*) FROM vapisync.outbox") - before
    return {
        "edits_per_agent_s": edits / AGENTS / seconds,
        "calls_per_agent": len(stage.sink.arrivals(mark)) / AGENTS,
        "fewest_possible": seconds / stage.sink.slow_s,
        "converged_after_ms": (ended - last) * 1e3,
    }
