# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zabbix template: what an import of Zabbix 6.0 wants, and only values that ``status --json`` really has."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from bill_nextcloud.errors import Failure
from bill_nextcloud.record import CloudRow
from harness.command import Command, Listen, Record
from harness.worker import REPOSITORY

PATH = REPOSITORY / "docs" / "zabbix" / "template_bill_nextcloud.yaml"
EXPORT: dict[str, Any] = yaml.safe_load(PATH.read_text("utf-8"))["zabbix_export"]
(TEMPLATE,) = EXPORT["templates"]
ITEMS: dict[str, dict[str, Any]] = {item["key"]: item for item in TEMPLATE["items"]}
MASTER = "bill_nextcloud.status"
# Names of the constants in Zabbix 6.0's reader of exports.
KEYS = {
    "template": {"uuid", "template", "name", "description", "groups", "items", "macros", "valuemaps"},
    "item": {
        "uuid", "name", "type", "key", "delay", "history", "trends", "value_type", "units", "description", "valuemap",
        "preprocessing", "master_item", "tags", "triggers",
    },
    "trigger": {"uuid", "expression", "name", "opdata", "priority", "description", "dependencies", "tags"},
}  # fmt: skip
PRIORITIES = {"NOT_CLASSIFIED", "INFO", "WARNING", "AVERAGE", "HIGH", "DISASTER"}


def triggers() -> Iterator[tuple[str, dict[str, Any]]]:
    """(key of its item, trigger)."""
    for key, item in ITEMS.items():
        for trigger in item.get("triggers", []):
            yield key, trigger


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in ``value``."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dictionaries(one)


def test_the_frame_of_an_export() -> None:
    """Version, groups and template, each with the names that 6.0 reads, and nothing else."""
    assert set(EXPORT) == {"version", "groups", "templates"}
    assert EXPORT["version"] == "6.0"
    assert [group["name"] for group in TEMPLATE["groups"]] == [group["name"] for group in EXPORT["groups"]]
    assert set(TEMPLATE) == KEYS["template"]
    assert len(ITEMS) == len(TEMPLATE["items"])
    for item in ITEMS.values():
        assert set(item) <= KEYS["item"]
    for _, trigger in triggers():
        assert set(trigger) <= KEYS["trigger"]
        assert trigger["priority"] in PRIORITIES


def test_uuids() -> None:
    """Each object has one of version 4, without dashes, and none twice: otherwise the import is refused."""
    found = [value["uuid"] for value in dictionaries(EXPORT) if "uuid" in value]
    assert len(set(found)) == len(found)
    for value in found:
        parsed = uuid.UUID(value)
        assert (parsed.hex, parsed.version, parsed.variant) == (value, 4, uuid.RFC_4122)


def test_texts_where_zabbix_wants_texts() -> None:
    """A number or a truth value in the file would be refused."""
    for value in dictionaries(EXPORT):
        for name, one in value.items():
            assert isinstance(one, (str, list, dict)), name


def test_items() -> None:
    """One is read by the agent, all others are taken out of it."""
    master = ITEMS[MASTER]
    assert "type" not in master  # the default: Zabbix agent
    assert (master["value_type"], master["trends"]) == ("TEXT", "0")
    maps = {valuemap["name"] for valuemap in TEMPLATE["valuemaps"]}
    for key, item in ITEMS.items():
        if key != MASTER:
            assert (item["type"], item["delay"], item["master_item"]) == ("DEPENDENT", "0", {"key": MASTER})
            assert item["preprocessing"][0]["type"] == "JSONPATH"
            assert item.get("valuemap", {"name": next(iter(maps))})["name"] in maps


def test_every_path_is_in_the_output(command: Command, listen: Listen, record: Record) -> None:
    """With a value of the item's type; the summary is text, the rest are numbers or, where that is said, truths."""
    listen()
    record.add()
    record.clouds.save(CloudRow(3, "Blue", failure=Failure("maintenance", {"cloud": "Blue"})))
    document = command.json("status", status=1)
    for key, item in ITEMS.items():
        if key == MASTER:
            continue
        first, *more = item["preprocessing"]
        (path,) = first["parameters"]
        assert path.startswith("$.")
        value = jmespath.search(path.removeprefix("$."), document)
        if item.get("value_type") == "TEXT":
            assert isinstance(value, str)
        elif [step["type"] for step in more] == ["BOOL_TO_DECIMAL"]:
            assert value is True
        else:
            assert type(value) is int, key


def test_expressions() -> None:
    """Each names this template, items that it has, and macros that it defines."""
    macros = {macro["macro"] for macro in TEMPLATE["macros"]}
    used: set[str] = set()
    for key, trigger in triggers():
        expression = trigger["expression"]
        places = re.findall(r"/([^/]+)/([a-z_.]+)[,)]", expression)
        assert places
        # A trigger that stands at an item uses no other.
        assert set(places) == {(TEMPLATE["template"], key)}, expression
        used |= set(re.findall(r"\{\$[A-Z_.]+\}", expression))
    assert used == macros


def test_dependencies() -> None:
    """Each is one of the other triggers, word for word."""
    known = {(trigger["name"], trigger["expression"]) for _, trigger in triggers()}
    assert len(known) == len(list(triggers()))
    for _, trigger in triggers():
        for one in trigger.get("dependencies", []):
            assert (one["name"], one["expression"]) in known - {(trigger["name"], trigger["expression"])}


def test_both_languages() -> None:
    """Names are English; a trigger's description says what to do in English, then in Russian."""
    for _, trigger in triggers():
        assert trigger["name"].isascii()
        english, russian = trigger["description"].splitlines()
        assert not re.search("[А-Яа-яЁё]", english)
        assert re.search("[А-Яа-яЁё]", russian)


@pytest.mark.parametrize("name", ["operate.md", "operate.ru.md"])
def test_the_agents_line_is_documented(name: str) -> None:
    """With the key that the template reads."""
    text = Path(REPOSITORY / "docs" / name).read_text("utf-8")
    assert re.search(rf"^UserParameter={re.escape(MASTER)},sudo .* status --json \|\| true$", text, re.MULTILINE)
    assert PATH.name in text
