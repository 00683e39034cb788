# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, wishes and plans, without any cloud."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils import plan as plans
from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_name
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import ACCOUNT, CREATE_ONLY_FIELDS
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import FINAL, HELD, TABLE, TEMPORARY, CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish, parse_wish
from ansible_collections.bill.nextcloud.tests.unit.running import arguments
from ansible_collections.bill.nextcloud.tests.unit.scripted import record

Changes = list[tuple[str, t.Any, t.Any]]


def account(**fields: t.Any) -> Account:
    """Return an account as read."""
    return Account.from_record(record("anna", **fields))


def wish(**options: t.Any) -> Wish:
    """Return a wish for anna."""
    return parse_wish(arguments("http://h", {"name": "anna", **options})["accounts"][0], {})


CASES: list[tuple[str, dict[str, t.Any] | None, dict[str, t.Any], str, Changes]] = [
    ("right", {}, {}, "none", []),
    ("enable", {"enabled": False}, {}, "updated", [("enabled", False, True)]),
    ("disable", {}, {"state": "disabled"}, "updated", [("enabled", True, False)]),
    ("disabled already", {"enabled": "false"}, {"state": "disabled"}, "none", []),
    ("exists leaves enabled alone", {"enabled": False}, {"state": "exists"}, "none", []),
    ("exists sets the rest", {"enabled": False}, {"state": "exists", "quota": "5"}, "updated", [("quota", None, 5)]),
    ("delete", {}, {"state": "absent"}, "deleted", [("state", "present", "absent")]),
    ("gone already", None, {"state": "absent"}, "none", []),
    ("quota up", {"quota": 5}, {"quota": "10"}, "updated", [("quota", 5, 10)]),
    ("quota to unlimited", {"quota": 5}, {"quota": "none"}, "updated", [("quota", 5, None)]),
    ("quota from unlimited", {"quota": -3}, {"quota": "0"}, "updated", [("quota", None, 0)]),
    ("quota zero is right", {"quota": 0}, {"quota": "0"}, "none", []),
    ("quota rounded", {"quota": 1181116006}, {"quota": "1234567890"}, "none", []),
    ("quota unlimited as text", {"quota": {"quota": "none", "used": 0}}, {"quota": "none"}, "none", []),
    ("quota not told", {"quota": []}, {"quota": "5"}, "updated", [("quota", "unknown", 5)]),
    ("quota lacks the field", {"quota": {"used": 0}}, {"quota": "none"}, "updated", [("quota", "unknown", None)]),
    ("quota not told, none wished", {"quota": []}, {}, "none", []),
    ("group added", {"groups": ["b"]}, {"groups": ["a"]}, "updated", [("groups", ["b"], ["a", "b"])]),
    ("group there", {"groups": ["b", "a"]}, {"groups": ["a"]}, "none", []),
    ("group case counts", {"groups": ["A"]}, {"groups": ["a"]}, "updated", [("groups", ["A"], ["A", "a"])]),
    (
        "group removed",
        {"groups": ["a", "b"]},
        {"groups_absent": ["a", "x"]},
        "updated",
        [("groups", ["a", "b"], ["b"])],
    ),
    ("groups as an object", {"groups": {"0": "a", "2": "b"}}, {"groups": ["a", "b"]}, "none", []),
    ("e-mail", {"email": "a@x"}, {"email": "b@x"}, "updated", [("email", "a@x", "b@x")]),
    ("e-mail ignores case", {"email": "A@X.org"}, {"email": "a@x.ORG"}, "none", []),
    ("e-mail removed", {"email": "a@x"}, {"email": ""}, "updated", [("email", "a@x", None)]),
    ("no e-mail is empty", {"email": None}, {"email": ""}, "none", []),
    ("display name", {}, {"display_name": "Anna"}, "updated", [("display_name", "anna", "Anna")]),
    ("display name is stripped", {"displayname": "Anna"}, {"display_name": " Anna "}, "none", []),
    ("language", {}, {"language": "ru"}, "updated", [("language", "en", "ru")]),
    (
        "create_only is left alone",
        {"email": "z@x"},
        {"email": "a@x", "display_name": "A", "language": "de", "create_only": ["email", "display_name", "language"]},
        "none",
        [],
    ),
    (
        "order",
        {"enabled": False},
        {"language": "de", "display_name": "A", "email": "a@x", "quota": "5", "groups": ["g"]},
        "updated",
        [
            ("enabled", False, True),
            ("groups", [], ["g"]),
            ("quota", None, 5),
            ("email", None, "a@x"),
            ("display_name", "anna", "A"),
            ("language", "en", "de"),
        ],
    ),
    (
        "create",
        None,
        {
            "password": "p",
            "email": "a@x",
            "quota": "5",
            "groups": ["b", "a"],
            "language": "de",
            "create_only": ["email"],
        },
        "created",
        [
            ("state", "absent", "present"),
            ("enabled", None, True),
            ("password", None, "(set)"),
            ("groups", None, ["a", "b"]),
            ("quota", None, 5),
            ("email", None, "a@x"),
            ("language", None, "de"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("current", "options", "action", "changes"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_plan(current: dict[str, t.Any] | None, options: dict[str, t.Any], action: str, changes: Changes) -> None:
    """The plan holds exactly what differs."""
    plan = plans.make_plan(None if current is None else account(**current), wish(**options))
    assert plan.action == action
    assert [(change.field, change.before, change.after) for change in plan.changes] == changes


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"state": "exists"}, "account_missing"),
        ({"state": "disabled"}, "account_missing"),
        ({"create": False, "password": "p"}, "account_missing"),
        ({}, "invalid_value"),
        ({"password": ""}, "invalid_value"),
    ],
)
def test_no_plan_for_a_missing_account(options: dict[str, t.Any], code: str) -> None:
    """What must exist, or cannot be created, fails before any write."""
    with pytest.raises(CloudError) as caught:
        plans.make_plan(None, wish(**options))
    assert caught.value.code == code


def test_fields_for_creation_only_count_while_creating() -> None:
    """An account made a moment ago has to show them, too."""
    wanted = wish(language="de", create_only=["language"])
    assert plans.make_plan(account(), wanted).action == "none"
    assert plans.make_plan(account(), wanted, made_now=True).fields == ("language",)


def test_suspension() -> None:
    """Only enabled accounts that become disabled count."""
    assert plans.make_plan(account(), wish(state="disabled")).suspends
    assert not plans.make_plan(account(enabled=False), wish(state="present")).suspends
    assert not plans.make_plan(account(), wish(state="absent")).suspends


@pytest.mark.parametrize(
    ("current", "options", "warns"),
    [
        ({"used": 10}, {"quota": "9"}, True),
        ({"used": 10, "quota": 9}, {"quota": "9"}, True),
        ({"used": 10}, {"quota": "10"}, False),
        ({"used": 10}, {"quota": "none"}, False),
        ({"used": 10}, {}, False),
        ({"used": -1}, {"quota": "0"}, False),
        ({"quota": []}, {"quota": "0"}, False),
        ({"used": 10}, {"quota": "9", "state": "absent"}, False),
    ],
)
def test_quota_below_use(current: dict[str, t.Any], options: dict[str, t.Any], warns: bool) -> None:
    """A quota below use is warned about; an unknown use is not taken for one."""
    warning = plans.quota_warning(account(**current), wish(**options))
    assert (warning is not None and warning.startswith("quota below use")) is warns


def test_diff() -> None:
    """The diff is readable YAML, and a password is not in it."""
    current = account(groups=["a"], quota=5)
    plan = plans.make_plan(current, wish(quota="none", groups=["b"]))
    same = 'group_admin_of: []\nemail: null\ndisplay_name: "anna"\nlanguage: "en"\nmanager: null\n'
    assert plans.make_diff("anna", current, plan) == {
        "before_header": "anna",
        "after_header": "anna",
        "before": 'enabled: true\nquota: 5\ngroups: ["a"]\n' + same,
        "after": 'enabled: true\nquota: none\ngroups: ["a", "b"]\n' + same,
    }
    created = plans.make_diff("anna", None, plans.make_plan(None, wish(password="verysecret")))
    assert created["before"] == ""
    assert created["after"] == 'enabled: true\npassword: "(set)"\n'
    deleted = plans.make_diff("anna", current, plans.make_plan(current, wish(state="absent")))
    assert deleted["after"] == ""
    assert deleted["before"]


@pytest.mark.parametrize("name", ["a", "user_12", "a.b_c@x-y'z", "in side", "x" * 64, "...a", "0"])
def test_good_names(name: str) -> None:
    """Names that Nextcloud takes (recorded on 31.0.6)."""
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a ",
        ".",
        "..",
        "...",
        "x" * 65,
        "a/b",
        "ümlaut",
        "a\nb",
        "a\n",
        "a\\b",
        "a%41",
        "a?b",
        "a#b",
        "a\0",
    ],
)
def test_bad_names(name: str) -> None:
    """Names that Nextcloud refuses, or that could mean another path."""
    with pytest.raises(CloudError) as caught:
        check_name(name)
    assert caught.value.code == "invalid_name"


@pytest.mark.parametrize(
    "options",
    [
        {"quota": "1,5 GB"},
        {"quota": ""},
        {"display_name": " "},
        {"language": ""},
        {"email": "nobody"},
        {"email": "a b@x"},
        {"groups": ["admin"]},
        {"groups": [""]},
        {"groups": ["a"], "groups_absent": ["a"]},
        {"ownership": "proven", "email": "a@x"},
    ],
)
def test_bad_values(options: dict[str, t.Any]) -> None:
    """Values that cannot be right are refused before any request."""
    with pytest.raises(CloudError) as caught:
        wish(**options)
    assert caught.value.code == "invalid_value"


def test_password_of_an_account_wins() -> None:
    """accounts[].password is preferred to passwords."""
    item = arguments("http://h", {"name": "anna", "password": "own"})["accounts"][0]
    assert parse_wish(item, {"anna": "other"}).password == "own"
    item["password"] = None
    assert parse_wish(item, {"anna": "other"}).password == "other"
    assert parse_wish(item, {"ANNA": "other"}).password is None


def test_a_wish_does_not_print_its_password() -> None:
    """A wish may end up in a traceback."""
    assert "verysecret" not in repr(wish(password="verysecret"))


@pytest.mark.parametrize(
    "data",
    [
        [],
        None,
        {"enabled": True, "groups": []},
        {"id": "anna", "groups": []},
        {"id": "anna", "enabled": "perhaps", "groups": []},
        {"id": "anna", "enabled": True},
        {"id": "anna", "enabled": True, "groups": "admin"},
        {"id": "anna", "enabled": True, "groups": [1]},
    ],
)
def test_a_record_without_what_protects_an_account_is_refused(data: t.Any) -> None:
    """Without name, enabled and groups it cannot be known whether an account may be touched."""
    with pytest.raises(ValueError, match="record"):
        Account.from_record(data)


def test_a_record_may_be_poor() -> None:
    """Everything else may be missing."""
    read = Account.from_record({"id": "anna", "enabled": "true", "groups": ["b", "a"]})
    assert read == Account("anna", True, None, None, ("a", "b"), None, None, None)
    assert read.shown()["quota"] == "unknown"
    assert Account.from_record({"id": "a", "enabled": True, "groups": [], "quota": {"quota": 7}}).quota == Quota(7)


def test_table_of_errors() -> None:
    """Codes are fixed keys that others build on; every one has words."""
    kinds = {kind: {code for code, row in TABLE.items() if row.kind == kind} for kind in (TEMPORARY, HELD, FINAL)}
    assert kinds == {
        TEMPORARY: {
            "unreachable",
            "timeout",
            "not_an_answer",
            "rate_limited",
            "server_error",
            "outcome_unknown",
            "not_verified",
            "not_yet",
        },
        HELD: {
            "maintenance",
            "wrong_credentials",
            "login_blocked",
            "write_not_permitted",
            "certificate_not_verified",
            "host_key_not_verified",
            "host_refused",
            "occ_unusable",
        },
        FINAL: {
            "invalid_url",
            "unknown_product",
            "redirected",
            "invalid_name",
            "invalid_value",
            "duplicate_name",
            "password_refused",
            "group_missing",
            "account_missing",
            "account_conflict",
            "protected_account",
            "protected_group",
            "unsupported",
            "limit_reached",
            "backend_refused",
            "refused",
        },
    }
    assert all(row.meaning.endswith(".") and row.hint.endswith(".") for row in TABLE.values())


def test_create_only_names_fields_of_an_account() -> None:
    """The option's choices are fields that a plan knows."""
    assert set(ACCOUNT["create_only"]["choices"]) == set(CREATE_ONLY_FIELDS) <= set(ACCOUNT)
