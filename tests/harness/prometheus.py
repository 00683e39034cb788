# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus's own parser and its own tool, for what is written for it and for Grafana."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness.worker import REPOSITORY

PREFIX = "bill_nextcloud_"
FILES = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud" / "roles" / "monitoring" / "files"
"""Where rules, dashboards and templates are."""
# By name without the prefix: the value for each set of labels, these in the order of their names.
Samples = dict[str, dict[tuple[str, ...], float]]


def samples(text: str, prefix: str = PREFIX) -> Samples:
    """What is in ``text``, in Prometheus's text format. Each metric has a help and the prefix, and no sample is there
    twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            assert sample.name.startswith(prefix)
            values = found.setdefault(sample.name.removeprefix(prefix), {})
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            assert labels not in values
            values[labels] = sample.value
    return found


def shown(text: str) -> set[str]:
    """Each metric in ``text`` as guides name it: `name{label, label}`."""
    labels = {
        sample.name: sorted(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return {name + (f"{{{', '.join(of)}}}" if of else "") for name, of in labels.items()}


def promtool() -> str:
    """The program. Where it is not installed the test is skipped, with REQUIRE_PROMTOOL it fails."""
    program = shutil.which("promtool")
    if program is None:
        assert not os.environ.get("REQUIRE_PROMTOOL"), "promtool is not installed"
        pytest.skip("apt-get install prometheus")
    return program


def checked(*arguments: object, given: str | None = None) -> str:
    """What promtool prints when it finds nothing wrong. ``given``: its standard input."""
    command = [promtool(), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Watched:
    """Alert rules, what promtool is asked about them, and the dashboard of the same metrics."""

    def __init__(self, rules: Path, rule_tests: Path, dashboard: Path, prefix: str) -> None:
        self._rules, self._rule_tests = rules, rule_tests
        self._metric = re.compile(rf"\b{prefix}[a-z_]+")
        self.alerts: list[dict[str, Any]] = yaml.safe_load(rules.read_text("utf-8"))["groups"][0]["rules"]
        self.board: dict[str, Any] = json.loads(dashboard.read_text("utf-8"))
        self.expressions = [target["expr"] for panel in self.board["panels"] for target in panel["targets"]]

    def fire_when_they_should(self) -> None:
        """And only then, with their words, as the file of rule tests says of each of them."""
        assert "SUCCESS" in checked("check", "rules", self._rules)
        assert "SUCCESS" in checked("test", "rules", self._rule_tests)
        tests = yaml.safe_load(self._rule_tests.read_text("utf-8"))["tests"]
        asked = [one for test in tests for one in test.get("alert_rule_test", [])]
        names = {alert["alert"] for alert in self.alerts}
        assert {one["alertname"] for one in asked if "exp_alerts" in one} == names
        assert {one["alertname"] for one in asked if "exp_alerts" not in one} == names

    def say_what_to_do(self, programs: str, guides: dict[str, str]) -> None:
        """Each alert has a severity, and a command; ``guides`` have all of them."""
        for alert in self.alerts:
            assert alert["labels"]["severity"] in ("warning", "critical")
            assert set(alert["annotations"]) == {"summary", "description"}
            assert re.search(rf"`({programs}) ", alert["annotations"]["description"])
            for guide in guides.values():
                assert f"| {alert['alert']} | {alert['labels']['severity']} |" in guide

    def use_what_is_printed(self, printed: str) -> None:
        """Each name; the dashboard has nothing on the alerts' metrics that it does not show."""
        names = set(self._metric.findall(printed))
        alerts = set(self._metric.findall(" ".join(alert["expr"] for alert in self.alerts)))
        assert alerts <= names
        variables = [one["definition"] for one in self.board["templating"]["list"] if one["type"] == "query"]
        used = set(self._metric.findall(" ".join([*self.expressions, *variables])))
        assert alerts <= used <= names

    def show_something(self, printed: str, directory: Path) -> None:
        """Each expression of the dashboard has a value where the input is what was printed."""
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
            for expression in self.expressions
        ]
        assert len(asked) >= len(self.board["panels"])
        assert "$" not in str(asked)
        file = directory / "panels.yml"
        test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
        file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}), "utf-8")
        assert "SUCCESS" in checked("test", "rules", file)

    def have_a_frame(self) -> None:
        """What Grafana's import wants: numbers, places that do not overlap, the data source that is chosen."""
        assert "id" not in self.board, "an import would replace another dashboard of that number"
        panels = self.board["panels"]
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
