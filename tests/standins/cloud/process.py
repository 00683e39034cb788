# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and steer a stand-in cloud from a test."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit

from standins.cloud.occ.installation import install

_PROGRAM = Path(__file__).resolve().parent


class StandinCloud:
    """A running stand-in. Use as a context manager; it ends with the block, or with the process that started it.

    folder: an existing folder for the configuration and the log; settings: further keys of the configuration
    (`config.Config`). `url` is the cloud's address, base path included.
    """

    def __init__(self, folder: Path, *, admin_password: str, admin_user: str = "admin", **settings: Any) -> None:
        self.admin_user = admin_user
        self.admin_password = admin_password
        self.request_log = folder / "requests.jsonl"
        self._configuration = folder / "cloud.json"
        content = {
            "admin_user": admin_user,
            "admin_password": admin_password,
            "request_log": str(self.request_log),
            **settings,
        }
        with os.fdopen(os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> StandinCloud:
        command = [sys.executable, str(_PROGRAM), "--config", str(self._configuration)]
        # Ctrl-C is for whoever started it, and takes away what was made here.
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the stand-in cloud did not start: exit code {self._process.wait()}")
        self.url = json.loads(line)["url"]
        # It has read the password; nobody else needs to.
        self._configuration.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            if self._process.stdout:
                self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        address = urlsplit(self.url)
        connection: http.client.HTTPConnection
        if address.scheme == "https":
            # The control path needs no proof of identity: it is this machine, and nothing secret is sent.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(address.netloc, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection(address.netloc, timeout=60)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/standin/{path}", content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"{method} {path}: {data}")
        return data

    def reset(self) -> None:
        """Everything as at the start; quicker than a new stand-in. The log goes on."""
        self._control("POST", "reset")

    def fault(self, fault: str, **wish: Any) -> None:
        """Order a fault (`faults.KINDS`): method, path, times, and what the kind needs."""
        self._control("POST", "faults", {"fault": fault, **wish})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "faults")

    def set_delays(self, **wish: Any) -> None:
        """Let answers take as long as a real server's (`delays.Delays.set`): login, routes, at_once. Replaces all."""
        self._control("PUT", "delays", wish)

    def install_occ(self, directory: Path, *, owner: int | None = None) -> Path:
        """Make an installation in a directory (made where missing) and return its file `occ`, to be started as
        `[directory / "php", occ, *arguments]`. What it does, the API shows, and the reverse. `reset` keeps it working.

        owner: user id that is to own config.php, and so the only one that may run occ; None: one's own. On a Nextcloud
        of 31, root becomes that user.
        """
        return install(directory, self._control("GET", f"occ?{urlencode({'directory': directory})}"), owner)

    def occ_fault(self, fault: str, **wish: Any) -> None:
        """Order a fault of occ (`occ.faults.KINDS`): command, argument, times, skip, and what the kind needs."""
        self._control("POST", "command_faults", {"fault": fault, **wish})

    def clear_occ_faults(self) -> None:
        """Remove all faults of occ; those that hang go on."""
        self._control("DELETE", "command_faults")

    def commands(self) -> list[dict[str, Any]]:
        """All commands that occ was given so far, oldest first (`occ.service.OccService.entries`)."""
        found: list[dict[str, Any]] = self._control("GET", "commands")
        return found

    def clear_commands(self) -> None:
        """Forget the commands so far."""
        self._control("DELETE", "commands")

    def make_accounts(self, name: str, **wish: Any) -> int:
        """Make accounts at once (`seeds.Seed`): 5,000 with name="user_{number:05d}", count=5000. Returns how many."""
        made: int = self._control("POST", "accounts", {"name": name, **wish})["created"]
        return made

    def set_app_config(self, app: str, **values: str | None) -> None:
        """Set keys of an app; None removes one. A key with a dot: `**{"newUser.sendEmail": "no"}`."""
        self._control("POST", "app_config", {app: values})

    def mails(self) -> list[dict[str, Any]]:
        """Mails to new accounts, oldest first: time, account, to, with_link."""
        found: list[dict[str, Any]] = self._control("GET", "mails")
        return found

    def break_mails(self, *, works: bool = False) -> None:
        """Let every mail fail from now on, or none."""
        self._control("POST", "mails", {"works": works})

    def advance_clock(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._control("POST", "clock", {"advance_seconds": seconds})

    def requests(self) -> list[dict[str, Any]]:
        """All requests so far, by when they were answered: see `requestlog.RequestLog.add`."""
        found: list[dict[str, Any]] = self._control("GET", "requests")
        return found

    def arrivals(self) -> list[dict[str, Any]]:
        """Method and path of every request that has arrived so far, answered or not."""
        found: list[dict[str, Any]] = self._control("GET", "arrivals")
        return found

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._control("DELETE", "requests")

    def forget_login_attempts(self) -> None:
        """End the brute-force block."""
        self._control("DELETE", "login_attempts")
