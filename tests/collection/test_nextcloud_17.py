# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on a Nextcloud 17, whose answers were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from harness.cloud import Server

from collection.conftest import Installed
from collection.tasks import Played, Task, connection, play

PASSWORD = "Example-password-of-the-administrator"
CUSTOMER = "Example-password-of-a-customer"
OTHER = "Another-password-of-a-customer"
GIB = 1024**3

FULL = {
    "name": "full",
    "password": "{{ customer }}",
    "display_name": "Анна",
    "email": "anna@example.org",
    "language": "de",
    "quota": "5 GB",
    "groups": ["customers"],
    "group_admin_of": ["customers"],
}
CHANGED = {**FULL, "display_name": "Anna", "email": "a@example.org", "language": "fr", "quota": "6 GB", "groups": []}
AS_GROUP_ADMIN = {"api_username": "full", "api_password": "{{ other }}"}


def one(**options: Any) -> Task:
    """A task for one account."""
    return Task("nextcloud_user", options)


TASKS = {
    "probe": Task("nextcloud_probe"),
    "create": one(**FULL),
    "create again": one(**FULL),
    "change": one(**{**CHANGED, "groups_absent": ["customers"]}),
    "password": one(name="full", password="{{ other }}", update_password="always"),
    "weak password": one(name="full", password="short", update_password="always"),
    "bad language": one(name="klingon", password="{{ customer }}", language="xx", email="k@example.org"),
    "odd address": one(name="odd", password="{{ customer }}", email="a@b"),
    "unknown group": one(name="nobody", password="{{ customer }}", group_admin_of=["nope"]),
    "manager": one(name="full", quota="7 GB", manager="provisioning"),
    "manager at creation": one(name="managed", password="{{ customer }}", manager="full"),
    "long name": one(name="full", display_name="L" * 65),
    "disable": one(name="odd", state="disabled"),
    "delete": one(name="odd", state="absent"),
    "delete again": one(name="odd", state="absent"),
    "group": Task("nextcloud_group", {"name": "plain", "members": ["full"]}),
    "group with a name": Task("nextcloud_group", {"name": "customers", "display_name": "Customers"}),
    "new group with a name": Task("nextcloud_group", {"name": "named", "display_name": "Named"}),
    "default quota": Task("nextcloud_quota", {"default": "5 GB"}),
    "maximum": Task("nextcloud_quota", {"maximum": "9 GB"}),
    "forbid unlimited": Task("nextcloud_quota", {"allow_unlimited": False, "default": "5 GB"}),
    "list": Task("nextcloud_user_info"),
    "probe as a group admin": Task("nextcloud_probe", AS_GROUP_ADMIN),
    "out of reach": Task("nextcloud_user_info", {**AS_GROUP_ADMIN, "names": ["provisioning", "full"]}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A cloud that the account ``provisioning`` administers."""
    started = Server(
        tmp_path_factory.mktemp("cloud"),
        product="nextcloud-17",
        admin_user="provisioning",
        admin_password=PASSWORD,
        groups=["customers"],
    )
    yield started
    started.stop()


@pytest.fixture(scope="module")
def played(installed: Installed, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """All tasks in one play."""
    return play(
        installed,
        tmp_path_factory.mktemp("play"),
        TASKS,
        defaults=connection(server.cloud.url, "provisioning", "admin"),
        variables={"admin": PASSWORD, "customer": CUSTOMER, "other": OTHER},
    )


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("probe", False),
        ("create", True),
        ("create again", False),
        ("change", True),
        ("password", True),
        ("odd address", True),
        ("disable", True),
        ("delete", True),
        ("delete again", False),
        ("group", True),
        ("default quota", True),
        ("list", False),
    ],
)
def test_what_works(played: Played, name: str, changed: bool) -> None:
    """As on a release of today."""
    result = played[name]
    assert (result["failed"], result["changed"]) == (False, changed), result.get("msg")


@pytest.mark.parametrize(
    ("name", "code", "changed"),
    [
        ("weak password", "password_refused", False),
        ("bad language", "invalid_value", False),
        ("unknown group", "group_missing", False),
        ("manager", "unsupported", False),
        ("manager at creation", "unsupported", False),
        ("long name", "invalid_value", False),
        ("group with a name", "unsupported", False),
        ("new group with a name", "unsupported", False),
        ("maximum", "unsupported", False),
        ("forbid unlimited", "unsupported", False),
        ("probe as a group admin", "write_not_permitted", False),
    ],
)
def test_what_fails(played: Played, name: str, code: str, changed: bool) -> None:
    """With the code that tells what to do; nothing is half done."""
    result = played[name]
    assert (result["failed"], result["failure"]["code"], result["changed"]) == (True, code, changed), result["msg"]


def test_what_is_there_in_the_end(played: Played, server: Server) -> None:
    """No account was left behind by a creation that failed."""
    listed = {account["name"]: account for account in played["list"]["accounts"]}
    assert sorted(listed) == ["full", "provisioning"]
    assert listed["full"]["display_name"] == "Anna"
    assert (listed["full"]["email"], listed["full"]["language"]) == ("a@example.org", "fr")
    assert (listed["full"]["quota"], listed["full"]["groups"]) == (6 * GIB, ["plain"])
    assert server.cloud.account("klingon") is None


def test_what_a_probe_tells(played: Played) -> None:
    """Limits that the release does not have are unknown."""
    result = played["probe"]
    assert (result["version"], result["may_write"]) == ("17.0.10", True)
    assert result["limits"]["quota_maximum"] == "unknown"
    assert result["limits"]["quota_allow_unlimited"] is None
    assert played["probe as a group admin"]["may_write"] is False


def test_who_is_out_of_reach_is_not_missing(played: Played) -> None:
    """For a group administrator, who cannot know."""
    assert played["out of reach"]["failed"]
    assert played["out of reach"]["failure"]["code"] == "write_not_permitted"
    assert played["out of reach"]["missing"] == []
