# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and dashboard for Prometheus and Grafana: right by promtool, and of metrics that the command prints."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.busy import busy
from harness.command import Command, Listen, Record
from harness.prometheus import promtool
from harness.worker import REPOSITORY
from prometheus_client.parser import text_string_to_metric_families

DIRECTORY = REPOSITORY / "docs" / "prometheus"
RULES, DASHBOARD = DIRECTORY / "bill_nextcloud.rules.yml", DIRECTORY / "bill_nextcloud.dashboard.json"
RULE_TESTS = Path(__file__).with_name("prometheus_rules.yml")
GUIDES = {name: (REPOSITORY / "docs" / name).read_text("utf-8") for name in ("operate.md", "operate.ru.md")}
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]
BOARD: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
METRIC = re.compile(r"\bbill_nextcloud_[a-z_]+")


def checked(*arguments: object) -> str:
    """What promtool prints when it finds nothing wrong."""
    done = subprocess.run([promtool(), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expressions() -> list[str]:
    """Those of the dashboard's panels."""
    return [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def printed(command: Command, listen: Listen, record: Record) -> str:
    """What the command prints of a busy bridge: every metric is in it."""
    listen()
    busy(record)
    return command("metrics").stdout


def test_alerts_fire_when_they_should() -> None:
    """And only then, with their words, as prometheus_rules.yml says of each of them."""
    assert "SUCCESS" in checked("check", "rules", RULES)
    assert "SUCCESS" in checked("test", "rules", RULE_TESTS)
    tests = yaml.safe_load(RULE_TESTS.read_text("utf-8"))["tests"]
    asked = [one for test in tests for one in test.get("alert_rule_test", [])]
    names = {alert["alert"] for alert in ALERTS}
    assert {one["alertname"] for one in asked if "exp_alerts" in one} == names
    assert {one["alertname"] for one in asked if "exp_alerts" not in one} == names


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    """With a command, by names that the guides have."""
    for alert in ALERTS:
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert set(alert["annotations"]) == {"summary", "description"}
        assert re.search(r"`(bill-nextcloud|systemctl|journalctl) ", alert["annotations"]["description"])
        for guide in GUIDES.values():
            assert f"| {alert['alert']} | {alert['labels']['severity']} |" in guide


@pytest.mark.parametrize("guide", sorted(GUIDES))
def test_every_metric_is_documented(guide: str, printed: str) -> None:
    """With its labels, those without an alert or a panel too, and no other."""
    labels: dict[str, tuple[str, ...]] = {}
    for family in text_string_to_metric_families(printed):
        labels |= {sample.name: tuple(sample.labels) for sample in family.samples}
    shown = {name + (f"{{{', '.join(sorted(of))}}}" if of else "") for name, of in labels.items()}
    assert set(re.findall(r"(?m)^\| `(bill_nextcloud_[^`]+)` \| ", GUIDES[guide])) == shown


def test_rules_and_dashboard_use_what_is_printed(printed: str) -> None:
    """Each name; the dashboard has nothing on the alerts' metrics that it does not show."""
    names = set(METRIC.findall(printed))
    alerts = set(METRIC.findall(" ".join(alert["expr"] for alert in ALERTS)))
    assert alerts <= names
    variables = [one["definition"] for one in BOARD["templating"]["list"] if one["type"] == "query"]
    shown = set(METRIC.findall(" ".join([*expressions(), *variables])))
    assert alerts <= shown <= names


def test_every_panel_shows_something_of_a_busy_bridge(printed: str, tmp_path: Path) -> None:
    """Its expression has a value where the input is what the command printed."""
    series = [
        {"series": line.rpartition(" ")[0], "values": line.rpartition(" ")[2] + "x3"}
        for line in printed.splitlines()
        if not line.startswith("#")
    ]
    for one in series:
        # As node_exporter's scrape adds them.
        name, _, labels = one["series"].partition("{")
        one["series"] = f'{name}{{job="node", instance="panel", {labels or "}"}'
    asked = [
        {
            "expr": f"count({re.sub(r'[$](instance|cloud)', '.*', expression)}) > bool 0",
            "eval_time": "2m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for expression in expressions()
    ]
    assert len(asked) == len(BOARD["panels"])
    assert "$" not in str(asked)
    file = tmp_path / "panels.yml"
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}), "utf-8")
    assert "SUCCESS" in checked("test", "rules", file)


def test_the_frame_of_the_dashboard() -> None:
    """What Grafana's import wants: numbers, places that do not overlap, the data source that is chosen."""
    assert (BOARD["title"], BOARD["uid"]) == ("bill-nextcloud", "bill-nextcloud")
    assert "id" not in BOARD, "an import would replace another dashboard of that number"
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
