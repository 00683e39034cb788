# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus's own parser and its own tool, for what is written for it."""

from __future__ import annotations

import os
import shutil

import pytest
from prometheus_client.parser import text_string_to_metric_families

PREFIX = "bill_nextcloud_"
# By name without the prefix: the value for each set of labels, these in the order of their names.
Samples = dict[str, dict[tuple[str, ...], float]]


def samples(text: str) -> Samples:
    """What is in ``text``, in Prometheus's text format. Each metric has a help and the prefix, and no sample is there
    twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            assert sample.name.startswith(PREFIX)
            values = found.setdefault(sample.name.removeprefix(PREFIX), {})
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            assert labels not in values
            values[labels] = sample.value
    return found


def promtool() -> str:
    """The program. Where it is not installed the test is skipped, with REQUIRE_PROMTOOL it fails."""
    program = shutil.which("promtool")
    if program is None:
        assert not os.environ.get("REQUIRE_PROMTOOL"), "promtool is not installed"
        pytest.skip("apt-get install prometheus")
    return program
