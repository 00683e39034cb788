# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks of ``nextcloud_quota`` against a scripted cloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import QUOTA
from ansible_collections.bill.nextcloud.plugins.plugin_utils import quota_task
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    Answer,
    ScriptedCloud,
    ok,
    record,
    release,
)

GB = 1024**3
FILES = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps/files/"
ALLOW, DEFAULT, MAXIMUM, PRESETS = "allow_unlimited_quota", "default_quota", "max_quota", "quota_preset"


def run(cloud: ScriptedCloud, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_quota``."""
    return quota_task.run(validated(QUOTA, cloud.url, **options), NO_SERVER, check_mode=check_mode, with_diff=True)


def expect_read(cloud: ScriptedCloud, key: str, value: t.Any) -> None:
    """A setting is read."""
    cloud.expect("GET", FILES + key, ok({"data": value}))


def expect_write(cloud: ScriptedCloud, key: str, value: str, answer: Answer | None = None) -> None:
    """A setting is written."""
    cloud.expect("POST", FILES + key, answer or ok(), [("value", value)])


def expect_instance(
    cloud: ScriptedCloud, allow: str = "", default: str = "", maximum: str = "", *, limits: bool = False
) -> None:
    """The instance is read; an empty setting is one that was never set.

    :param limits: a limit is wished, which not every release knows.
    """
    if limits:
        cloud.expect("GET", "/capabilities", release(31))
    expect_read(cloud, ALLOW, allow)
    expect_read(cloud, DEFAULT, default)
    expect_read(cloud, MAXIMUM, maximum)


def expect_set(cloud: ScriptedCloud, name: str, before: int, sent: str, after: int) -> None:
    """An account's quota is set and read back."""
    cloud.expect("GET", "/users/" + name, ok(record(name, quota=before)))
    cloud.expect("PUT", "/users/" + name, ok(), [("key", "quota"), ("value", sent)])
    cloud.expect("GET", "/users/" + name, ok(record(name, quota=after)))


def instance(default: t.Any, maximum: t.Any, allow: bool, *changes: tuple[str, t.Any, t.Any]) -> dict[str, t.Any]:
    """The item ``instance`` of a result."""
    shown = [{"field": field, "before": before, "after": after} for field, before, after in changes]
    return {"changes": shown, "default": default, "maximum": maximum, "allow_unlimited": allow}
