# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run and the server of warm starts must have in common: what differs means a cold start, and another server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest
from bill_nextcloud.runs.run import PLAYBOOK, environment
from bill_nextcloud.runs.warm import client
from bill_nextcloud.runs.warm.client import Begun, WarmStart
from bill_nextcloud.runs.warm.key import Key
from harness import tmpfs
from harness.environment import leave_pytest_out
from harness.processes import until
from harness.worker import REPOSITORY


@pytest.fixture
def runtime() -> Iterator[Path]:
    """On a tmpfs."""
    found = tmpfs.make()
    yield found
    tmpfs.remove(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of a release that a run reads; those of the collection are the repository's."""
    found = tmp_path / "project"
    (found / "playbooks" / "plugins").mkdir(parents=True)
    for name in ("ansible.cfg", "playbooks/accounts.yml"):
        (found / name).write_bytes((REPOSITORY / name).read_bytes())
    (found / "collections").symlink_to(REPOSITORY / "collections")
    return found


def test_what_is_no_longer_the_same(project: Path) -> None:
    """Is named, without any value; what belongs to one run may differ."""
    before = {"PATH": "/bin", "TOKEN": "geheim", "ANSIBLE_LOCAL_TEMP": "/a"}
    key = Key.of(before, str(project))
    assert key.difference(Key.of({**before, "ANSIBLE_LOCAL_TEMP": "/b"}, str(project))) is None
    assert key.difference(Key.of({**before, "TOKEN": "another"}, str(project))) == "the environment: TOKEN"
    assert key.difference(Key.of({"PATH": "/bin"}, str(project))) == "the environment: TOKEN"
    assert key.difference(Key.of(before, str(REPOSITORY))) == "the directory"
    new = project / "playbooks" / "plugins" / "new.py"
    new.touch()
    assert key.difference(Key.of(before, str(project))) == f"a file: {new}"
    new.unlink()
    assert key.difference(Key.of(before, str(project))) is None
    # An editor's lock file leads nowhere.
    (project / "playbooks" / ".#accounts.yml").symlink_to("somebody@host.1234:1")
    (project / "playbooks" / ".hidden").mkdir()
    (project / "playbooks" / ".hidden" / "file.yml").touch()
    assert key.difference(Key.of(before, str(project))) is None
    astray = project / "playbooks" / "plugins" / "astray.py"
    astray.symlink_to("nowhere")
    assert key.difference(Key.of(before, str(project))) == f"a file: {astray}"
    astray.unlink()
    os.utime(project / "ansible.cfg")
    assert key.difference(Key.of(before, str(project))) == f"a file: {project / 'ansible.cfg'}"


def test_a_file_in_the_place_of_another(project: Path) -> None:
    """It is another, though it has the same size and the same time of modification."""
    key = Key.of({}, str(project))
    file = project / "playbooks" / "accounts.yml"
    status = file.stat()
    another = project / "another"
    another.write_bytes(b"#" * status.st_size)
    os.utime(another, ns=(status.st_atime_ns, status.st_mtime_ns))
    another.replace(file)
    assert key.difference(Key.of({}, str(project))) == f"a file: {file}"


def retire(warm: WarmStart) -> None:
    """Have its server end."""
    found = warm._server
    assert found is not None
    found.retire()
    assert found.process.wait(10) == 0


def test_a_changed_file(project: Path, runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next run is begun cold, and a line says why; those after it have a new server."""
    leave_pytest_out()
    caplog.set_level("INFO")
    warm = WarmStart(project, runtime, runtime / "ansible")
    warm.begin()
    until(lambda: warm._server is not None)
    assert warm._server is not None
    first = psutil.Process(warm._server.process.pid)
    variables = environment(project, runtime, runtime / "ansible")
    assert warm._fitting(variables, str(project)) is not None
    with (project / "playbooks" / "accounts.yml").open("a") as file:
        file.write("# changed\n")
    assert warm._fitting(variables, str(project)) is None
    assert f"a file: {project / 'playbooks' / 'accounts.yml'}" in caplog.text
    until(lambda: warm._server is not None)
    assert not first.is_running()
    assert warm._fitting(variables, str(project)) is not None
    retire(warm)


def test_a_log_that_ansible_keeps_open(project: Path, runtime: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Runs would share it: there is no server, and a line says why."""
    leave_pytest_out()
    settings = project / "ansible.cfg"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("[defaults]\n", f"[defaults]\nlog_path = {project / 'log'}\n"), "utf-8")
    warm = WarmStart(project, runtime, runtime / "ansible")
    warm.begin()
    until(lambda: "cold starts for now" in caplog.text or warm._server is not None)
    assert warm._server is None
    assert f"Ansible has opened {project / 'log'}" in caplog.text
    settings.write_text(text, "utf-8")
    until(lambda: warm._server is not None)
    retire(warm)


def test_an_ansible_that_is_being_installed(
    project: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as it is not there, or without its version, runs begin cold; then there is a server."""
    leave_pytest_out()
    monkeypatch.setattr(client, "_FIRST_PAUSE", 0.01)
    answers: list[Callable[[str], Any]] = [lambda name: version("ansible-core-that-is-not-there"), lambda name: None]
    monkeypatch.setattr(client, "version", lambda name: (answers.pop(0) if answers else version)(name))
    warm = WarmStart(project, runtime, runtime / "ansible")
    warm.begin()
    until(lambda: warm._server is not None)
    retire(warm)
    assert caplog.text.count("cold starts for now") == 2


@pytest.mark.parametrize("release", ["2.1.9", "2.20.0"])
def test_an_ansible_that_was_not_tried(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, release: str
) -> None:
    """No server is started, a line says why, and runs are begun cold."""
    monkeypatch.setattr("bill_nextcloud.runs.warm.client.version", lambda name: release)
    children = psutil.Process().children()
    warm = WarmStart(project, project / "nowhere", project / "home")
    warm.begin()
    until(lambda: f"ansible-core {release}" in caplog.text)
    assert psutil.Process().children() == children
    options: dict[str, Any] = {"env": dict(os.environ), "cwd": str(project), "check": True, "timeout": 60}
    begun = Begun()
    done = warm.carry_out([str(PLAYBOOK), "--version"], begun=begun, capture_output=True, text=True, **options)
    assert "ansible-playbook [core" in done.stdout
    assert not begun.warm
