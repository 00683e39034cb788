# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide, followed to the letter: its files saved, its commands run, its output compared. Only the address of the
cloud is another."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import yaml

from collection.conftest import Installed, Prepare
from collection.documents import blocks
from collection.installation import COLLECTION, Run

GUIDE = COLLECTION / "docs" / "docsite" / "rst" / "guide_accounts_as_code.rst"
SECRETS = "secrets.yml"
ACCOUNTS: list[dict[str, Any]] = [
    {
        "name": "anna",
        "password": "Example-password-of-anna",
        "displayName": "Anna Example",
        "email": "anna@example.org",
        "quota": "1 GB",
        "groups": ["customers"],
    },
    {"name": "boris", "password": "Example-password-of-boris", "enabled": False},
    {  # the customer after the one that is removed, who would like to run something on the controller
        "name": "clara",
        "password": "Example-password-of-clara",
        "displayName": "{{ lookup('ansible.builtin.pipe', 'touch run-by-a-customer') }}",
        "groups": ["{{ lookup('ansible.builtin.pipe', 'touch run-by-a-customer') }}"],
    },
]
_SAVED = {"ini", "yaml", "yaml+jinja"}
_NOT_RUN = {"text"}


def lines(text: str) -> list[str]:
    """Return the lines of an output without what depends on the terminal: rows of stars, and runs of spaces."""
    return [re.sub(r" \*{3,}$", " ***", " ".join(line.split())) for line in text.splitlines() if line.strip()]


def missing(expected: str, run: Run) -> list[str]:
    """Return the expected lines that were not printed, in this order. A line may be the beginning of a printed one."""
    printed = iter(lines(run.output))
    return [line for line in lines(expected) if not any(candidate.startswith(line) for candidate in printed)]


def test_guide(installed: Installed, prepare: Prepare, tmp_path: Path) -> None:
    """From the tarball to a removed account, in an empty directory."""
    guide = blocks(GUIDE)
    (secret,) = (block.text for block in guide if block.caption == SECRETS)
    password = yaml.safe_load(secret)["cloud_password"]
    cloud = prepare(password, ["customers", *ACCOUNTS[-1]["groups"]], ACCOUNTS)
    clara = cloud.cloud.account("clara")
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    shutil.copy(installed.tarball, place)
    (tmp_path / "typed").write_text(secret)  # what a person types into the editor
    environment = {"EDITOR": f"cp {tmp_path / 'typed'}"}
    run: Run | None = None
    compared = 0
    for block in guide:
        if block.caption == SECRETS:
            assert password not in (place / SECRETS).read_text()
        elif block.kind in _SAVED:
            assert block.caption, block.text
            (place / block.caption).write_text(cloud.in_place(block.text), encoding="utf-8")
        elif block.kind == "shell":
            before = cloud.state()
            shell = ["bash", "-euo", "pipefail", "-c", block.text]
            if "ansible-vault" in block.text:  # it opens an editor on a terminal only
                shell = ["script", "--quiet", "--return", "--command", shlex.join(shell), "/dev/null"]
            run = installed.ansible.run(place, *shell, environment=environment)
            assert run.returncode == 0, f"{block.text}\n{run.printed}"
            assert password not in run.printed
            if all("--check" in line or not line.startswith("ansible-playbook") for line in block.text.splitlines()):
                assert cloud.state() == before, block.text
        elif block.kind == "ansible-output":
            assert run is not None
            assert missing(block.text, run) == [], run.printed
            compared += 1
        else:
            assert block.kind in _NOT_RUN, block.kind
    assert compared >= 8
    account = cloud.cloud.account("anna")
    assert account is not None
    assert account["quota"]["quota"] == 5 * 1024**3
    assert sorted(account["groups"]) == ["customers", "team"]
    assert cloud.cloud.account("boris") is None
    assert cloud.cloud.account("clara") == clara
    assert not (place / "run-by-a-customer").exists()
