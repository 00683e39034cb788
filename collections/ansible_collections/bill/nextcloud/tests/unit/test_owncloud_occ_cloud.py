# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups, actions, and what can be found out about an ownCloud by its occ."""

from __future__ import annotations

import typing as t
from unittest.mock import ANY

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud_occ import (
    expect_groups,
    expect_members,
    opened,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, thrown

CHARACTERS = '"a-z", "A-Z", "0-9", and "+_.@-\'"'
REFUSED_NAME = thrown("Manager.php", f"Only the following characters are allowed in a username: {CHARACTERS}")


def code_of(call: t.Callable[[], object]) -> str | None:
    """The code of what a call raises, if it does."""
    try:
        call()
    except CloudError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(0, 'Created group "-one"\n'), True),
        (failed('The group "-one" already exists'), False),
        (failed('Group "-one" could not be created'), "invalid_value"),
        (thrown("Db.php", 'The group "-one" already exists'), "server_error"),
    ],
)
def test_a_group_is_made(occ: ScriptedOcc, said: Said, expected: bool | str) -> None:
    """Or there is one already, which occ calls an error."""
    occ.expect("group:add", "--", "-one", said=said)
    groups = opened(occ).groups
    if isinstance(expected, str):
        assert code_of(lambda: groups.create("-one")) == expected
    else:
        assert groups.create("-one") is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(), None),
        (failed("Group does not exist"), None),
        (failed("The specified group could not be deleted. Please check the logs."), "backend_refused"),
        (thrown("Db.php", "Group does not exist"), "server_error"),
    ],
)
def test_a_group_is_deleted(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """One that is gone already is fine."""
    occ.expect("group:delete", "--", "-one", said=said)
    assert code_of(lambda: opened(occ).groups.delete("-one")) == expected


def test_a_group_is_found_by_its_exact_name(occ: ScriptedOcc) -> None:
    """In the list of all."""
    expect_groups(occ, "TEAM", "team 2")
    assert opened(occ).groups.read("team") is None


def test_members(occ: ScriptedOcc) -> None:
    """Names, of which PHP makes numbers or a list."""
    groups = opened(occ).groups
    expect_members(occ, "-one", "anna", "123")
    assert groups.members("-one") == {"anna", "123"}
    expect_members(occ, "-one")
    assert groups.members("-one") == frozenset()
    occ.expect_read("group:list-members", "--output=json", "--", "-one", said=failed("Group -one does not exist"))
    assert code_of(lambda: groups.members("-one")) == "group_missing"
    occ.expect_read("group:list-members", "--output=json", "--", "-one", said=failed("Table does not exist"))
    assert code_of(lambda: groups.members("-one")) == "refused"


def test_display_names_of_groups(occ: ScriptedOcc) -> None:
    """There are none."""
    groups = opened(occ).groups
    assert code_of(lambda: groups.rename("one", "One")) == "unsupported"
    assert code_of(lambda: groups.create("one", "One")) == "unsupported"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(), None),
        (failed("Invalid UID"), "account_missing"),
        (failed("Something else"), "refused"),
        (thrown("Listener.php", "Something else"), "server_error"),
    ],
)
def test_the_second_factor_is_reset(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """The account logs in without one from then on."""
    occ.expect("twofactorauth:disable", "--", "-anna", said=said)
    assert code_of(lambda: opened(occ).action("reset_second_factor")("-anna")) == expected


def test_an_action_that_owncloud_does_not_have(occ: ScriptedOcc) -> None:
    """It is named."""
    assert code_of(lambda: opened(occ).action("wipe_devices")) == "unsupported"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (REFUSED_NAME, None),
        (thrown("Manager.php", f"Ein Benutzername darf nur die folgenden Zeichen enthalten: {CHARACTERS}"), None),
        (Said(0, 'The user "bill/nextcloud" was created successfully\n'), "refused"),
        (failed('The user "bill/nextcloud" already exists.'), "refused"),
        (failed("--password-from-env given, but OC_PASS is empty!"), "occ_unusable"),
        (thrown("Manager.php", "Something else"), "refused"),
    ],
)
def test_the_proof_that_accounts_can_be_changed(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """Only the refusal of the name is one. It changes nothing, so it is run in check mode, too."""
    occ.expect_read("user:add", "--password-from-env", "--", "bill/nextcloud", password=ANY, said=said)
    assert code_of(opened(occ).inspection.prove_write) == expected


def test_what_occ_does_not_tell_of_a_cloud(occ: ScriptedOcc) -> None:
    """Nothing of its limits and its space, and nobody is logged in."""
    cloud = opened(occ)
    assert set(cloud.inspection.limits({}).values()) == {"unknown", None}
    assert cloud.inspection.free_space() is None
    assert cloud.accounts.read_acting() is None
    assert cloud.credentials_end() is None
