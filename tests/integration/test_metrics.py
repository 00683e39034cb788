# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud metrics`` beside a real bridge: what it did and what waits, in a file and in PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from harness.prometheus import Samples, samples
from harness.stack import Stack
from harness.worker import COMMAND

from .conftest import SetUp


def metrics(stack: Stack, file: Path) -> Samples:
    """What the command writes into ``file``."""
    subprocess.run(
        [COMMAND, "metrics", "--settings", stack.worker.settings_file, "--output", file],
        env={"PATH": os.defpath, "HOME": str(stack.worker.directory), "LC_ALL": "C.UTF-8"},
        check=True,
        timeout=60,
    )
    return samples(file.read_text("utf-8"))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_the_bridge_did(set_up: SetUp, request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> None:
    """Done, failed for good, waiting for a cloud that is held, and the worker's end."""
    settings = {"engine": {"database": request.getfixturevalue("database")}} if engine == "postgresql" else None
    stack, file = set_up(settings=settings), tmp_path / "bill_nextcloud.prom"
    started = time.time()
    stack.opened()
    cloud = str(stack.module)
    found = metrics(stack, file)
    assert found["operations_ended_last_day"][cloud, "done"] == 1
    assert sum(found["operations"].values()) == 0
    assert found["oldest_operation_age_seconds"] == {(cloud,): 0}
    assert found["attempts_last_day"] == {(cloud, "succeeded"): 1, (cloud, "failed"): 0}
    assert started <= found["last_attempt_timestamp_seconds"][cloud, "succeeded"] <= time.time()
    assert found["worker_up"] == {(): 1}
    assert found["worker_start_timestamp_seconds"][()] <= time.time()

    # The group does not exist; then a person stops the cloud.
    refused = stack.panel.run(stack.order(stack.tariff("Wrong", groups="nobodys")))
    assert refused.error is not None
    stack.administer("hold", cloud=stack.module, reason="test")
    stack.panel.run(stack.order())
    found = metrics(stack, file)
    assert found["unresolved_failures_last_day"] == {(cloud, "group_missing"): 1}
    assert found["attempt_failures_last_day"] == {(cloud, "group_missing"): 1}
    assert found["operations_ended_last_day"][cloud, "failed"] == 1
    assert found["operations"][cloud, "held"] == 1
    assert found["cloud_held"] == {(cloud,): 1}
    assert set(found["cloud_held_timestamp_seconds"]) == {(cloud, "held_by_administrator")}
    assert started <= found["cloud_held_timestamp_seconds"][cloud, "held_by_administrator"] <= time.time()

    stack.worker.stop()
    after = metrics(stack, file)
    assert after["worker_up"] == {(): 0}
    assert after["operations"] == found["operations"]
