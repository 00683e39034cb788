# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks of nextcloud_probe against a scripted cloud."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE
from ansible_collections.bill.nextcloud.plugins.plugin_utils import probe_task
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, ScriptedCloud, ok, record

CAPABILITIES = {
    "core": {"pollinterval": 60},
    "bruteforce": {"delay": 200, "allow-listed": False},
    "password_policy": {"minLength": 12, "enforceUpperLowerCase": True},
    "provisioning_api": {"version": "1.21.0"},
}
ADMINISTRATOR = record(ADMIN, groups=["admin"])


def run(cloud: ScriptedCloud, **options: t.Any) -> dict[str, t.Any]:
    """Run a task and return its result, which never says that anything was changed."""
    result = probe_task.run(validated(PROBE, cloud.url, **options), NO_SERVER)
    assert result["changed"] is False
    return result


def status(**fields: t.Any) -> Answer:
    """The answer of status.php, as Nextcloud 31 gives it to anybody."""
    shown = {
        "installed": True,
        "maintenance": False,
        "needsDbUpgrade": False,
        "version": "31.0.6.2",
        "versionstring": "31.0.6",
        "edition": "",
        "productname": "Nextcloud",
        "extendedSupport": False,
        **fields,
    }
    return Answer(200, json.dumps(shown).encode())


def capabilities(**fields: t.Any) -> Answer:
    """The answer with the capabilities."""
    return ok({"version": {"major": 31}, "capabilities": {**CAPABILITIES, **fields}})


def expect_start(cloud: ScriptedCloud, account: dict[str, t.Any], **more: t.Any) -> None:
    """Expect all requests up to the proof."""
    cloud.expect("GET", "/status.php", status())
    cloud.expect("GET", "/capabilities", capabilities(**more))
    cloud.expect("GET", "/user", ok(account))
