"""nginx in Vapi's place: takes every document, answers with it and an id, and logs when it came."""

import collections
import os
import pathlib
import signal
import socket
import subprocess
import time

import processes

CONFIG = """
{user}
daemon off;
master_process on;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
events {{ worker_connections 16384; }}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 128k;
  client_max_body_size 16m;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  log_format arrivals '$arrived $request_method $uri';
  access_log {folder}/arrivals.log arrivals buffer=256k flush=100ms;
  init_by_lua_file {lua};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ set $arrived 0; content_by_lua_block {{ answer(0) }} }}
  }}
  server {{
    listen 127.0.0.1:{slow_port} backlog=4096;
    location / {{ set $arrived 0; content_by_lua_block {{ answer({slow_s}) }} }}
  }}
}}
"""

Arrival = collections.namedtuple("Arrival", "at method path")


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Sink:
    def __init__(self, folder, slow_s=0.3):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.log = self.folder / "arrivals.log"
        self.slow_s = slow_s
        port, slow_port = free_ports(2)
        self.url, self.slow_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{slow_port}"
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(
            folder=self.folder, port=port, slow_port=slow_port, slow_s=slow_s,
            lua=pathlib.Path(__file__).with_name("sink.lua"),
            user="user www-data;" if os.getuid() == 0 else ""))
        self.process = processes.start(["/usr/sbin/nginx", "-p", self.folder, "-c", config],
                                       stderr=subprocess.DEVNULL)
        self._await_port(port)

    def _await_port(self, port):
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        errors = self.folder / "error.log"
        raise RuntimeError("nginx did not start: " + (errors.read_text() if errors.exists() else "no log"))

    def mark(self):
        """What arrives from now on is what `arrivals` returns for it."""
        self._flush()
        return self.log.stat().st_size

    def arrivals(self, mark):
        """In order of arrival; the times are those of the machine's clock, in microseconds."""
        self._flush()
        with open(self.log) as file:
            file.seek(mark)
            rows = (line.split() for line in file)
            return sorted(Arrival(float(at), method, path) for at, method, path in rows)

    def _flush(self):
        time.sleep(0.25)  # longer than the log's flush

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
