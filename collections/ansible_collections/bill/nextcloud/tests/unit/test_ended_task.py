# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault that has ended the task is no answer to what other threads were about to ask."""

from __future__ import annotations

import typing as t
from functools import partial

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.auto import combined
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD, ScriptedCloud

PRODUCTS = ["nextcloud", "owncloud"]
CODES = ["write_not_permitted", "wrong_credentials"]


@pytest.fixture(params=PRODUCTS)
def opened(request: pytest.FixtureRequest, cloud: ScriptedCloud) -> t.Iterator[Cloud]:
    """The cloud of a task, which is asked for nothing."""
    with connected(validated(USERS, cloud.url, accounts=[], dialect=request.param), NO_SERVER) as found:
        yield found


def ended(opened: Cloud, code: str, ask: t.Callable[[], t.Any]) -> None:
    """End the task, and look at what is said to those who ask then."""
    opened.stop(CloudError(code, "now", request="PUT /users/berta"))
    with pytest.raises(CloudError) as raised:
        ask()
    assert (raised.value.code, raised.value.of_another, raised.value.request) == (code, True, None)


@pytest.mark.parametrize("code", CODES)
def test_it_refuses_no_password(opened: Cloud, code: str) -> None:
    """The account's log-in was not sent, so it has not failed, and does not count."""
    for name in ("a", "b", "c", "d", "e", "f"):
        ended(opened, code, partial(opened.accounts.proves, name, PASSWORD))
    assert opened.accounts.may_try_passwords


@pytest.mark.parametrize("opened", ["nextcloud"], indirect=True)
def test_it_hides_no_setting(opened: Cloud) -> None:
    """That a setting is not told is something else."""
    settings = opened.settings
    assert settings is not None
    ended(opened, "write_not_permitted", lambda: settings.read_if_told("core", "installedat"))


def test_it_leaves_nothing_to_occ(opened: Cloud) -> None:
    """The API has not refused this change."""

    def open_occ(by_api: object) -> t.NoReturn:
        raise AssertionError(f"nothing is done by occ, but for {by_api}")

    both = combined(opened, open_occ)
    ended(both, "write_not_permitted", lambda: both.accounts.set_enabled("anna", False))
