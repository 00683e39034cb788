# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker hosts as addresses: what may stand in the settings, and the command that ssh becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bill_nextcloud.errors import (
    SettingsInvalid,
)
from bill_nextcloud.runs.ssh import Address, command, parse
from bill_nextcloud.settings import read_settings

SECRET = "hunter2-geheim"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ssh://bill@worker1", Address("bill", "worker1", 22)),
        ("ssh://bill-2@Worker1.example.com:2222", Address("bill-2", "worker1.example.com", 2222)),
        ("ssh://bill@192.0.2.7", Address("bill", "192.0.2.7", 22)),
        ("ssh://bill@[2001:db8::1]:22", Address("bill", "2001:db8::1", 22)),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    """User, host and port."""
    assert parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        *("", "worker1", "bill@worker1", "http://bill@worker1", "ssh://worker1", "ssh://@worker1", "ssh://bill@"),
        *("ssh://bill@worker1/", "ssh://bill@worker1/x", "ssh://bill@worker1?x", "ssh://bill@worker1#x"),
        *("ssh://bill@worker1:", "ssh://bill@worker1:0", "ssh://bill@worker1:x", "ssh://bill@worker1:70000"),
        *("ssh://bill@-oProxyCommand=id", "ssh://-x@worker1", "ssh://bill@a b", "ssh://bi ll@a", "ssh://bill@[x:y]"),
        *(
            "ssh://bill@a\n",
            "ssh://bill@a%20b",
            "ssh://a@b@c",
            "ssh://bill@[2001:db8::1%eth0]",
            "ssh://bill@worker_1;id",
        ),
    ],
)
def test_what_is_no_address(url: str, tmp_path: Path) -> None:
    """Is refused, by name."""
    path = tmp_path / "settings.toml"
    path.write_text(f"[runs]\nworkers = ['ssh://bill@good', {json.dumps(url)}]\n", encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        read_settings(path)
    assert "runs.workers.1" in raised.value.parameters["detail"]
    assert url in raised.value.parameters["detail"]


@pytest.mark.parametrize(
    "url",
    [
        *(f"ssh://bill:{SECRET}@worker1", f"ssh://bill:{SECRET}@[x:y]", f"http://bill:{SECRET}@worker1:x"),
        *(f"ssh://bill:{SECRET}@a@b", f"bill:{SECRET}@worker1"),
    ],
)
def test_an_address_with_a_password_is_not_shown(url: str, tmp_path: Path) -> None:
    """It is refused, without the password."""
    path = tmp_path / "settings.toml"
    path.write_text(f'[runs]\nworkers = ["{url}"]\n', encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="without a password") as raised:
        read_settings(path)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('workers = ["ssh://a@b", "ssh://a@B:22"]', "names a host twice"),
        ('identity_file = "key"', "must be an absolute path"),
        ('known_hosts = "/etc/known hosts"', "must not hold spaces"),
        ('identity_file = "/etc/%h"', "must not hold spaces"),
        ("lease = 2", "greater than or equal to 3"),
        ('remote_command = ""', "at least 1"),
    ],
)
def test_other_settings_of_runs(line: str, problem: str, tmp_path: Path) -> None:
    """Each is checked."""
    path = tmp_path / "settings.toml"
    path.write_text(f"[runs]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=problem):
        read_settings(path)


def test_the_command_of_ssh() -> None:
    """A list; keys are verified, nothing is asked or forwarded, and the remote command is one word at the end."""
    words = command(
        Address("bill", "worker1", 2222),
        "run-worker --x",
        identity_file=Path("/key"),
        known_hosts=Path("/hosts"),
        connect_timeout=7,
    )
    assert words[-3:] == ["--", "worker1", "run-worker --x"]
    for option in (
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "ForwardAgent=no",
        "ForwardX11=no",
        "ConnectTimeout=7",
    ):
        assert words[words.index(option) - 1] == "-o"
    assert {'UserKnownHostsFile="/hosts"', "GlobalKnownHostsFile=none", "IdentityFile=/key", "-T"} <= set(words)
