# SPDX-License-Identifier: GPL-3.0-or-later
"""No password of the administrator or a customer in arguments, environments, state, logs, artifacts or databases."""

from __future__ import annotations

import base64
import pickle
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from harness.cloud import Server
from harness.leaks import Watcher, files_with, session_cookies

from .demo import demonstration

SECRET = "Pass/w+rd %1 of-the-test"


def test_the_demonstration_leaks_no_secret(tmp_path: Path) -> None:
    """The whole life of a service is watched, and everything that it left is searched."""
    server = Server(tmp_path / "cloud", admin_password="Adm/in+Passw%rd-of-the-test-1")
    watcher = Watcher()
    try:
        with demonstration(tmp_path, server.cloud) as demo:
            demo.life()
            left = [tmp_path, demo.stack.worker.runtime]
            secrets = [server.cloud.password, *demo.delivered]
            assert demo.failures == []
            assert len(secrets) == 2
            assert files_with(left, secrets) == []
            ((session, cookies),) = session_cookies(demo.stack.worker.runtime).items()
            assert cookies
            assert files_with(left, cookies) == [str(session)]
    finally:
        watcher.stop()
        server.stop()
    assert watcher.leaks([*secrets, *cookies]) == []
    # The watch saw what it is about, and the search had something to read.
    assert any(b"ansible-playbook" in arguments for arguments in watcher.arguments)
    assert any(b"--runningoperation" in arguments for arguments in watcher.arguments)
    assert list((tmp_path / "bridge" / "state").rglob("job_events/*.json"))
    assert (tmp_path / "bridge" / "state" / "engine.sqlite").stat().st_size > 0


def as_text(secret: str) -> bytes:
    return f"password={secret}\n".encode()


def percent_encoded(secret: str) -> bytes:
    return f"userid=x&password={quote(secret, safe='')}".encode()


def in_base64(offset: int) -> Callable[[str], bytes]:
    def encode(secret: str) -> bytes:
        return base64.b64encode(b"admin:"[:offset] + secret.encode() + b" and more")

    encode.__name__ = f"base64_{offset}"
    return encode


@pytest.mark.parametrize("encode", [as_text, percent_encoded, *map(in_base64, range(6))])
def test_a_planted_secret_is_found_in_a_file(tmp_path: Path, encode: Callable[[str], bytes]) -> None:
    """Whatever the form, wherever it begins."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "harmless.log").write_bytes(b"nothing here")
    planted = tmp_path / "deep" / "run.log"
    planted.write_bytes(b"\0\xff" + encode(SECRET))
    assert files_with([tmp_path], [SECRET]) == [str(planted)]
    assert files_with([tmp_path], ["Another-Passw0rd"]) == []


def test_a_planted_secret_is_found_in_a_pickle_of_a_database(tmp_path: Path) -> None:
    """As the engine stores the results of its steps."""
    path = tmp_path / "engine.sqlite"
    value = base64.b64encode(pickle.dumps({"outcome": ["x" * 5, {"password": SECRET}]})).decode()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE results (id INTEGER, output TEXT)")
        connection.execute("INSERT INTO results VALUES (1, ?)", (value,))
    assert files_with([tmp_path], [SECRET]) == [str(path)]


@pytest.mark.parametrize("place", ["arguments", "environment"])
def test_a_planted_secret_is_found_in_a_process(place: str) -> None:
    """Of a process that lives for a moment only."""
    watcher = Watcher()
    if place == "arguments":
        process = subprocess.Popen(["sh", "-c", "sleep 0.5", SECRET], env={})
    else:
        process = subprocess.Popen(["sleep", "0.5"], env={"OC_PASS": SECRET})
    process.wait()
    time.sleep(0.1)
    watcher.stop()
    found = watcher.leaks([SECRET])
    assert found
    assert all(one.startswith(place) for one in found)
