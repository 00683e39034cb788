# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks of ``nextcloud_group`` against a scripted cloud."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import GROUP
from ansible_collections.bill.nextcloud.plugins.plugin_utils import group_task
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud, ok, record

PATH = "/groups/team"


def run(cloud: ScriptedCloud, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """Run a task of ``nextcloud_group``."""
    parameters = validated(GROUP, cloud.url, **{"name": "team", **options})
    return group_task.run(parameters, NO_SERVER, check_mode=check_mode, with_diff=True)


def shown(name: str, display_name: str | None = None) -> dict[str, t.Any]:
    """A group's record, as Nextcloud 31 sends it."""
    flags = {"usercount": 0, "disabled": 0, "canAdd": True, "canRemove": True}
    return {"id": name, "displayname": display_name or name, **flags}


def expect_group(cloud: ScriptedCloud, *found: dict[str, t.Any] | str, name: str = "team") -> None:
    """The cloud is asked for the group, and answers with all whose names hold the text."""
    records = [shown(group) if isinstance(group, str) else group for group in found]
    cloud.expect("GET", "/groups/details", ok({"groups": records}), query={"search": name})


def expect_members(cloud: ScriptedCloud, *members: str, path: str = PATH) -> None:
    """The members are read, in one answer."""
    cloud.expect("GET", path + "/users", ok({"users": list(members)}))


def expect_accounts(cloud: ScriptedCloud, *names: str) -> None:
    """Each account is looked at before it is made a member, or is one no more."""
    for name in names:
        cloud.expect("GET", "/users/" + name, ok(record(name)))


def expect_join(cloud: ScriptedCloud, name: str, answer: Answer | None = None, group: str = "team") -> None:
    """An account becomes a member."""
    cloud.expect("POST", f"/users/{name}/groups", answer or ok(), [("groupid", group)])


def expect_leave(cloud: ScriptedCloud, name: str, answer: Answer | None = None) -> None:
    """An account is a member no more."""
    cloud.expect("DELETE", f"/users/{name}/groups", answer or ok(), query={"groupid": "team"})
