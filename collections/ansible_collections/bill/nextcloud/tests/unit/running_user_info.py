# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs nextcloud_user_info against a scripted cloud, asking for two accounts at once unless a test says otherwise."""

from __future__ import annotations

import typing as t
from unittest.mock import patch

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_INFO
from ansible_collections.bill.nextcloud.plugins.plugin_utils import user_info_task
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import listing
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, Call, ScriptedCloud, ok, record

DETAILS = "/users/details"
GIB = 1024**3


def run(cloud: ScriptedCloud, *, told: list[str] | None = None, at_once: int = 2, **options: t.Any) -> dict[str, t.Any]:
    """Run a task and return its result.

    :param told: collects what is told of the progress.
    :param at_once: how many accounts a page is asked for at first.
    """
    if "names" not in options and cloud.script:  # who acts is asked before any list
        cloud.script.insert(0, Call("GET", "/user", ok(record(ADMIN, groups=["admin"]))))
    progress = (told if told is not None else []).append
    with patch.object(listing, "PAGE_ACCOUNTS", at_once):
        return user_info_task.run(validated(USER_INFO, cloud.url, **options), NO_SERVER, progress=progress)


def page(*accounts: str | dict[str, t.Any], as_list: bool = False) -> Answer:
    """A page of accounts: records, or names of ordinary ones."""
    records = [record(account) if isinstance(account, str) else account for account in accounts]
    if as_list or not records:  # an empty array of PHP is a list, whatever it would hold
        return ok({"users": records})
    return ok({"users": {shown["id"]: shown for shown in records}})


def expect_page(
    cloud: ScriptedCloud, offset: int, answer: Answer, path: str = DETAILS, at_once: int = 2, **query: str
) -> None:
    """Expect the request for a page."""
    cloud.expect("GET", path, answer, query={"limit": str(at_once), "offset": str(offset), **query})


def expect_names(cloud: ScriptedCloud, *names: str | int, **query: str) -> None:
    """Expect the request for the names of all accounts."""
    cloud.expect("GET", "/users", ok({"users": list(names)}), query=query)


def expect_all(cloud: ScriptedCloud, *accounts: str | dict[str, t.Any]) -> None:
    """Expect that a cloud with at most two accounts is read whole."""
    expect_page(cloud, 0, page(*accounts))
    if accounts:
        expect_page(cloud, 2, page())
    expect_names(cloud, *(account if isinstance(account, str) else account["id"] for account in accounts))


def names_of(result: dict[str, t.Any]) -> list[str]:
    """Return the names of the accounts of a result that has not failed."""
    assert "failed" not in result, result["msg"]
    return [account["name"] for account in result["accounts"]]
