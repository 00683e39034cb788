# SPDX-License-Identifier: GPL-3.0-or-later
"""The program of the role `monitoring` that collects a cloud's metrics, and pages for it as real servers answer."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standins.cloud.process import StandinCloud

from harness.certificate import self_signed
from harness.prometheus import FILES

PROGRAM = FILES / "nextcloud_metrics.py"
PREFIX = "nextcloud_"
TOKEN = "Token-of-serverinfo-1"
SERVERINFO = "/ocs/v2.php/apps/serverinfo/api/v1/info?format=json&skipApps=true&skipUpdate=true"
# What Nextcloud 31.0.6 with PHP-FPM 8.2 answered, as far as it is read.
PAGES: dict[str, dict[str, Any]] = {
    "/status.php": {
        "installed": True,
        "maintenance": False,
        "needsDbUpgrade": False,
        "version": "31.0.6.2",
        "versionstring": "31.0.6",
        "edition": "",
        "productname": "Nextcloud",
        "extendedSupport": False,
    },
    SERVERINFO: {
        "ocs": {
            "meta": {"status": "ok", "statuscode": 200, "message": "OK"},
            "data": {
                "nextcloud": {"storage": {"num_users": 3, "num_files": 71, "num_storages": 3}},
                "server": {"database": {"type": "mysql", "version": "10.11.19", "size": "37584896"}},
                "activeUsers": {"last5minutes": 1, "last1hour": 2, "last24hours": 3, "last7days": 3},
            },
        }
    },
    "/fpm-status?json": {
        "pool": "www",
        "process manager": "dynamic",
        "listen queue": 0,
        "idle processes": 2,
        "active processes": 1,
        "max children reached": 4,
    },
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = PAGES.get(self.path)
        allowed = self.path != SERVERINFO or self.headers.get("NC-Token") == TOKEN
        self.send_response(404 if known is None else 200 if allowed else 401)
        self.end_headers()
        self.wfile.write(json.dumps(known if allowed else {}).encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def pages(certificate: Path | None = None, key: Path | None = None) -> Iterator[str]:
    """A web server with :data:`PAGES`, by TLS where there is a certificate; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def with_all(url: str) -> dict[str, Any]:
    """The configuration for what :func:`pages` have beside status.php."""
    return {"serverinfo": True, "php_fpm_status_url": f"{url}/fpm-status"}


class Collector:
    """The program, with the configuration of a cloud whose occ is a stand-in's. ``directory`` is for what it needs."""

    def __init__(self, directory: Path, cloud: StandinCloud) -> None:
        self.output = directory / "out" / "cloud.prom"
        self.output.parent.mkdir()
        self._path = directory / "metrics.json"
        occ = cloud.install_occ(directory / "www")
        self.config: dict[str, Any] = {
            "name": "cloud.example.org",
            "url": cloud.url,
            "ca_path": None,
            "occ": [str(occ.with_name("php")), str(occ)],
            "data_directory": str(directory),
            "accounts": True,
            "serverinfo": False,
            "php_fpm_status_url": None,
            "seconds": 10,
        }

    def __call__(self, **config: Any) -> subprocess.CompletedProcess[str]:
        """Run it once, with other values than ``self.config`` where some are given."""
        self._path.write_text(json.dumps({**self.config, **config}), "utf-8")
        command = [sys.executable, "-I", str(PROGRAM), str(self._path), str(self.output)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def everything(self, directory: Path) -> str:
        """What it writes of two clouds when every source is read, of which one fails at the second cloud."""
        certificate, key = self_signed(directory)
        with pages(certificate, key) as url:
            known = {"url": url, "ca_path": str(certificate), **with_all(url)}
            assert self(**known).stderr == ""
            first = self.output.read_text("utf-8")
            self(**known, name="other.example.org", data_directory="/nowhere/at/all")
        other = [line for line in self.output.read_text("utf-8").splitlines() if not line.startswith("#")]
        return "\n".join([first.strip(), *other, ""])
