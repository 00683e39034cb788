# SPDX-License-Identifier: GPL-3.0-or-later
"""nextcloud_occ over a real SSH and a real sudo, with the sudoers file of the documentation."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from harness.cloud_server import CLOUD, OCC, SUDO_LOG, SUDOERS, USER, CloudServer
from harness.leaks import Watcher, files_with
from harness.own_root import REPOSITORY
from harness.processes import until

from collection.documents import as_playbook, examples
from collection.installation import COLLECTION, Ansible

ECHO = REPOSITORY / "tests" / "standins" / "occ_echo.py"
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / "collections")}
CALLS = CLOUD / "data" / "calls"
MODULE = "bill.nextcloud.nextcloud_occ"

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("REQUIRE_INSTALLATION") and os.geteuid() != 0, reason="only root may make a root of its own"
    ),
    pytest.mark.skipif(
        not os.environ.get("REQUIRE_SUDO") and shutil.which("sudo") is None, reason="apt-get install sudo"
    ),
    pytest.mark.skipif(
        not os.environ.get("REQUIRE_SSHD") and not Path("/usr/sbin/sshd").exists(),
        reason="apt-get install openssh-server",
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudServer]:
    """A server whose occ only tells how it was called."""
    with CloudServer(tmp_path_factory.mktemp("occ") / "server", ECHO) as started:
        yield started


class Controller:
    """Runs the module by ansible-playbook on the server."""

    def __init__(self, directory: Path, server: CloudServer) -> None:
        self._directory = directory
        self._server = server
        self._ansible = Ansible(directory / "home")
        self.printed = ""

    def _play(self, user: str, options: dict[str, Any], arguments: tuple[str, ...]) -> tuple[str, ...]:
        tasks = [
            {"name": "Run", MODULE: {"occ_path": str(OCC), **options}, "register": "done", "ignore_errors": True},
            {"name": "Show", "ansible.builtin.debug": {"msg": "<{{ done | to_json | b64encode }}>"}},
        ]
        variables = self._server.variables(user)
        play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}
        name = f"play-{secrets.token_hex(4)}.yml"
        (self._directory / name).write_text(json.dumps([play]))
        return ("ansible-playbook", *arguments, name)

    def run(self, *commands: dict[str, Any], user: str = USER, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run the module to its end; what it returns."""
        arguments = ("-vvv", *(["--check"] if check else []))
        play = self._play(user, {"commands": list(commands), **options}, arguments)
        done = self._ansible.run(self._directory, *play, environment=COLLECTIONS)
        self.printed = done.printed
        found = re.search(r'"msg": "<(\S+)>"', done.output)
        assert found is not None, done.printed
        result = json.loads(base64.b64decode(found[1]))
        assert isinstance(result, dict)
        return result

    def start(self, *commands: dict[str, Any], **options: Any) -> subprocess.Popen[bytes]:
        """Start the module, to be killed."""
        play = self._play(USER, {"commands": list(commands), **options}, ())
        return self._ansible.start(self._directory, *play, environment=COLLECTIONS)


@pytest.fixture
def controller(tmp_path: Path, server: CloudServer) -> Controller:
    """Ansible on another machine than the server, as it were."""
    (tmp_path / "home").mkdir()
    server.path(CALLS).unlink(missing_ok=True)
    return Controller(tmp_path, server)


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What occ told of how it was called."""
    found = json.loads(answer["output"].splitlines()[-1])
    assert isinstance(found, dict)
    return found


def uid(server: CloudServer, user: str) -> int:
    """The number of a user on the server."""
    return int(server.run("id", "-u", user).output)


def allowed() -> list[str]:
    """The occ commands that the sudoers file allows, by the aliases of its last line."""
    text = SUDOERS.read_text("utf-8")
    aliases = dict(re.findall(r"(?ms)^Cmnd_Alias (\w+) = (.+?[^\\])$", text))
    used = text.splitlines()[-1].partition("NOPASSWD: ")[2].split(", ")
    return [found.replace("\\", "") for alias in used for found in re.findall(r"/occ (\S+) \*", aliases[alias])]


def test_sudo_lets_do_what_is_needed_and_no_more(server: CloudServer, controller: Controller) -> None:
    """Every command of the file runs as the owner of config.php; others, and PHP itself, do not, which is told."""
    commands = [{"arguments": [name, "--output=json", "Anna Example"]} for name in allowed()]
    assert len(commands) > 25
    forbidden = ("app:disable", "config:system:get", "config:app:set", "maintenance:mode", "user:add-app-password")
    assert not set(forbidden) & set(allowed())
    result = controller.run(*commands, *({"arguments": [name, "files"]} for name in forbidden), processes=8)
    assert result["user"] == "www-data"
    for command, answer in zip(commands, result["results"], strict=False):
        assert (answer["status"], answer["begun"], answer["refusal"]) == (0, True, None), answer
        assert told(answer)["user"] == uid(server, "www-data")
        assert told(answer)["arguments"] == [
            command["arguments"][0], "--no-interaction", "--no-ansi", "--output=json", "Anna Example",
        ]  # fmt: skip
    for answer in result["results"][len(commands) :]:
        assert (answer["begun"], answer["output"]) == (False, "")
        assert "sudo: a password is required" in answer["refusal"]
    assert (result["failed"], result["problem"]) == (True, "command")

    for beyond in (["/usr/bin/php", "-r", "1"], ["/usr/bin/php", str(CLOUD / "console.php"), "user:list", "x"], ["id"]):
        done = server.run(
            "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "sudo", "-n", "-u", "www-data", *beyond
        )
        assert (done.returncode, done.output) == (1, ""), beyond


def test_a_password_is_seen_by_its_command_only(server: CloudServer, controller: Controller) -> None:
    """It is in the environment of occ and of the sudo before it; in no other one, argument, log, file or result."""
    secret = f"'{secrets.token_urlsafe(12)}\\'\"ä$(id)"
    watcher = Watcher(str(OCC).encode())
    try:
        result = controller.run(
            {"arguments": ["user:add", "--password-from-env", "--wait=0.5", "anna"], "password": secret},
            {"arguments": ["user:list", "--wait=0.5"]},
            {"arguments": ["user:resetpassword", "--wait=0.5", "--status=1", "anna"], "password": secret},
            processes=3,
        )
    finally:
        watcher.stop()
    assert [answer["status"] for answer in result["results"]] == [0, 0, 1]
    added, listed, reset = map(told, result["results"])
    for call in (added, reset):
        assert call["passwords"] == [hashlib.sha256(secret.encode()).hexdigest()] * 2
    assert listed["passwords"] == [None, None]
    # The controller has it in its playbook, and Ansible in a pipe.
    assert watcher.leaks([secret]) == []
    assert {line for line in watcher.arguments if b"user:add" in line} != set()
    log = server.path(SUDO_LOG).read_text("utf-8")
    assert log.count("COMMAND=/usr/bin/php") >= 3
    assert "PASS=" not in log
    assert '"invocation"' in controller.printed
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert form not in controller.printed
    assert files_with([server.written], [secret]) == []
    assert files_with([server.written], ["user:resetpassword"]) != []


def test_root_becomes_the_owner(server: CloudServer, controller: Controller) -> None:
    """Without sudo, and without root's groups and environment. In check mode only what changes nothing is run."""
    command = {"arguments": ["user:list"], "changes": False}
    result = controller.run(command, {"arguments": ["user:enable", "anna"]}, user="root", check=True)
    assert result["command"] == ["/usr/bin/php", str(OCC)]
    assert (result["changed"], result["failed"]) == (True, False)
    answer, skipped = result["results"]
    assert (skipped["status"], skipped["begun"], skipped["refusal"]) == (None, False, None)
    call = told(answer)
    assert (call["user"], call["input"], call["directory"]) == (uid(server, "www-data"), "", "/")
    assert call["groups"] == [uid(server, "www-data")]
    assert {name for name in call["environment"] if name.startswith("SSH_")} == set()


def test_a_command_out_of_its_time(server: CloudServer, controller: Controller) -> None:
    """It is told as that, and ended through sudo. The others go on."""
    result = controller.run(
        {"arguments": ["user:list", "--wait=60", "slow"], "seconds": 1},
        {"arguments": ["user:info", "quick"]},
        processes=2,
    )
    slow, quick = result["results"]
    assert (slow["status"], slow["timed_out"], slow["begun"]) == (None, True, True)
    assert (quick["status"], quick["timed_out"]) == (0, False)
    assert "user:list: not done after 1 s" in result["msg"]
    assert ("begins", "slow") in happened(server.path(CALLS))
    assert server.run("pgrep", "-f", "--", "--wait=60").output == ""


def happened(calls: Path) -> list[tuple[str, str]]:
    """What began and ended, by the last arguments, in order."""
    return [(line.split()[0], line.split()[-1]) for line in calls.read_text("utf-8").splitlines()]


def test_examples(server: CloudServer, tmp_path: Path) -> None:
    """As they are printed, with a log-in as root; ``docker`` is one that hands on to the same occ."""
    docker = server.path("/usr/local/bin/docker")
    docker.write_text(f'#!/bin/sh\nwhile [ "$1" != occ ]; do shift; done\nshift\nexec php {OCC} "$@"\n')
    docker.chmod(0o755)
    variables = {**server.variables("root"), "anna_password": "Example-password-of-anna"}
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"cloud_server": variables}}}))
    (tmp_path / "play.yml").write_text(as_playbook(examples(COLLECTION / "plugins" / "modules" / "nextcloud_occ.py")))
    (tmp_path / "home").mkdir()
    command = ("ansible-playbook", "-i", "inventory.json", "play.yml")
    done = Ansible(tmp_path / "home").run(tmp_path, *command, environment=COLLECTIONS)
    assert done.returncode == 0, done.printed
    assert done.changed_tasks == {"Set the default quota and make an account"}
    assert "31.0.6" in done.output


def kill_ssh(started: subprocess.Popen[bytes]) -> None:
    """The connection alone."""
    for process in psutil.Process(started.pid).children(recursive=True):
        if process.name() == "ssh":
            process.kill()


def kill_ansible(started: subprocess.Popen[bytes]) -> None:
    """All of Ansible, but not its ssh, which is left alone."""
    for process in [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]:
        if process.name() != "ssh":
            process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_ssh, kill_ansible])
def test_after_a_kill_nothing_begins(
    server: CloudServer, controller: Controller, kill: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    """Killed with -9 while the first of two commands runs, the second never begins; the next execution waits for the
    end of the first."""
    calls = server.path(CALLS)
    started = controller.start(
        {"arguments": ["user:list", "--wait=4", "first"]}, {"arguments": ["user:list", "second"]}
    )
    until(calls.exists, what="for the first command")
    kill(started)
    result = controller.run({"arguments": ["user:list", "next"]})
    started.wait(30)
    assert result["failed"] is False
    assert happened(calls) == [("begins", "first"), ("ends", "first"), ("begins", "next"), ("ends", "next")]
