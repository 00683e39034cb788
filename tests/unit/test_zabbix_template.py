# SPDX-License-Identifier: GPL-3.0-or-later
"""The Zabbix templates: what an import of Zabbix 6.0 wants, and only values that are really there: of `status --json`
for the bridge, of what the program of the role `monitoring` writes for the clouds' servers."""

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
from harness.cloud_metrics import TOKEN, Collector
from harness.command import Command, Listen, Record
from harness.prometheus import FILES
from harness.worker import REPOSITORY
from prometheus_client.parser import text_string_to_metric_families
from standins.cloud.process import StandinCloud

# Names of the constants in Zabbix 6.0's reader of exports.
KEYS = {
    "template": {"uuid", "template", "name", "description", "groups", "items", "macros", "valuemaps"},
    "item": {
        "uuid", "name", "type", "key", "delay", "history", "trends", "value_type", "units", "description", "valuemap",
        "preprocessing", "master_item", "tags", "triggers", "url", "trigger_prototypes",
    },
    "rule": {
        "uuid", "name", "type", "key", "delay", "filter", "description", "item_prototypes", "trigger_prototypes",
        "master_item", "lld_macro_paths", "preprocessing",
    },
    "trigger": {"uuid", "expression", "name", "opdata", "priority", "description", "dependencies", "tags"},
}  # fmt: skip
PRIORITIES = {"NOT_CLASSIFIED", "INFO", "WARNING", "AVERAGE", "HIGH", "DISASTER"}
ERROR_HANDLERS = {"DISCARD_VALUE", "CUSTOM_VALUE"}


class Template:
    """One of the files."""

    def __init__(self, name: str, master: str) -> None:
        self.path = FILES / "zabbix" / name
        self.export: dict[str, Any] = yaml.safe_load(self.path.read_text("utf-8"))["zabbix_export"]
        (self.template,) = self.export["templates"]
        self.rules: list[dict[str, Any]] = self.template.get("discovery_rules", [])
        self.items: dict[str, dict[str, Any]] = {
            item["key"]: item
            for items in [self.template["items"], *(rule["item_prototypes"] for rule in self.rules)]
            for item in items
        }
        self.master = master

    def triggers(self) -> Iterator[dict[str, Any]]:
        """All, those of discovered items, too."""
        for one in [*self.items.values(), *self.rules]:
            yield from one.get("triggers", [])
            yield from one.get("trigger_prototypes", [])

    def dependent(self) -> Iterator[dict[str, Any]]:
        """All items but the one that is read."""
        return (item for key, item in self.items.items() if key != self.master)


BRIDGE = Template("template_bill_nextcloud.yaml", "bill_nextcloud.status")
SERVER = Template("template_nextcloud_server.yaml", "nextcloud.metrics")
EACH = pytest.mark.parametrize("one", [BRIDGE, SERVER], ids=["bridge", "server"])


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in ``value``."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dictionaries(one)


@EACH
def test_the_frame_of_an_export(one: Template) -> None:
    """Version, groups and template, each with the names that 6.0 reads, and nothing else."""
    assert set(one.export) == {"version", "groups", "templates"}
    assert one.export["version"] == "6.0"
    assert [group["name"] for group in one.template["groups"]] == [group["name"] for group in one.export["groups"]]
    assert set(one.template) - {"discovery_rules"} == KEYS["template"]
    assert len(one.items) == len(one.template["items"]) + sum(len(rule["item_prototypes"]) for rule in one.rules)
    for item in one.items.values():
        assert set(item) <= KEYS["item"]
    for rule in one.rules:
        assert set(rule) <= KEYS["rule"]
    for trigger in one.triggers():
        assert set(trigger) <= KEYS["trigger"]
        assert trigger["priority"] in PRIORITIES


def test_uuids() -> None:
    """Each object has one of version 4, without dashes, and none twice, or the import is refused. Groups are Zabbix's
    own."""
    found = [
        value["uuid"] for one in (BRIDGE, SERVER) for value in dictionaries(one.export["templates"]) if "uuid" in value
    ]
    assert len(set(found)) == len(found)
    for value in found:
        parsed = uuid.UUID(value)
        assert (parsed.hex, parsed.version, parsed.variant) == (value, 4, uuid.RFC_4122)


@EACH
def test_texts_where_zabbix_wants_texts(one: Template) -> None:
    """A number or a truth value in the file would be refused."""
    for value in dictionaries(one.export):
        for name, part in value.items():
            assert isinstance(part, (str, list, dict)), name


@EACH
def test_items(one: Template) -> None:
    """One is read, all others are taken out of it."""
    master = one.items[one.master]
    assert (master["value_type"], master["history"], master["trends"]) == ("TEXT", "0", "0")
    maps = {valuemap["name"] for valuemap in one.template["valuemaps"]}
    for item in [*one.dependent(), *one.rules]:
        assert (item["type"], item["delay"], item["master_item"]) == ("DEPENDENT", "0", {"key": one.master})
        assert item.get("valuemap", {"name": next(iter(maps))})["name"] in maps
        for step in item["preprocessing"]:
            assert step.get("error_handler", "DISCARD_VALUE") in ERROR_HANDLERS
            assert ("error_handler_params" in step) == (step.get("error_handler") == "CUSTOM_VALUE")


def test_every_path_is_in_the_output(command: Command, listen: Listen, record: Record) -> None:
    """With a value of the item's type; the summary is text, the rest are numbers or, where that is said, truths."""
    assert "type" not in BRIDGE.items[BRIDGE.master]  # the default: Zabbix agent
    listen()
    record.add()
    record.clouds.save(CloudRow(3, "Blue", failure=Failure("maintenance", {"cloud": "Blue"})))
    document = command.json("status", status=1)
    for item in BRIDGE.dependent():
        first, *more = item["preprocessing"]
        assert first["type"] == "JSONPATH"
        (path,) = first["parameters"]
        assert path.startswith("$.")
        value = jmespath.search(path.removeprefix("$."), document)
        if item.get("value_type") == "TEXT":
            assert isinstance(value, str)
        elif [step["type"] for step in more] == ["BOOL_TO_DECIMAL"]:
            assert value is True
        else:
            assert type(value) is int, item["key"]


def test_every_pattern_is_in_the_metrics(tmp_path: Path) -> None:
    """Exactly once, with a number of the item's type. What Zabbix discovers are labels that are there."""
    assert SERVER.items[SERVER.master]["type"] == "HTTP_AGENT"
    with StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-1") as cloud:
        cloud.set_app_config("serverinfo", token=TOKEN)
        text = Collector(tmp_path, cloud).everything(tmp_path)
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    for rule in SERVER.rules:
        (step,) = rule["preprocessing"]
        assert (step["type"], step["error_handler_params"]) == ("PROMETHEUS_TO_JSON", "[]")
        labels = next(sample.labels for sample in found if sample.name == step["parameters"][0])
        macros = {one["lld_macro"]: labels[one["path"].removeprefix("$.labels.")] for one in rule["lld_macro_paths"]}
        for item in rule["item_prototypes"]:
            assert set(re.findall(r"{#\w+}", item["key"])) == set(macros)
            (step,) = item["preprocessing"]
            pattern, kind, further = step["parameters"]
            for macro, value in macros.items():
                pattern = pattern.replace(macro, value)
            name, wanted = pattern.partition("{")[0], dict(re.findall(r'(\w+)="([^"]*)"', pattern))
            (sample,) = [one for one in found if one.name == name and wanted.items() <= one.labels.items()]
            if kind == "label":
                assert (item["value_type"], sample.labels[further]) == ("CHAR", "31.0.6")
            else:
                assert (step["type"], kind, further) == ("PROMETHEUS_PATTERN", "value", "")
                assert item.get("value_type") == "FLOAT" or sample.value == int(sample.value)


@EACH
def test_expressions(one: Template) -> None:
    """Each names this template, items that it has, and macros that it defines."""
    macros = {macro["macro"] for macro in one.template["macros"]}
    used = set(re.findall(r"\{\$[A-Z_.]+\}", one.items[one.master].get("url", "")))
    for trigger in one.triggers():
        places = re.findall(r"/([^/(]+)/([a-z_.]+(?:\[[^\]]+\])?)[,)]", trigger["expression"])
        assert places
        for template, key in places:
            assert (template, key in one.items) == (one.template["template"], True), trigger["expression"]
        used |= set(re.findall(r"\{\$[A-Z_.]+\}", trigger["expression"]))
    assert used == macros


@EACH
def test_a_trigger_at_an_item_is_about_it(one: Template) -> None:
    """It uses no other, and each item key is used by the trigger that stands there; others stand at their rule."""
    for key, item in one.items.items():
        for trigger in [*item.get("triggers", []), *item.get("trigger_prototypes", [])]:
            places = re.findall(r"/[^/(]+/([a-z_.]+(?:\[[^\]]+\])?)[,)]", trigger["expression"])
            assert set(places) == {key}
    for rule in one.rules:
        for trigger in rule.get("trigger_prototypes", []):
            assert len(set(re.findall(r"/[^/(]+/([a-z_.]+)\[", trigger["expression"]))) > 1


@EACH
def test_dependencies(one: Template) -> None:
    """Each is one of the other triggers, word for word."""
    known = {(trigger["name"], trigger["expression"]) for trigger in one.triggers()}
    assert len(known) == len(list(one.triggers()))
    for trigger in one.triggers():
        for other in trigger.get("dependencies", []):
            assert (other["name"], other["expression"]) in known - {(trigger["name"], trigger["expression"])}


@EACH
def test_both_languages(one: Template) -> None:
    """Names are English; a trigger's description says what to do in English, then in Russian."""
    for trigger in one.triggers():
        assert trigger["name"].isascii()
        english, russian = trigger["description"].splitlines()
        assert not re.search("[А-Яа-яЁё]", english)
        assert re.search("[А-Яа-яЁё]", russian)


@pytest.mark.parametrize("name", ["operate.md", "operate.ru.md"])
def test_the_agents_line_is_documented(name: str) -> None:
    """With the key that the template reads."""
    text = Path(REPOSITORY / "docs" / name).read_text("utf-8")
    assert re.search(rf"^UserParameter={re.escape(BRIDGE.master)},sudo .* status --json \|\| true$", text, re.MULTILINE)
    assert BRIDGE.path.name in text
