#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of systemctl for roots in which systemd does not run: starts what the unit files say, by their rules.

A unit is used as last loaded (`daemon-reload`). The service gets its directories and, as file 3, the socket; what it
prints is appended to JOURNAL. Each call is a line of CALLS. Installed as /usr/bin/systemctl; standard library only.
"""

from __future__ import annotations

import configparser
import os
import signal
import socket
import sys
import time
from pathlib import Path

FILES = Path("/etc/systemd/system")
STATE = Path("/run/standin-systemctl")
CALLS, JOURNAL = Path("/var/log/standin-systemctl"), Path("/var/log/standin-journal")
STOP_SECONDS = 30


def load(name: str) -> configparser.ConfigParser:
    """The unit as it was loaded; at its first use it is."""
    loaded = STATE / "loaded" / name
    if not loaded.exists():
        loaded.parent.mkdir(parents=True, exist_ok=True)
        loaded.write_bytes((FILES / name).read_bytes())
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(loaded, encoding="utf-8")
    return unit


def companion(name: str) -> str:
    """The service of a socket, and the other way round."""
    base, _, kind = name.rpartition(".")
    return f"{base}.{'service' if kind == 'socket' else 'socket'}"


def process_of(name: str) -> int | None:
    """The number of the service's process, while it lives."""
    try:
        number = int((STATE / f"{name}.pid").read_text("ascii"))
        state = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else number


def active(name: str) -> bool:
    return process_of(name) is not None if name.endswith(".service") else (STATE / f"{name}.active").exists()


def start(name: str) -> None:
    if active(name):
        return
    unit = load(name)
    if name.endswith(".timer"):
        # It is never due in here.
        (STATE / f"{name}.active").touch()
        return
    if name.endswith(".socket"):
        if active(companion(name)):
            sys.exit(f"{name}: Socket service {companion(name)} already active, refusing.")
        (STATE / f"{name}.active").touch()
        return
    for required in unit["Unit"].get("Requires", "").split():
        start(required)
    service = unit["Service"]
    for option, parent in (("RuntimeDirectory", "/run"), ("StateDirectory", "/var/lib"), ("LogsDirectory", "/var/log")):
        if service.get(option):
            directory = Path(parent) / service[option]
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(int(service[f"{option}Mode"], 8))
    listening = listen(load(companion(name)))
    child = os.fork()
    if child == 0:
        become(service, listening)
    (STATE / f"{name}.pid").write_text(str(child), "ascii")


def listen(unit: configparser.ConfigParser) -> socket.socket:
    path = Path(unit["Socket"]["ListenStream"])
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(int(unit["Socket"]["SocketMode"], 8))
    listening.listen(64)
    return listening


def become(service: configparser.SectionProxy, listening: socket.socket) -> None:
    os.setsid()
    os.chdir("/")
    os.umask(int(service["UMask"], 8))
    journal = os.open(JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    given = os.dup(listening.fileno())
    for target, source in enumerate((nothing, journal, journal, given)):
        os.dup2(source, target)
    os.closerange(4, 256)
    command = service["ExecStart"].split()
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
    os.execve(  # noqa: S606 - as systemd does
        command[0], command, {**environment, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    )


def stop(name: str) -> None:
    if not name.endswith(".service"):
        if name.endswith(".socket"):
            stop(companion(name))  # it requires the socket
        (STATE / f"{name}.active").unlink(missing_ok=True)
        return
    deadline = time.monotonic() + STOP_SECONDS
    number = process_of(name)
    while number is not None:
        os.kill(number, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.1)
        number = process_of(name)


def restart(name: str) -> None:
    running = [one for one in (name, companion(name)) if one.endswith(".service") and active(one)]
    stop(name)
    for one in [name, *running]:
        start(one)


def show(name: str) -> None:
    there = (FILES / name).exists()
    print(f"Id={name}\nLoadState={'loaded' if there else 'not-found'}")
    print(f"ActiveState={'active' if there and active(name) else 'inactive'}")


def main() -> None:
    """The program."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    action, names = words[0], words[1:]
    STATE.mkdir(parents=True, exist_ok=True)
    with CALLS.open("a", encoding="utf-8") as calls:
        calls.write(" ".join(words) + "\n")
    if action == "daemon-reload":
        for loaded in (STATE / "loaded").glob("*"):
            loaded.unlink()
    for name in names:
        enabled = STATE / f"{name}.enabled"
        if action == "is-enabled":
            print("enabled" if enabled.exists() else "disabled")
            sys.exit(not enabled.exists())
        elif action == "is-active":
            sys.exit(0 if (FILES / name).exists() and active(name) else 3)
        elif action == "enable":
            enabled.write_text(load(name)["Install"]["WantedBy"], "utf-8")
        elif action == "disable":
            enabled.unlink(missing_ok=True)
        else:
            {"show": show, "start": start, "stop": stop, "restart": restart}[action](name)


if __name__ == "__main__":
    main()
