# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading accounts of a Nextcloud by its occ: in as few commands as will do, and never a failure for a missing one."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    expect_app_setting,
    expect_creation,
    expect_info,
    expect_missing,
    expect_page,
    expect_set,
    expect_settings,
    info,
    opened,
    run,
    run_one,
    storage,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown

MAINTENANCE = "Nextcloud is in maintenance mode, no apps are loaded.\nCommands provided by apps are unavailable.\n"
UPGRADE = "Nextcloud or one of the apps require upgrade - only a limited number of commands are available\n"
MANY = [f"user_{number}" for number in range(8)]
"""As many as make a page of all accounts cheaper than each for itself."""


def look_up(occ: ScriptedOcc, **connection: t.Any) -> t.Any:
    """Look the account up with nothing prepared, so that all its fields are read."""
    return opened(occ, **connection).accounts.look_up(NAME)


def test_all_fields(occ: ScriptedOcc) -> None:
    """Where nobody has said which matter: two commands."""
    expect_info(
        occ,
        display_name="Anna",
        email="anna@example.org",
        groups=["two", 7],
        quota="5 GB",
        storage=storage(17544006),
        last_seen="2026-11-28T06:42:01+02:00",
        enabled=False,
    )
    expect_settings(occ, {"core": {"lang": "de"}, "settings": {"manager": '["boss","deputy"]'}})
    shown = look_up(occ).shown()
    assert shown == {
        "name": NAME,
        "enabled": False,
        "quota": 5 * 1024**3,
        "used": 17544006,
        "groups": ["7", "two"],
        "email": "anna@example.org",
        "display_name": "Anna",
        "language": "de",
        "group_admin_of": [],
        "manager": "boss",
        "backend": "Database",
        "last_login": "2026-11-28T04:42:01Z",
        "administrator": False,
    }


def test_release_17(occ: ScriptedOcc) -> None:
    """It tells nothing of the space, and 1970 for never (recorded)."""
    record = info(last_seen="1970-01-01T00:00:00+00:00", quota="1073741824")
    occ.expect_read(
        "user:info",
        "--output=json",
        "--",
        NAME,
        said=printed({key: value for key, value in record.items() if key not in ("storage", "first_seen")}),
    )
    expect_settings(occ, [])
    shown = look_up(occ, version="17.0.10.1").shown()
    assert (shown["quota"], shown["used"], shown["last_login"]) == (1024**3, None, None)
    assert (shown["language"], shown["manager"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(r"x\<y", r"x\<y"), (r"x\\>", r"x\\\>"), ("x<y", "x<y"), (r"x\y", r"x\\y")],
)
def test_a_display_name_that_occ_mangles(occ: ScriptedOcc, name: str, shown: str) -> None:
    """Its owner may choose it, and must not become one whom nobody can read, and so nobody can disable."""
    text = json.dumps(info(display_name="NAME")).replace("NAME", shown)
    occ.expect_read("user:info", "--output=json", "--", NAME, said=Said(0, text + "\n"))
    expect_settings(occ, {})
    assert look_up(occ).display_name == name


def expect_unprintable(occ: ScriptedOcc, refused: str, enabled: bool) -> None:
    """An account is read whose display name cannot be printed."""
    occ.expect_read("user:info", "--output=json", "--", NAME, said=Said(1, "", refused))
    occ.expect_read("user:info", "--", NAME, said=Said(1, f"  - user_id: {NAME}\n", refused))
    for app, key, default, value in (
        ("files", "quota", "default", "5 GB"),
        ("core", "enabled", "true", "true" if enabled else "false"),
    ):
        occ.expect_read("user:setting", f"--default-value={default}", "--", NAME, app, key, said=Said(0, value + "\n"))
    occ.expect_read(
        "group:list",
        "--output=json",
        "--limit=500",
        "--offset=0",
        said=printed({"one": [NAME], "two": ["berta"]}),
    )
    occ.expect_read("user:setting", "--default-value=", "--", NAME, "settings", "email", said=Said(0, "a@b.org\n"))


@pytest.mark.parametrize(
    "refused",
    [  # for "x<fg=zzz>y" (seen with release 31), and for "<info></error>"
        '  Invalid "zzz" color; expected one of (black, red, green, yellow, blue, mage  \n',
        "  Incorrectly nested style tag found.  \n",
    ],
)
def test_a_display_name_that_occ_refuses_to_print(occ: ScriptedOcc, refused: str) -> None:
    """Its owner may choose it, and would never be disabled."""
    expect_unprintable(occ, refused, enabled=True)
    occ.expect("user:disable", "--", NAME)
    expect_unprintable(occ, refused, enabled=False)
    result = run_one(occ, state="disabled")
    assert outcome(result) == (None, "updated", True)
    shown = result["account"]
    assert (shown["enabled"], shown["groups"], shown["email"], shown["quota"]) == (
        False,
        ["one"],
        "a@b.org",
        5 * 1024**3,
    )


def test_display_names_that_hide_what_is_between_them(occ: ScriptedOcc) -> None:
    """From "<href=" to ">" occ leaves everything out (seen with release 31): an account is shown with the state of
    another one. Then each is read for itself, and the one that is open is closed."""
    page = json.dumps({name: info(name, display_name="x", enabled=name != "zoe") for name in ("anna", "berta", "zoe")})
    start, end = page.index('"x"') + 2, page.rindex('"x"') + 2
    expect_page(occ, said=Said(0, page[:start] + page[end:] + "\n"))
    occ.ordered = False
    wishes = [{"name": name, "state": "disabled"} for name in ("anna", *MANY[:7])]
    for name in MANY[:7]:
        expect_info(occ, name, enabled=False)
    expect_info(occ, "anna")
    expect_info(occ, "anna", enabled=False)
    occ.expect("user:disable", "--", "anna")
    results = run(occ, *wishes)
    assert [outcome(result) for result in results] == [(None, "updated", True), *[(None, "none", False)] * 7]


@pytest.mark.parametrize("manager", ["[]", '[""]', "{}", "boss", '[{"a": 1}]'])
def test_no_manager(occ: ScriptedOcc, manager: str) -> None:
    """The API leaves an empty name behind when one is taken away."""
    expect_info(occ)
    expect_settings(occ, {"settings": {"manager": manager}})
    assert look_up(occ).manager is None


@pytest.mark.parametrize(
    ("wish", "commands"),
    [
        ({"quota": "none"}, []),
        ({"language": "de"}, [({"core": {"lang": "de"}}, "core")]),
        ({"manager": ""}, [({"settings": {"display_name": NAME}}, "settings")]),
        ({"language": "de", "manager": ""}, [({"core": {"lang": "de"}},)]),
    ],
)
def test_a_second_command_only_for_what_is_asked(occ: ScriptedOcc, wish: dict[str, t.Any], commands: t.Any) -> None:
    """Language and manager; a look at one of them does not print the other apps' settings."""
    expect_info(occ)
    for settings, *app in commands:
        expect_settings(occ, settings, *app)
    assert outcome(run_one(occ, **wish)) == (None, "none", False)


def test_another_notation(occ: ScriptedOcc) -> None:
    """Look-up ignores case."""
    occ.expect_read("user:info", "--output=json", "--", "Anna", said=printed(info("anna")))
    assert code(run_one(occ, name="Anna")) == "account_conflict"


def test_administrators_are_not_touched(occ: ScriptedOcc) -> None:
    """Whoever acts at the API is one."""
    expect_info(occ, groups=["admin", "one"])
    assert outcome(run_one(occ, state="absent")) == ("protected_account", "none", False)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (failed("something else"), "refused"),
        (failed("xuser not found"), "refused"),
        (Said(0, "user not found\n"), "not_an_answer"),
        (Said(0, ""), "not_an_answer"),
        (Said(0, '{"user_id": "user_12"}\n'), "not_an_answer"),
        (printed({**info(), "enabled": None}), "not_an_answer"),
        (printed([]), "not_an_answer"),
        (thrown("Connection.php", "Lost connection to LDAP server.", "user:info <user>"), "server_error"),
        (Said(1, "", MAINTENANCE + '\n  Command "user:info" is not defined.  \n'), "maintenance"),
        (Said(0, printed(info()).output, MAINTENANCE), "maintenance"),
        (Said(1, "user not found\n", MAINTENANCE), "maintenance"),
        (Said(1, UPGRADE + "user not found\n"), "maintenance"),
        (Said(None), "timeout"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_failure_is_not_a_missing_account(occ: ScriptedOcc, said: Said, expected: str, state: str) -> None:
    """Nothing is created, and nothing counts as deleted."""
    occ.expect_read("user:info", "--output=json", "--", NAME, said=said)
    assert outcome(run_one(occ, state=state, password=PASSWORD)) == (expected, "none", False)


def test_notices_of_php_are_passed_over(occ: ScriptedOcc) -> None:
    """They come before the object, and before the words of a refusal."""
    notice = "Deprecated: something in /srv/lib.php on line 7\n"
    occ.expect_read("user:info", "--output=json", "--", NAME, said=Said(0, notice + printed(info()).output))
    assert outcome(run_one(occ)) == (None, "none", False)
    occ.expect_read("user:info", "--output=json", "--", NAME, said=Said(1, notice + "user not found\n"))
    assert outcome(run_one(occ, state="absent")) == (None, "none", False)


# many accounts


def test_few_are_read_one_by_one(occ: ScriptedOcc) -> None:
    """A page of all would take longer."""
    for name in MANY[:-1]:
        expect_info(occ, name)
    results = run(occ, *({"name": name} for name in MANY[:-1]))
    assert {outcome(result) for result in results} == {(None, "none", False)}


def test_many_are_read_in_one_go(occ: ScriptedOcc) -> None:
    """One command, when nothing is to be done; what has to change is read afresh afterwards."""
    wish = {"email": "a@example.org", "quota": "5 GB"}
    expect_page(occ, info("other"), *(info(name, email="a@example.org", quota="5 GB") for name in MANY))
    results = run(occ, *({"name": name, **wish} for name in MANY))
    assert {outcome(result) for result in results} == {(None, "none", False)}
    expect_page(occ, *(info(name, email="a@example.org", enabled=name != "user_3") for name in MANY))
    occ.expect("user:enable", "--", "user_3")
    expect_info(occ, "user_3", email="a@example.org")
    results = run(occ, *({"name": name, "email": "a@example.org"} for name in MANY))
    assert [outcome(result)[1] for result in results] == ["none"] * 3 + ["updated"] + ["none"] * 4


def test_a_quota_that_changes_is_read_afresh(occ: ScriptedOcc) -> None:
    """A page does not tell the space in use, of which a smaller quota warns."""
    expect_page(occ, *(info(name, quota="5 GB") for name in MANY))
    used = {"storage": storage(3 * 1024**3), "last_seen": "2026-11-28T06:42:01+02:00"}
    expect_info(occ, "user_0", quota="5 GB", **used)
    expect_app_setting(occ, "files", "max_quota")
    expect_set(occ, "files", "quota", "2 GB", name="user_0")
    expect_info(occ, "user_0", quota="2 GB", **used)
    results = run(occ, {"name": "user_0", "quota": "2 GB"}, *({"name": name, "quota": "5 GB"} for name in MANY[1:]))
    assert [outcome(result)[1] for result in results] == ["updated"] + ["none"] * 7
    assert "quota below use" in results[0]["warnings"][0]


def test_language_and_manager_are_read_besides(occ: ScriptedOcc) -> None:
    """Of those accounts only for which they are asked."""
    expect_page(occ, *(info(name) for name in MANY))
    expect_settings(occ, {"core": {"lang": "fr"}}, "core", name="user_0")
    results = run(occ, {"name": "user_0", "language": "fr"}, *({"name": name} for name in MANY[1:]))
    assert {outcome(result) for result in results} == {(None, "none", False)}


def test_new_ones_are_not_looked_for_one_by_one(occ: ScriptedOcc) -> None:
    """A whole list did not have them, and their creation would tell. Where they should be gone, it is made sure."""
    expect_page(occ, *(info(name) for name in MANY[3:]), info("user_2"))
    expect_missing(occ, "user_1")
    occ.expect_read("user:info", "--output=json", "--", "User_2", said=printed(info("user_2")))
    expect_creation(occ, name="user_0")
    expect_info(occ, "user_0")
    results = run(
        occ,
        {"name": "user_0", "password": PASSWORD},
        {"name": "user_1", "state": "absent"},
        {"name": "User_2", "password": PASSWORD},
        *({"name": name} for name in MANY[3:]),
    )
    assert [outcome(result)[:2] for result in results[:3]] == [
        (None, "created"),
        (None, "none"),
        ("account_conflict", "none"),
    ]


@pytest.mark.parametrize("given", [{}, {"check_mode": True}])
def test_whom_no_creation_would_tell_is_looked_for(occ: ScriptedOcc, given: dict[str, bool]) -> None:
    """An account that was deleted between two pages has moved another one out of both."""
    filler = [info(f"filler{number}") for number in range(993)]
    expect_page(occ, *filler, *(info(name) for name in MANY[1:]))
    names = [*MANY, *(f"more_{number}" for number in range(8))]  # two pages are worth it
    expect_page(occ, *(info(name) for name in names[8:]), offset=1000)
    expect_info(occ, "user_0")
    password = {"password": PASSWORD} if given else {}
    results = run(occ, *({"name": name, **password} for name in names), **given)
    assert {outcome(result) for result in results} == {(None, "none", False)}


def test_no_more_pages_than_are_worth_it(occ: ScriptedOcc) -> None:
    """One for each eight names; what they do not have is read one by one, and is not taken for new."""
    filler = [info(f"filler{number}") for number in range(992)]
    expect_page(occ, *filler, *(info(name) for name in MANY[:7]), info("last"))
    expect_missing(occ, "user_7")
    expect_creation(occ, name="user_7")
    expect_info(occ, "user_7")
    results = run(occ, *({"name": name, "password": PASSWORD} for name in MANY))
    assert [outcome(result)[1] for result in results] == ["none"] * 7 + ["created"]


def test_pages_end_when_all_are_found(occ: ScriptedOcc) -> None:
    """With sixteen names there might be two."""
    names = [f"n{number}" for number in range(16)]
    filler = [info(f"filler{number}") for number in range(984)]
    expect_page(occ, *filler, *(info(name) for name in names))
    assert {outcome(one) for one in run(occ, *({"name": name} for name in names))} == {(None, "none", False)}
    expect_page(occ, *filler, *(info(name) for name in names[1:]), info("last"))
    expect_page(occ, info("n0"), offset=1000)
    assert {outcome(one) for one in run(occ, *({"name": name} for name in names))} == {(None, "none", False)}


@pytest.mark.parametrize(
    "said",
    [
        Said(None),
        failed("something"),
        Said(0, "no JSON\n"),
        printed({"a": {"user_id": "a"}}),
        Said(1, "", '\n  The "--info" option does not exist.  \n\nuser:list [-l|--limit [LIMIT]]\n'),  # 17
    ],
)
def test_a_page_that_cannot_be_read(occ: ScriptedOcc, said: Said) -> None:
    """All are read one by one then."""
    expect_page(occ, said=said)
    for name in MANY:
        expect_info(occ, name)
    assert {outcome(one) for one in run(occ, *({"name": name} for name in MANY))} == {(None, "none", False)}


def test_threads(occ: ScriptedOcc) -> None:
    """Accounts are worked on at the same time, and each setting of the instance is asked for once."""
    occ.ordered = False
    names = [f"n{number}" for number in range(40)]
    expect_page(occ, *(info(name) for name in names))
    expect_app_setting(occ, "files", "max_quota")
    for name in names:
        expect_info(occ, name)
        expect_set(occ, "files", "quota", "5 GB", name=name)
        expect_info(occ, name, quota="5 GB")
    results = run(occ, *({"name": name, "quota": "5 GB"} for name in names), threads=True)
    assert {outcome(result) for result in results} == {(None, "updated", True)}
    assert max(occ.batches) > 1


def test_a_protected_account_of_a_page(occ: ScriptedOcc) -> None:
    """It is as protected as one that was read for itself."""
    expect_page(occ, *(info(name, groups=["admin"] if name == "user_0" else []) for name in MANY))
    results = run(occ, *({"name": name} for name in MANY))
    assert [code(result) for result in results] == ["protected_account"] + [None] * 7


def test_nothing_is_kept_for_a_second_read(occ: ScriptedOcc) -> None:
    """What a page has shown is taken once."""
    cloud = opened(occ)
    accounts = cloud.accounts
    expect_page(occ, *(info(name) for name in MANY))
    cloud.prepare([Wish(name, "exists") for name in MANY])
    first = accounts.read("user_0")
    assert first is not None
    assert first.enabled
    expect_info(occ, "user_0", enabled=False)
    again = accounts.read("user_0")
    assert again is not None
    assert not again.enabled
    occ.expect_read("user:info", "--output=json", "--", "user_0", said=failed("gone wrong"))
    with pytest.raises(CloudError):
        accounts.read("user_0")
