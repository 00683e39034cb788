# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, changing and deleting accounts of ownCloud by its occ."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_owncloud_occ import (
    DISPLAY_NAMES,
    LIST,
    expect_groups,
    expect_groups_of,
    expect_list,
    expect_missing,
    expect_read,
    opened,
    row,
    rows,
    run,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown

ADD = ("user:add", "--password-from-env")
SHORT = thrown("Length.php", "Das Passwort ist zu kurz. Es sind mindestens 10 Zeichen notwendig.")
TIMEOUT = Said(None)


def test_a_creation_is_one_command(occ: ScriptedOcc) -> None:
    """With the address, the name and the groups, which are looked up: occ would make missing ones."""
    expect_missing(occ)
    expect_groups(occ, "admin", "one", "two")
    occ.expect(
        *ADD,
        "--display-name=Anna",
        "--email=a@example.org",
        "--group=one",
        "--group=two",
        "--",
        NAME,
        password=PASSWORD,
    )
    expect_read(occ, NAME, "one", "two", displayName="Anna", email="a@example.org")
    result = run_one(
        occ, password=PASSWORD, display_name="Anna", email="a@example.org", groups=["two", "one"], language="de"
    )
    assert outcome(result) == (None, "created", True)
    assert result["warnings"] == ["ownCloud by occ alone has nothing for language, which is left alone"]
    shown = result["account"]
    assert (shown["display_name"], shown["groups"], shown["backend"]) == ("Anna", ["one", "two"], "Database")


def test_a_group_that_is_missing_is_not_made(occ: ScriptedOcc) -> None:
    """Nothing is changed then, not even the account made."""
    expect_missing(occ)
    expect_groups(occ, "admin")
    result = run_one(occ, password=PASSWORD, groups=["one"])
    assert outcome(result) == ("group_missing", "none", False)
    assert '"one"' in result["failure"]["message"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (SHORT, "password_refused"),
        (failed("Invalid email address supplied"), "invalid_value"),
        (failed("An error occurred while creating the user"), "refused"),
        (thrown("AbstractDriver.php", "Table oc_users does not exist"), "outcome_unknown"),
    ],
)
def test_a_creation_that_is_refused(occ: ScriptedOcc, said: Said, expected: str) -> None:
    """What occ said is told to the end, although it breaks its words at the width of a terminal."""
    expect_missing(occ)
    occ.expect(*ADD, "--", NAME, password=PASSWORD, said=said)
    expect_missing(occ)
    result = run_one(occ, password=PASSWORD)
    assert outcome(result) == (expected, "none", False)
    if said is SHORT:
        assert result["failure"]["detail"] == (
            'occ says: "Das Passwort ist zu kurz. Es sind mindestens 10 Zeichen notwendig.".'
        )


@pytest.mark.parametrize(("proven", "expected"), [(True, (None, "created", True)), (False, "outcome_unknown")])
def test_a_creation_that_did_not_end(occ: ScriptedOcc, proven: bool, expected: t.Any) -> None:
    """The account exists; its password shows whether it is ours, and it gets what it lacks."""
    tried: list[tuple[str, str]] = []

    def log_in(name: str, password: str) -> bool:
        tried.append((name, password))
        return proven

    expect_missing(occ)
    occ.expect(*ADD, "--display-name=Anna", "--email=a@example.org", "--", NAME, password=PASSWORD, said=TIMEOUT)
    expect_read(occ)
    if proven:
        occ.expect("user:modify", "--", NAME, "email", "a@example.org")
        occ.expect("user:modify", "--", NAME, "displayname", "Anna")
        expect_read(occ, NAME, email="a@example.org", displayName="Anna")
    wish: dict[str, t.Any] = {"email": "a@example.org", "display_name": "Anna"}
    wish["create_only"] = ["email", "display_name"]
    result = run_one(occ, password=PASSWORD, connection={"log_in": log_in}, **wish)
    assert tried == [(NAME, PASSWORD)]
    assert (outcome(result) if proven else code(result)) == expected


def test_an_account_that_was_made_meanwhile(occ: ScriptedOcc) -> None:
    """Without an address to log in at, nothing proves it ours, whatever its e-mail address."""
    expect_missing(occ)
    occ.expect(
        *ADD, "--email=a@example.org", "--", NAME, password=PASSWORD, said=failed(f'The user "{NAME}" already exists.')
    )
    expect_read(occ, email="a@example.org")
    slept: list[float] = []
    result = run(occ, {"password": PASSWORD, "email": "a@example.org"}, slept=slept)[0]
    assert outcome(result) == ("account_conflict", "none", False)
    assert "api_url" in result["failure"]["message"]
    assert not slept


def test_an_account_without_its_address(occ: ScriptedOcc) -> None:
    """It is a stranger's, without waiting: no command of a killed run goes on while others are run."""
    slept: list[float] = []
    expect_read(occ)
    result = run(occ, {"password": PASSWORD, "email": "a@example.org", "ownership": "proven"}, slept=slept)[0]
    assert (code(result), slept) == ("account_conflict", [])


def test_a_long_display_name(occ: ScriptedOcc) -> None:
    """The table of accounts has no room for it; so it is refused before any command."""
    assert code(run_one(occ, display_name="x" * 65)) == "invalid_value"


UNPRINTABLE = thrown(
    "OutputFormatterStyle.php", 'Invalid foreground color specified: "x". Expected one of (black, red)'
)


@pytest.mark.parametrize(
    "said", [UNPRINTABLE, TIMEOUT, printed([]), printed(["x"]), printed("x"), printed({NAME: {"uid": NAME}})]
)
def test_a_display_name_that_occ_does_not_tell(occ: ScriptedOcc, said: Said) -> None:
    """Its owner may choose one that cannot be printed, and would never be disabled: it is not known, that is all."""
    for enabled in (True, False):
        expect_groups_of(occ, NAME, "one")
        occ.expect_read(*LIST, "--", NAME, said=rows(row(NAME, enabled=enabled, email="a@example.org")))
        occ.expect_read(*DISPLAY_NAMES, "--", NAME, said=said)
        if enabled:
            occ.expect("user:disable", "--", NAME)
    result = run_one(occ, state="disabled")
    assert outcome(result) == (None, "updated", True)
    shown = result["account"]
    assert (shown["display_name"], shown["email"], shown["groups"]) == (None, "a@example.org", ["one"])


def test_a_password_that_php_takes_for_none(occ: ScriptedOcc) -> None:
    """occ would say that it got no password, as if the server were set up wrongly."""
    expect_missing(occ)
    assert outcome(run_one(occ, password="0")) == ("password_refused", "none", False)


def test_what_differs_is_set(occ: ScriptedOcc) -> None:
    """Each by its command, and one reading shows it all."""
    expect_read(occ, NAME, "old", enabled=False)
    occ.expect("user:enable", "--", NAME)
    occ.expect("group:add-member", f"--member={NAME}", "--", "-new")
    occ.expect("group:remove-member", f"--member={NAME}", "--", "old")
    occ.expect("user:resetpassword", "--password-from-env", "--", NAME, password=PASSWORD)
    occ.expect("user:modify", "--", NAME, "email", "a@example.org")
    occ.expect("user:modify", "--", NAME, "displayname", "-Anna")
    expect_groups_before(occ, "old", "-new")
    expect_read(occ, NAME, "-new", email="a@example.org", displayName="-Anna")
    result = run_one(
        occ,
        password=PASSWORD,
        update_password="set",
        email="a@example.org",
        display_name="-Anna",
        groups=["-new"],
        groups_absent=["old"],
    )
    assert outcome(result) == (None, "updated", True)
    assert [change["field"] for change in result["changes"]] == [
        "enabled",
        "groups",
        "email",
        "display_name",
        "password",
    ]


def expect_groups_before(occ: ScriptedOcc, *names: str) -> None:
    """An account is enabled only after its groups were looked up."""
    expect_groups(occ, *names)
    occ.script.insert(2, occ.script.pop())


def test_an_account_that_is_as_wished(occ: ScriptedOcc) -> None:
    """It takes two commands, and one in check mode changes nothing."""
    expect_read(occ, NAME, "one", email="A@example.org", quota="5 GB")
    result = run_one(occ, email="a@example.org", groups=["one"])
    assert outcome(result) == (None, "none", False)
    assert result["account"]["quota"] == 5 * 1024**3


def test_check_mode_changes_nothing(occ: ScriptedOcc) -> None:
    """Only commands are run that change nothing."""
    expect_read(occ)
    assert outcome(run(occ, {"state": "disabled"}, check_mode=True)[0]) == (None, "updated", True)


@pytest.mark.parametrize(("version", "expected"), [("10.5.0 RC1", None), ("10.4.1", "unsupported")])
def test_an_address_is_removed(occ: ScriptedOcc, version: str, expected: str | None) -> None:
    """By an empty one, which releases before 10.5 do not take."""
    expect_read(occ, email="a@example.org")
    if expected is None:
        occ.expect("user:modify", "--", NAME, "email", "")
        expect_read(occ)
    assert code(run_one(occ, email="", connection={"version": version})) == expected


@pytest.mark.parametrize(
    ("wish", "command", "said", "expected"),
    [
        (
            {"email": "a@b"},
            ("user:modify", "--", NAME, "email", "a@b"),
            failed("Email address provided is invalid"),
            "invalid_value",
        ),
        (
            {"email": "a@b"},
            ("user:modify", "--", NAME, "email", "a@b"),
            failed(f"The user {NAME} does not exist"),
            "account_missing",
        ),
        (
            {"display_name": "A"},
            ("user:modify", "--", NAME, "displayname", "A"),
            failed("Display name cannot be set"),
            "backend_refused",
        ),
        ({"state": "disabled"}, ("user:disable", "--", NAME), failed("User does not exist"), "account_missing"),
        (
            {"state": "disabled"},
            ("user:disable", "--", NAME),
            thrown(
                "User.php",
                "Operation cannot be allowed as other apps are fetching extended attributes of this user.",
            ),
            "backend_refused",
        ),
        (
            {"groups": ["one"]},
            ("group:add-member", f"--member={NAME}", "--", "one"),
            failed('Group "one" does not exist'),
            "group_missing",
        ),
        (
            {"groups": ["one"]},
            ("group:add-member", f"--member={NAME}", "--", "one"),
            failed(f'User "{NAME}" could not be found - not added to group "one"'),
            "account_missing",
        ),
        (
            {"groups_absent": ["two"]},
            ("group:remove-member", f"--member={NAME}", "--", "two"),
            failed(f'Member "{NAME}" does not exist - not removed from group "two"'),
            "account_missing",
        ),
    ],
)
def test_a_change_that_is_refused(
    occ: ScriptedOcc, wish: dict[str, t.Any], command: tuple[str, ...], said: Said, expected: str
) -> None:
    """Nothing was changed, so nothing is read again."""
    expect_read(occ, NAME, "two")
    occ.expect(*command, said=said)
    assert outcome(run_one(occ, **wish)) == (expected, "none", False)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (SHORT, "password_refused"),
        (failed("User does not exist"), "account_missing"),
        (failed("Error while resetting password!"), "backend_refused"),
    ],
)
def test_a_password_that_is_refused(occ: ScriptedOcc, said: Said, expected: str) -> None:
    """By the policy, or by the backend of the account."""
    expect_read(occ)
    occ.expect("user:resetpassword", "--password-from-env", "--", NAME, password=PASSWORD, said=said)
    assert outcome(run_one(occ, password=PASSWORD, update_password="set")) == (expected, "none", False)


def test_a_change_that_does_nothing(occ: ScriptedOcc) -> None:
    """occ ends with 0 for it: the account tells."""
    expect_read(occ)
    occ.expect("user:modify", "--", NAME, "email", "a@example.org")
    expect_read(occ)
    assert code(run_one(occ, email="a@example.org")) == "not_verified"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (failed(f"User with uid '{NAME}' does not exist"), (None, "deleted", True)),
        (
            failed(f"User with uid '{NAME}', display name 'A', email '' could not be deleted. Please check the logs."),
            ("backend_refused", "none", False),
        ),
        (thrown("Db.php", "Table oc_x does not exist"), (None, "deleted", True)),
    ],
)
def test_a_deletion_that_is_refused(occ: ScriptedOcc, said: Said, expected: t.Any) -> None:
    """Unless the account is gone already. After an exception that is looked up."""
    expect_read(occ)
    occ.expect("user:delete", "--", NAME, said=said)
    if expected[0] is None:
        expect_missing(occ)
    assert outcome(run_one(occ, state="absent")) == expected


@pytest.mark.parametrize(("enabled", "expected"), [(False, None), (True, "server_error")])
def test_an_exception_in_a_change(occ: ScriptedOcc, enabled: bool, expected: str | None) -> None:
    """It may come from an app that is told of what was done: the account shows it."""
    expect_read(occ)
    occ.expect("user:disable", "--", NAME, said=thrown("Listener.php", "The mail server does not answer"))
    expect_read(occ, enabled=enabled)
    result = run_one(occ, state="disabled")
    assert outcome(result) == (expected, "updated", True)
    assert expected is None or result["failure"]["outcome_unknown"]


def test_a_failure_is_not_taken_for_a_missing_account(occ: ScriptedOcc) -> None:
    """Otherwise an account would be made, or a deletion be told."""
    said = thrown("AbstractDriver.php", f"User {NAME} does not exist.")
    occ.expect_read("user:list-groups", "--output=json", "--", NAME, said=said)
    assert outcome(run_one(occ, state="absent")) == ("refused", "none", False)


def test_administrators_are_not_changed(occ: ScriptedOcc) -> None:
    """Their group tells."""
    expect_read(occ, NAME, "admin")
    assert outcome(run_one(occ, state="absent")) == ("protected_account", "none", False)


def test_an_account_in_another_notation(occ: ScriptedOcc) -> None:
    """The cloud ignores case."""
    found = row(NAME.upper())
    occ.expect_read("user:list-groups", "--output=json", "--", NAME, said=Said(0, "[]\n"))
    expect_list(occ, row(f"{NAME}3"), found, search=NAME)
    result = run_one(occ, state="absent")
    assert outcome(result) == ("account_conflict", "none", False)
    assert NAME.upper() in result["failure"]["message"]


def test_a_search_that_is_too_short_for_an_old_release(occ: ScriptedOcc) -> None:
    """It finds nothing, although there is such an account, so all of them are listed."""
    occ.expect_read("user:list-groups", "--output=json", "--", "bob", said=Said(0, '["one"]\n'))
    expect_list(occ, search="bob")
    expect_list(occ, row("bob"), row("bobby"))
    account = opened(occ).accounts.read("bob")
    assert account is not None
    assert (account.name, account.groups) == ("bob", ("one",))


@pytest.mark.parametrize("name", ["-anna", "--version"])
def test_a_name_like_an_option(occ: ScriptedOcc, name: str) -> None:
    """No command takes it for one."""
    expect_read(occ, name)
    occ.expect("user:delete", "--", name)
    expect_missing(occ, name)
    assert outcome(run_one(occ, name=name, state="absent")) == (None, "deleted", True)


@pytest.mark.parametrize("name", ["ab", "Avatars", "a/b"])
def test_a_name_that_owncloud_does_not_take(occ: ScriptedOcc, name: str) -> None:
    """No command is run for it."""
    assert code(run_one(occ, name=name, password=PASSWORD)) == "invalid_name"


@pytest.mark.parametrize(
    "said",
    [
        Said(0, '["one"]\n', "ownCloud is in maintenance mode - no app have been loaded\n\n"),
        Said(0, 'ownCloud or one of the apps require upgrade - only a limited number of ...\n["one"]\n'),
    ],
)
def test_a_cloud_in_maintenance(occ: ScriptedOcc, said: Said) -> None:
    """occ goes on working, but without the apps: nothing is taken for the truth, nor changed."""
    occ.expect_read("user:list-groups", "--output=json", "--", NAME, said=said)
    results = run(occ, {"state": "disabled"}, {"name": "berta", "state": "disabled"})
    assert [code(result) for result in results] == ["maintenance", "maintenance"]


def test_a_display_name_that_speaks_of_maintenance(occ: ScriptedOcc) -> None:
    """It is no notice."""
    expect_read(occ, displayName="Cloud is in maintenance mode, or one of the apps require upgrade")
    assert opened(occ).accounts.read(NAME) is not None


NO_ACCOUNTS = ('{"a":{"uid":"a"}}', '{"a":{"enabled":true}}', '{"a":{"enabled":true,"uid":"b"}}')


@pytest.mark.parametrize("output", ["", "{", '"x"', "[1]", *NO_ACCOUNTS, "{}extra"])
def test_what_is_no_list_of_accounts(occ: ScriptedOcc, output: str) -> None:
    """It says nothing of the account."""
    occ.expect_read("user:list-groups", "--output=json", "--", NAME, said=Said(0, "[]\n"))
    occ.expect_read(*LIST, "--", NAME, said=Said(0, output + "\n"))
    occ.expect_read(*DISPLAY_NAMES, "--", NAME, said=rows(row(NAME), command=DISPLAY_NAMES))
    with pytest.raises(CloudError) as raised:
        opened(occ).accounts.read(NAME)
    assert raised.value.code == "not_an_answer"


def test_numbers_for_names(occ: ScriptedOcc) -> None:
    """PHP makes numbers of names that look like some, and a warning of PHP may come first."""
    said = Said(0, 'PHP Warning: something [here]\n{"1":777,"3":"one"}\n')
    occ.expect_read("user:list-groups", "--output=json", "--", "123", said=said)
    expect_list(occ, row("123", uid=123, lastLogin=1795423060), search="123")
    account = opened(occ).accounts.look_up("123")
    assert account is not None
    assert (account.name, account.display_name, account.groups) == ("123", "123", ("777", "one"))
    assert account.shown()["last_login"] == "2026-11-23T08:37:40Z"


def test_files_that_cannot_be_handed_over(occ: ScriptedOcc) -> None:
    """Before any command, so that nothing is deleted."""
    assert outcome(run_one(occ, state="absent", transfer_files_to="berta")) == ("unsupported", "none", False)


@pytest.mark.parametrize("option", [{"invite": True, "email": "a@example.org"}, {"manager": "berta"}])
def test_what_owncloud_has_nothing_for(occ: ScriptedOcc, option: dict[str, t.Any]) -> None:
    """Asking for it is an error, before any command; nothing keeps such an account from being deleted."""
    assert code(run_one(occ, **option)) == "unsupported"
    expect_missing(occ)
    assert outcome(run_one(occ, state="absent", **option)) == (None, "none", False)
