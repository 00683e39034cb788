# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in cloud as a program: its configuration, its addresses, and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from harness.certificate import self_signed
from standins.cloud.config import ConfigError, load
from standins.cloud.process import StandinCloud
from standins.cloud.products import PRODUCTS

_PROGRAM = Path(__file__).resolve().parents[1] / "standins" / "cloud"


def _written(folder: Path, mode: int = 0o600, **settings: object) -> Path:
    path = folder / "cloud.json"
    path.write_text(json.dumps({"admin_user": "admin", "admin_password": "secret-of-admin", **settings}))
    path.chmod(mode)
    return path


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _ends(pid: int) -> bool:
    """True when the process is gone within five seconds."""
    for _ in range(100):
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_configuration_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """It holds a password."""
    with pytest.raises(ConfigError, match="0600"):
        load(_written(tmp_path, mode), PRODUCTS)


def test_program_refuses_an_open_configuration(tmp_path: Path) -> None:
    """The program ends with 2 and a reason, which does not hold the password."""
    command = [sys.executable, str(_PROGRAM), "--config", str(_written(tmp_path, 0o644))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert "0600" in ended.stderr
    assert "secret-of-admin" not in ended.stderr


def test_misspelt_setting_is_refused(tmp_path: Path) -> None:
    """A setting that nobody reads would be believed in."""
    with pytest.raises(ConfigError, match="unknown keys: base_pth"):
        load(_written(tmp_path, base_pth="/cloud"), PRODUCTS)


def test_nothing_outside_the_base_path_but_the_control(tmp_path: Path) -> None:
    """The cloud answers below its path only."""
    with StandinCloud(tmp_path, admin_password="secret-of-admin", base_path="/cloud") as cloud:
        assert cloud.url.endswith("/cloud")
        assert requests.get(f"{cloud.url}/status.php", timeout=5).json()["productname"] == "Nextcloud"
        assert requests.get(f"{cloud.url.removesuffix('/cloud')}/status.php", timeout=5).status_code == 404
        assert len(cloud.requests()) == 2


def test_ends_at_sigterm_even_with_a_request_held(tmp_path: Path) -> None:
    """A fault that holds a request for long does not hold the end."""
    with StandinCloud(tmp_path, admin_password="secret-of-admin") as cloud:
        cloud.fault("delay", seconds=60)
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{cloud.url}/status.php", timeout=0.2)
        pid = cloud.pid
        os.kill(pid, signal.SIGTERM)
        assert _ends(pid)


def test_dies_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed without any chance to clean up."""
    starter = (
        "import json, subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", starter, sys.executable, str(_PROGRAM), "--config", str(_written(tmp_path))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _alive(pid)
        parent.kill()
    assert _ends(pid)


def test_tls_with_a_given_certificate(tmp_path: Path) -> None:
    """The certificate is the one given, and verifies with its own authority only."""
    certificate, key = self_signed(tmp_path)
    with StandinCloud(
        tmp_path, admin_password="secret-of-admin", tls_certificate=str(certificate), tls_key=str(key)
    ) as cloud:
        assert cloud.url.startswith("https://")
        assert requests.get(f"{cloud.url}/status.php", verify=str(certificate), timeout=5).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{cloud.url}/status.php", timeout=5)
        cloud.clear_faults()
