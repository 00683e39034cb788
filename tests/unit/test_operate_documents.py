# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide for operators says what the command really has: commands, states, names in the JSON."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from bill_nextcloud.cli.application import application
from bill_nextcloud.errors import Failure
from bill_nextcloud.record import CloudRow, State
from harness.command import Command, Record
from harness.worker import REPOSITORY

GUIDES = {name: (REPOSITORY / "docs" / name).read_text("utf-8") for name in ("operate.md", "operate.ru.md")}
FOR_OTHERS = {"worker", "descriptor"}
FAILED = Failure("timeout", {"cloud": "Blue", "detail": "30 s"})


def names(value: Any) -> Iterator[str]:
    """Every name in ``value``, but of what others define: parameters of failures, wishes, events."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            if name not in ("parameters", "wish", "detail", "read_back"):
                yield from names(one)
    elif isinstance(value, list):
        for one in value:
            yield from names(one)


@pytest.mark.parametrize("guide", sorted(GUIDES))
def test_every_command_and_state_is_explained(guide: str) -> None:
    """In both languages."""
    commands = {
        str(one.name or (one.callback and one.callback.__name__)) for one in application.registered_commands
    } - FOR_OTHERS
    assert len(commands) == 13
    for name in commands:
        assert re.search(rf"`{name}\b", GUIDES[guide]), name
    assert set(re.findall(r"(?m)^\| ([a-z]+) \| ", GUIDES[guide])) == {str(state) for state in State}


def test_every_name_of_the_json_is_documented(command: Command, record: Record) -> None:
    """In its section."""
    record.clouds.save(CloudRow(3, "Blue", failure=FAILED, held_since=time.time()))
    operation = record.add(state=State.HELD)
    record.attempt(operation, run="aaa", failure=FAILED, wish={"name": "user_12"}, result={"changes": []})
    record.set(operation.id, failure=FAILED)
    section = GUIDES["operate.md"].partition("\n## JSON\n")[2]
    documented = set(re.findall(r"`([a-z_0-9]+)`", section))
    for words, status in ((("status",), 2), (("operations",), 0), (("show", operation.id), 0)):
        found = set(names(command.json(*words, status=status)))
        assert found <= documented, found - documented
