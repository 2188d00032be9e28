"""Many orgs with a Vapi key each, slow answers and one request a second for each key."""

import concurrent.futures
import math
import subprocess

from sandbox import Sandbox

ANSWER_MS = 800
RATE = 1
AGENTS = 2
IN_FLIGHT = {"default": 256, "raised": 4096}  # the default of engine.in_flight, and one that all fit in


def prepare(stage):
    stage.sandbox = Sandbox(stage.binary, stage.folder)
    stage.callback(stage.sandbox.stop)
    stage.seal_keys = stage.folder / "seal.keys"
    made = subprocess.run([stage.binary, "keygen"], check=True, stdout=subprocess.PIPE)
    stage.seal_keys.touch(0o600)
    stage.seal_keys.write_bytes(made.stdout)
    orgs = [f"org-{n}" for n in range(stage.sizes.realistic_orgs)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda org: _set_key(stage, org), orgs))
    _save(stage, "new")
    with stage.daemon({"secrets.key_file": stage.seal_keys, "vapi.rate_per_second": 0}, vapi=stage.sandbox.url):
        stage.database.await_converged()


def _set_key(stage, org):
    subprocess.run([stage.binary, "workspace", "set", org, "--set", f"database.url={stage.database.url}",
                    "--set", f"vapi.base_url={stage.sandbox.url}", "--set", f"secrets.key_file={stage.seal_keys}"],
                   check=True, input=f"key-of-{org}".encode(), stdout=subprocess.DEVNULL)


def _save(stage, name):
    """Both agents of every org, in one transaction. Returns when it was committed."""
    return float(stage.database.value("""
        SELECT extract(epoch FROM clock_timestamp()) FROM (
          SELECT count(vapisync.save_agents('org-' || n, %(name)s, jsonb_build_object(
                   'inbound', jsonb_build_object('firstMessage', %(name)s::text),
                   'outbound', jsonb_build_object('firstMessage', %(name)s::text))))
            FROM generate_series(0, %(orgs)s - 1) n) done""",
        {"name": name, "orgs": stage.sizes.realistic_orgs}))


def _bound_s(orgs, in_flight):
    """No daemon can be faster: a key's second request waits for its token, and all wait for a slot."""
    answer = ANSWER_MS / 1e3
    return max((AGENTS - 1) / RATE + answer, math.ceil(orgs * AGENTS / in_flight) * answer)


def run(stage, round):
    figures = {}
    stage.sandbox.answer_after(ANSWER_MS)
    for name, in_flight in IN_FLIGHT.items():
        settings = {"secrets.key_file": stage.seal_keys, "engine.in_flight": in_flight,
                    "vapi.rate_per_second": RATE, "vapi.burst": 1}
        # A daemon that ended a moment ago still counts as one that shares the rate.
        stage.database.execute("DELETE FROM vapisync.daemons")
        with stage.daemon(settings, vapi=stage.sandbox.url) as daemon:
            stage.database.await_converged()
            cpu = daemon.cpu_seconds()
            committed = _save(stage, f"{name}-{round}")
            took = stage.database.await_converged() - committed
            bound = _bound_s(stage.sizes.realistic_orgs, in_flight)
            figures.update({
                f"{name}_converged_s": took, f"{name}_bound_s": bound, f"{name}_times_bound": took / bound,
                f"{name}_rss_mb": daemon.rss_max_bytes() / 1e6,
                f"{name}_daemon_cpu_s": daemon.cpu_seconds() - cpu})
    stage.sandbox.answer_after(0)
    return figures
