# SPDX-License-Identifier: GPL-3.0-or-later
"""One writer per cloud: the lock file, who waits for it, and who keeps it how long."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bill_nextcloud.errors import LockUnavailable
from bill_nextcloud.lock import lock_path, locked

PATIENCE = 20.0


def name(url: str) -> str:
    """The lock file of a cloud."""
    path = lock_path(Path("/locks"), url)
    assert path.parent == Path("/locks")
    return path.name


@pytest.mark.parametrize(
    "spellings",
    [
        ("https://cloud.example", "https://cloud.example/", "https://cloud.example:443", "https://CLOUD.Example:443//"),
        ("https://cloud.example", "HTTP://cloud.example:80/", " http://cloud.example. \n"),
        ("https://cloud.example/next", "https://Cloud.Example/next/", "https://cloud.example:443/next"),
        ("https://cloud.example:8443", "https://cloud.example:8443/"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]:443"),
    ],
)
def test_one_address_has_one_lock(spellings: tuple[str, ...]) -> None:
    """Letter case of the host, the usual port, slashes and spaces around make no difference."""
    assert len({name(spelling) for spelling in spellings}) == 1


def test_other_addresses_have_other_locks() -> None:
    """Host, port, path and its letter case count; what is too long or unusual for a file name does not collide."""
    urls = [
        "https://cloud.example",
        "http://cloud.example:443",
        "https://cloud.example:8443",
        "https://cloud.example/a",
        "https://cloud.example/A",
        "https://cloud.example/a/b",
        "https://cloud.example/a_b",
        "https://other.example",
        f"https://cloud.example/{'x' * 100}1",
        f"https://cloud.example/{'x' * 100}2",
        "https://облако.example",
        "https://удалок.example",
        "",
    ]
    assert len({name(url) for url in urls}) == len(urls)


@pytest.mark.parametrize(
    "url", ["https://h:port/", "https://h:99999/", "https://[::1", "nonsense", "", "//", "http://[x]"]
)
def test_an_address_that_is_none_has_a_lock_too(url: str) -> None:
    """It is the cloud's module that refuses the address, in words; nothing else breaks before."""
    assert name(url) == name(url)


@pytest.mark.parametrize("url", ["https://cloud.example/../../etc/x", "https://h/" + "x" * 300, "https://h/a\x00b\nc"])
def test_the_name_is_a_plain_file_name(url: str) -> None:
    """Nothing of an address leads out of the directory or is too long for a name."""
    assert len(name(url).encode()) < 120
    assert not set(name(url)) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Directory and file are made at need, and the file stays for the next."""
    path = tmp_path / "state" / "locks" / "a.lock"
    with locked(path, 0):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.exists()
    with locked(path, 0):
        pass


def test_a_second_one_waits_no_longer_than_asked(tmp_path: Path) -> None:
    """Then it fails with the file and the time, and the first keeps the lock."""
    path = tmp_path / "a.lock"
    with locked(path, 0):
        started = time.monotonic()
        with pytest.raises(LockUnavailable) as raised, locked(path, 0.4):
            pass
        assert 0.4 <= time.monotonic() - started < 5
        assert raised.value.parameters == {"path": str(path), "seconds": "0.4"}
        assert raised.value.failure.kind == "temporary"
        with pytest.raises(LockUnavailable), locked(path, 0):
            pass


def test_a_second_one_gets_it_when_the_first_ends(tmp_path: Path) -> None:
    """It waits, and never are both inside."""
    path = tmp_path / "a.lock"
    inside: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with locked(path, 0):
            inside.append("first in")
            entered.set()
            leave.wait(PATIENCE)
            inside.append("first out")

    def second() -> None:
        with locked(path, PATIENCE):
            inside.append("second in")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert entered.wait(PATIENCE)
    threads[1].start()
    time.sleep(0.2)
    leave.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert inside == ["first in", "first out", "second in"]


def test_an_error_inside_gives_it_back(tmp_path: Path) -> None:
    """Whatever happens to the run."""
    path = tmp_path / "a.lock"
    with pytest.raises(ValueError, match="broken"), locked(path, 0):
        raise ValueError("broken")
    with locked(path, 0):
        pass


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    """A program that was started meanwhile and outlives the run does not keep the lock."""
    path = tmp_path / "a.lock"
    with locked(path, 0):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with locked(path, 0):
            pass
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def watched() -> Iterator[subprocess.Popen[bytes]]:
    """A process for whose life a lock is held."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that hold locks; ended after the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def hold(path: Path, process: int, seconds: float) -> subprocess.Popen[str]:
    """The holder, as the playbooks start it."""
    arguments = [str(path), str(process), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "bill_nextcloud.lock", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    """What it says first."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_holder_keeps_it_until_the_watched_process_is_killed(
    tmp_path: Path, watched: subprocess.Popen[bytes], holders: list[subprocess.Popen[str]]
) -> None:
    """Also by kill -9, which leaves no time to give anything back."""
    path = tmp_path / "a.lock"
    holder = hold(path, watched.pid, 5)
    holders.append(holder)
    assert first_line(holder) == "locked\n"
    with pytest.raises(LockUnavailable), locked(path, 0.3):
        pass
    assert holder.poll() is None
    watched.kill()
    with locked(path, PATIENCE):
        assert holder.wait(PATIENCE) == 0


def test_a_second_holder_waits_and_gives_up(
    tmp_path: Path, watched: subprocess.Popen[bytes], holders: list[subprocess.Popen[str]]
) -> None:
    """It says why in one line on standard error, and never says "locked"."""
    path = tmp_path / "a.lock"
    with locked(path, 0):
        holder = hold(path, watched.pid, 0.3)
        holders.append(holder)
        output, errors = holder.communicate(timeout=PATIENCE)
    assert (holder.returncode, output) == (1, "")
    assert errors == f"another run holds the lock of this cloud: {path}\n"


def test_a_second_holder_gets_it_after_the_first(
    tmp_path: Path, watched: subprocess.Popen[bytes], holders: list[subprocess.Popen[str]]
) -> None:
    """Runs follow one another."""
    path = tmp_path / "a.lock"
    with locked(path, 0):
        holder = hold(path, watched.pid, PATIENCE)
        holders.append(holder)
        time.sleep(0.5)
        assert holder.poll() is None
    assert first_line(holder) == "locked\n"


def test_nobody_is_watched_who_is_not_there(tmp_path: Path, holders: list[subprocess.Popen[str]]) -> None:
    """The number of a process that has ended: no lock is held for it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    holder = hold(tmp_path / "a.lock", gone.pid, 5)
    holders.append(holder)
    output, _ = holder.communicate(timeout=PATIENCE)
    assert (holder.returncode, output) == (1, "")
    with locked(tmp_path / "a.lock", 0):
        pass
