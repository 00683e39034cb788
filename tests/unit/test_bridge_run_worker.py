# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker host has of its own: credentials and a release; and that its run dies with it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from bill_nextcloud.cloud_server import CloudServer
from bill_nextcloud.errors import (
    WorkerCredentialsMissing,
    WorkerCredentialsUnusable,
)
from bill_nextcloud.runs.credentials import access, mark
from bill_nextcloud.runs.release import release
from bill_nextcloud.runs.run import Access, Run

SECRET = "hunter2-geheim"
SERVER = CloudServer("cloud", 22, "occ", Path("/etc/key"), occ_command=("nextcloud.occ",))
BY_OCC = "{transport: occ, ssh_host: Cloud, ssh_user: occ, ssh_key_file: /etc/key, occ_command: nextcloud.occ}"


def credentials(directory: Path, content: str, mode: int = 0o600) -> Path:
    """A file of credentials."""
    path = directory / "clouds.yml"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return path


def test_credentials_are_sent_only_where_the_file_says(tmp_path: Path) -> None:
    """Its address is used, not the bridge's; the user's name is the bridge's where the file has none."""
    path = credentials(tmp_path, f"https://Cloud.example.com/: {{password: {SECRET}, ca_file: /ca.pem}}\n")
    found = access(path, "http://cloud.example.com", "admin")
    assert (found.url, found.username, found.password) == ("https://Cloud.example.com", "admin", SECRET)
    assert found.ca_file == Path("/ca.pem")
    assert SECRET not in repr(found)
    path = credentials(tmp_path, f"https://cloud: {{password: {SECRET}, username: other}}\n")
    assert access(path, "https://cloud", "admin").username == "other"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"https://cloud: {{password: {SECRET}}}\nhttps://CLOUD/: {{password: {SECRET}}}\n", "are one cloud"),
        (f"https://cloud: {{pass: {SECRET}}}\n", "https://cloud.pass"),
        ("https://cloud: {username: admin}\n", "password is missing"),
        (f"https://cloud: [{SECRET}\n", "no YAML in line"),
        (f"- {SECRET}\n", "valid dictionary"),
        ("https://cloud: {password: 123}\n", "valid string"),
        ("https://cloud: {password: ''}\n", "at least 1"),
        ("https://cloud: {transport: occ, ssh_host: cloud, ssh_user: occ}\n", "ssh_key_file is missing"),
        (f"https://cloud: {BY_OCC[:-1]}, ssh_port: 0}}\n", "ssh_port: possible is 1-65535"),
        (f"https://cloud: {BY_OCC[:-1]}, ssh_host_keys: {SECRET}}}\n", "ssh_host_keys: possible is ssh-ed25519"),
        (f"https://cloud: {BY_OCC[:-1]}, php_path: /usr/bin/php}}\n", "occ_command: possible is php_path / occ"),
        (f"https://cloud: {BY_OCC.replace('transport: occ', 'transport: auto')}\n", "password is missing"),
        (f"https://cloud: {{transport: ssh, password: {SECRET}}}\n", "'api', 'occ' or 'auto'"),
        ("\x00", "no YAML"),
    ],
)
def test_credentials_that_are_wrong(tmp_path: Path, content: str, problem: str) -> None:
    """In words without the password."""
    with pytest.raises(WorkerCredentialsUnusable) as raised:
        access(credentials(tmp_path, content), "https://cloud", "admin")
    assert problem in raised.value.parameters["detail"]
    assert SECRET not in str(raised.value)


def test_a_server_is_the_files_own(tmp_path: Path) -> None:
    """Where occ is run, with no password; the bridge has no say in it, since a run has no word of it."""
    found = access(credentials(tmp_path, f"https://cloud: {BY_OCC}\n"), "https://cloud", "admin")
    assert (found.transport, found.server, found.password) == ("occ", SERVER, "")
    assert not [name for name in Run.model_fields if "ssh" in name or "occ" in name or "transport" in name]
    by_files = BY_OCC.replace("occ_command: nextcloud.occ", "occ_path: /srv/occ, php_path: /usr/bin/php8.3")
    found = access(credentials(tmp_path, f"https://cloud: {by_files}\n"), "https://cloud", "admin")
    assert found.server == replace(SERVER, occ_command=(), occ_path="/srv/occ", php_path="/usr/bin/php8.3")
    assert access(credentials(tmp_path, "https://cloud: {password: x}\n"), "https://cloud", "admin").server is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_credentials_that_others_may_read(tmp_path: Path, mode: int) -> None:
    """Are refused."""
    with pytest.raises(WorkerCredentialsUnusable, match="must be 0600"):
        access(credentials(tmp_path, f"https://cloud: {{password: {SECRET}}}\n", mode), "https://cloud", "admin")


def test_a_cloud_that_is_not_in_the_file(tmp_path: Path) -> None:
    """Also when the file is empty."""
    for content in ("", "https://other: {password: x}\n"):
        with pytest.raises(WorkerCredentialsMissing):
            access(credentials(tmp_path, content), "https://cloud", "admin")


def test_a_mark_tells_credentials_apart_and_nothing_else() -> None:
    """The same for the same; another for each part; the password is not in it, nor a plain digest of it."""
    one = Access("https://cloud", "admin", SECRET, Path("/ca.pem"))
    assert mark(one) == mark(replace(one))
    others = [
        *(replace(one, url="https://other"), replace(one, username="other")),
        *(replace(one, password="other"), replace(one, ca_file=None), replace(one, bearer_token=True)),
        *(replace(one, transport="auto"), replace(one, server=SERVER), replace(one, server=replace(SERVER, port=23))),
    ]
    assert len({mark(other) for other in [one, *others]}) == 9
    assert SECRET not in mark(one)


def test_a_release_is_its_files(tmp_path: Path) -> None:
    """Another byte in a playbook, or in what it starts, is another release."""
    (tmp_path / "ansible.cfg").write_text("", encoding="utf-8")
    (tmp_path / "playbooks").mkdir()
    playbook = tmp_path / "playbooks" / "accounts.yml"
    playbook.write_text("a", encoding="utf-8")
    first = release(tmp_path)
    assert release(tmp_path) == first
    playbook.write_text("b", encoding="utf-8")
    second = release(tmp_path)
    (tmp_path / "playbooks" / "ssh.sh").write_text("c", encoding="utf-8")
    assert len({first, second, release(tmp_path)}) == 3


def test_the_run_dies_with_the_command(tmp_path: Path) -> None:
    """Its process does, when the one that would clean up after it is killed, though the connection stays open."""
    program = [sys.executable, "-m", "bill_nextcloud.runs.run_worker", "--runtime-directory", str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as command:
        parent = psutil.Process(command.pid)
        deadline = time.monotonic() + 20
        while not parent.children():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (child,) = parent.children()
        time.sleep(0.3)
        command.kill()
        _, alive = psutil.wait_procs([child], timeout=2)
        assert alive == []
