# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``drift`` says that mends: it must log in where the clouds' passwords are."""

from __future__ import annotations

from pathlib import Path

import pytest
from bill_nextcloud.cli.drift import _print
from bill_nextcloud.drift import CloudDrift, Difference
from bill_nextcloud.settings import DEFAULT_PATH, BillmanagerSettings, RunSettings, Settings

CHANGES = [{"field": "quota", "before": 1, "after": 2}]
FOUND = [CloudDrift(3, "Blue", 1, [Difference(12, "user_12", CHANGES)])]


@pytest.mark.parametrize("workers", [(), ("ssh://a@a",)])
def test_how_it_is_mended(capsys: pytest.CaptureFixture[str], workers: tuple[str, ...]) -> None:
    """By hand with BILLmanager's password; with worker hosts, which have others, by a call of the module."""
    billmanager = BillmanagerSettings(root=Path("/opt/mgr5"))
    _print(FOUND, [], Settings(billmanager=billmanager, runs=RunSettings(workers=workers)), DEFAULT_PATH)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("To mend that: ")
    assert ("ansible-playbook" in line) == (not workers)
    assert ("/opt/mgr5/processing/pmnextcloud --item SERVICE --command setparam" in line) == bool(workers)
