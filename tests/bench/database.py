"""A private Postgres with fsync on and the documented settings."""

import os
import pathlib
import subprocess
import time

import psycopg2

import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Everything else is Postgres's default: fsync, synchronous_commit and full_page_writes are on.
SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "shared_preload_libraries": "pg_stat_statements",
}


class Database:
    def __init__(self, folder, binary):
        self.folder = str(folder)
        self._tool("start")
        try:
            self._configure()
            subprocess.run([binary, "migrate", "up", "--set", f"database.url={self.url}"],
                           check=True, stdout=subprocess.DEVNULL)
            self.execute("CREATE EXTENSION pg_stat_statements")
        except BaseException:
            self.stop()
            raise

    def _tool(self, command, *arguments):
        return subprocess.run([ROOT / "tools/postgres", command, self.folder, *arguments],
                              env={**os.environ, "GUARD_PID": str(os.getpid())},
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def _configure(self):
        self.url = self._tool("url")
        self.connection = self.connect()
        for name, value in SETTINGS.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.connection.close()
        self._tool("restart", "fast")
        self.connection = self.connect()
        with open(f"{self.folder}/data/postmaster.pid") as file:
            self.pid = int(file.readline())

    def stop(self):
        self._tool("stop")

    def connect(self):
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        return connection

    def execute(self, sql, arguments=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return cursor.fetchall() if cursor.description else []

    def value(self, sql, arguments=None):
        return self.execute(sql, arguments)[0][0]

    def cpu_seconds(self):
        """Without that of our own connection."""
        return processes.family_cpu_seconds(self.pid, {self.connection.info.backend_pid})

    def wal_bytes(self):
        return int(self.value("SELECT pg_current_wal_lsn() - '0/0'"))

    def commits(self):
        """Backends report within ten seconds, and when they end."""
        return self.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")

    def await_converged(self, but_org="", timeout=600):
        """Until no resource (of other orgs) needs anything; returns when the last outcome was recorded."""
        deadline = time.monotonic() + timeout
        while self.value("SELECT EXISTS (SELECT FROM vapisync.work WHERE org_id <> %s)", [but_org]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.value('SELECT count(*) FROM vapisync.work')} resources still need work")
            time.sleep(0.25)  # the question reads all rows that died, and the answer tells no time
        return float(self.value("SELECT extract(epoch FROM max(finished_at)) FROM vapisync.outcomes"))

    def forget_statements(self):
        self.execute("SELECT pg_stat_statements_reset()")

    def statements(self, limit=12):
        """What the server spent its time on since `forget_statements`, the most costly first."""
        rows = self.execute(
            "SELECT calls, rows, total_exec_time, wal_bytes::bigint, query FROM pg_stat_statements"
            " ORDER BY total_exec_time DESC LIMIT %s", [limit])
        return [{"calls": calls, "rows": count, "ms": round(ms, 1), "wal_bytes": wal,
                 "query": " ".join(query.split())[:120]} for calls, count, ms, wal, query in rows]
