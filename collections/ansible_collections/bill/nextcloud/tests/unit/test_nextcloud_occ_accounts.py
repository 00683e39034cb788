# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, changing and deleting accounts of a Nextcloud by its occ."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    expect_app_setting,
    expect_creation,
    expect_info,
    expect_missing,
    expect_set,
    expect_settings,
    opened,
    run,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown

EMAIL = "anna@example.org"
POLICY = "Das Passwort muss mindestens 10 Zeichen lang sein."
TIMEOUT = Said(None)


def group_info(occ: ScriptedOcc, name: str, *, exists: bool = True) -> None:
    """A group is looked up."""
    shown = printed({"groupID": name, "displayName": name, "backends": ["Database"]})
    said = shown if exists else failed(f'Group "{name}" does not exist.')
    occ.expect_read("group:info", "--output=json", "--", name, said=said)


def refused(occ: ScriptedOcc, call: t.Callable[[], object]) -> CloudError:
    """Return why a call was refused, after exactly the commands that were expected."""
    with pytest.raises(CloudError) as caught:
        call()
    occ.check()
    return caught.value


def test_a_creation(occ: ScriptedOcc) -> None:
    """Name and groups come with it; the rest is set afterwards, the address last, and read back once."""
    expect_missing(occ)
    expect_info(occ, "boss")
    expect_app_setting(occ, "files", "max_quota", "-1")
    group_info(occ, "one")
    group_info(occ, "two")
    expect_creation(occ, "--group=one", "--group=two", "--display-name=-Anna")
    fields: dict[str, t.Any] = {"display_name": "-Anna", "groups": ["one", "two"]}
    expect_info(occ, **fields)
    expect_settings(occ, {"settings": {"display_name": "-Anna"}})
    expect_set(occ, "files", "quota", "1234567891")
    expect_set(occ, "core", "lang", "de")
    expect_set(occ, "settings", "manager", '["boss"]')
    expect_set(occ, "settings", "email", EMAIL)
    expect_info(occ, **fields, email=EMAIL, quota="1234567891")
    expect_settings(occ, {"core": {"lang": "de"}, "settings": {"manager": '["boss"]'}})
    result = run_one(
        occ,
        password=PASSWORD,
        display_name="-Anna",
        email=EMAIL,
        groups=["two", "one"],
        quota="1234567891",
        language="de",
        manager="boss",
    )
    assert outcome(result) == (None, "created", True)
    shown = result["account"]
    assert (shown["quota"], shown["language"], shown["manager"]) == (1234567891, "de", "boss")
    assert (shown["email"], shown["groups"], shown["used"]) == (EMAIL, ["one", "two"], None)


def test_a_group_that_is_missing_is_not_made(occ: ScriptedOcc) -> None:
    """occ itself would make it."""
    expect_missing(occ)
    group_info(occ, "one", exists=False)
    assert outcome(run_one(occ, password=PASSWORD, groups=["one"])) == ("group_missing", "none", False)


@pytest.mark.parametrize("name", ["-x", "--help", "a b"])
def test_a_name_that_looks_like_an_option(occ: ScriptedOcc, name: str) -> None:
    """It is one, and no option."""
    expect_missing(occ, name)
    expect_creation(occ, name=name)
    expect_info(occ, name)
    assert outcome(run_one(occ, name=name, password=PASSWORD)) == (None, "created", True)


@pytest.mark.parametrize(
    "wish",
    [
        {"email": "anna@localhost"},
        {"email": "änna@example.org"},
        {"email": f"{'x' * 65}@example.org"},
        {"email": "anna@-example.org"},
        {"email": "anna..b@example.org"},
        {"language": "klingon"},
        {"language": "DE"},
    ],
)
def test_values_that_the_api_would_refuse(occ: ScriptedOcc, wish: dict[str, t.Any]) -> None:
    """occ would store them."""
    expect_missing(occ)
    assert outcome(run_one(occ, password=PASSWORD, **wish)) == ("invalid_value", "none", False)
    expect_info(occ)
    if "language" in wish:
        expect_settings(occ, {}, "core")
    assert outcome(run_one(occ, **wish)) == ("invalid_value", "none", False)


@pytest.mark.parametrize("address", [EMAIL, "-a@ex.org", "a!#$%&'*+/=?^_`{|}~-z@a.b.example", "a@xn--p1ai.xn--p1ai"])
def test_addresses_that_the_api_takes(occ: ScriptedOcc, address: str) -> None:
    """They are set; none removes one."""
    expect_info(occ)
    expect_set(occ, "settings", "email", address)
    expect_info(occ, email=address)
    assert outcome(run_one(occ, email=address)) == (None, "updated", True)
    expect_info(occ, email=address)
    expect_set(occ, "settings", "email", "")
    expect_info(occ)
    assert outcome(run_one(occ, email="")) == (None, "updated", True)


@pytest.mark.parametrize(
    ("quota", "key", "value", "words"),
    [
        ("none", "allow_unlimited_quota", "0", "Unlimited quotas are forbidden on this instance."),
        ("2000", "max_quota", "1999", "The instance's maximum is 1999 bytes."),
        ("2000", "max_quota", "1999 TB", "The instance's maximum is 1999 bytes, since it takes the setting max_quota"),
    ],
)
def test_a_quota_beyond_the_instances_limit(occ: ScriptedOcc, quota: str, key: str, value: str, words: str) -> None:
    """Nextcloud would put it into force."""
    expect_info(occ, quota="1 GB")
    expect_app_setting(occ, "files", key, value)
    result = run_one(occ, quota=quota)
    assert outcome(result) == ("invalid_value", "none", False)
    assert words in result["failure"]["message"]


def test_a_release_without_limits_of_quotas(occ: ScriptedOcc) -> None:
    """Their settings mean nothing there."""
    expect_info(occ)
    expect_set(occ, "files", "quota", "2 GB")
    expect_info(occ, quota="2 GB")
    assert outcome(run_one(occ, quota="2 GB", connection={"version": "22.2.10.2"})) == (None, "updated", True)


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        (None, "none"),
        (0, "0 B"),
        (512, "512 B"),
        (5 * 1024**3, "5 GB"),
        (1234567891, "1234567891"),
        (1500 * 1024**3, str(1500 * 1024**3)),
        (123456789012345, "123456789012345"),
        (1099401676613222, "1099401676613222"),  # 999.9 TB, of which Nextcloud makes 1,099,401,676,613,200
    ],
)
def test_quotas_are_kept_to_the_byte(occ: ScriptedOcc, quota: int | None, text: str) -> None:
    """The text is one that Nextcloud parses to exactly this number (tried with release 31)."""
    expect_app_setting(occ, "files", "allow_unlimited_quota" if quota is None else "max_quota")
    expect_set(occ, "files", "quota", text)
    opened(occ).accounts.set_field(NAME, "quota", Wish(NAME, "exists", quota=Quota(quota)))


def test_a_rounded_quota_is_made_exact(occ: ScriptedOcc) -> None:
    """The API has stored 1234567891 bytes as 1.1 GB."""
    expect_info(occ, quota="1.1 GB")
    expect_app_setting(occ, "files", "max_quota")
    expect_set(occ, "files", "quota", "1234567891")
    expect_info(occ, quota="1234567891")
    result = run_one(occ, quota="1234567891")
    assert outcome(result) == (None, "updated", True)
    assert result["changes"] == [{"field": "quota", "before": 1181116006, "after": 1234567891}]
    expect_info(occ, quota="1234567891")
    assert outcome(run_one(occ, quota="1234567891")) == (None, "none", False)


def test_a_text_that_is_no_quota(occ: ScriptedOcc) -> None:
    """occ lets anybody store one; it is replaced."""
    expect_info(occ, quota="lots")
    expect_app_setting(occ, "files", "max_quota")
    expect_set(occ, "files", "quota", "2 GB")
    expect_info(occ, quota="2 GB")
    result = run_one(occ, quota="2 GB")
    assert result["changes"] == [{"field": "quota", "before": "unknown", "after": 2147483648}]


@pytest.mark.parametrize(
    ("said", "expected", "unknown"),
    [
        (failed(f'The account "{NAME}" already exists.'), "account_conflict", False),
        (failed(f'The user "{NAME}" already exists.'), "account_conflict", False),  # 17
        (failed("The Login is already being used"), "account_conflict", False),
        (failed("Login is invalid because files already exist for this user"), "invalid_value", False),
        (failed("Password needs to be at least 10 characters long."), "password_refused", False),
        (failed(POLICY), "password_refused", False),
        (failed("The user limit has been reached and the user was not created. Check ..."), "refused", False),
        (failed("An error occurred while creating the account"), "backend_refused", False),
        (failed("--password-from-env given, but OC_PASS is empty!"), "occ_unusable", False),
        (thrown("Listener.php", "Mail server is gone"), "server_error", True),
        (Said(255, "", "PHP Fatal error: Allowed memory size exhausted"), "server_error", True),
        (TIMEOUT, "timeout", True),
    ],
)
def test_creations_that_are_refused(occ: ScriptedOcc, said: Said, expected: str, unknown: bool) -> None:
    """What the password policy says is in the instance's language."""
    expect_creation(occ, said=said)
    wish = Wish(NAME, "present", password=PASSWORD)
    error = refused(occ, lambda: opened(occ).accounts.create(wish))
    assert (error.code, error.outcome_unknown) == (expected, unknown)
    assert PASSWORD not in f"{error.message} {error.request}"


def test_a_refused_password_leaves_nothing(occ: ScriptedOcc) -> None:
    """What the policy said is told."""
    expect_missing(occ)
    expect_creation(occ, said=failed(POLICY))
    expect_missing(occ)
    result = run_one(occ, password=PASSWORD)
    assert outcome(result) == ("password_refused", "none", False)
    assert POLICY in result["failure"]["detail"]


def test_an_account_that_was_there_after_all_is_not_touched(occ: ScriptedOcc) -> None:
    """It cannot be proven ours: there is no address to log in at."""
    expect_missing(occ)
    expect_creation(occ, said=failed(f'The account "{NAME}" already exists.'))
    expect_info(occ, email=EMAIL)
    assert outcome(run_one(occ, password=PASSWORD, email=EMAIL)) == ("account_conflict", "none", False)


def test_a_command_that_did_nothing(occ: ScriptedOcc) -> None:
    """Status 0 is no proof."""
    expect_info(occ)
    occ.expect("user:disable", "--", NAME, said=Said(0, "The specified user is disabled\n"))
    expect_info(occ)
    assert outcome(run_one(occ, state="disabled")) == ("not_verified", "updated", True)


def test_an_invitation(occ: ScriptedOcc) -> None:
    """Its password is made up on the server, and the mail is sent within the command."""
    expect_missing(occ)
    expect_app_setting(occ, "core", "newUser.sendEmail")
    said = Said(0, f'The account "{NAME}" was created successfully\nWelcome email sent to {EMAIL}\n')
    occ.expect("user:add", "--generate-password", f"--email={EMAIL}", "--", NAME, said=said)
    expect_info(occ, email=EMAIL)
    assert outcome(run_one(occ, invite=True, email=EMAIL)) == (None, "created", True)


def test_an_invitation_that_was_not_sent(occ: ScriptedOcc) -> None:
    """occ ends with 0; the account would be open for nobody, so it is taken back."""
    expect_missing(occ)
    expect_app_setting(occ, "core", "newUser.sendEmail", "yes")
    said = Said(0, f'The account "{NAME}" was created successfully\nUnable to send the welcome email to {EMAIL}\n')
    occ.expect("user:add", "--generate-password", f"--email={EMAIL}", "--", NAME, said=said)
    expect_info(occ, email=EMAIL)
    occ.expect("user:delete", "--", NAME)
    expect_missing(occ)
    assert outcome(run_one(occ, invite=True, email=EMAIL)) == ("server_error", "none", False)


@pytest.mark.parametrize(
    ("wish", "expected"), [({"language": "not a language!"}, "invalid_value"), ({"groups": ["one"]}, "group_missing")]
)
def test_an_invitation_that_was_not_tried(occ: ScriptedOcc, wish: dict[str, t.Any], expected: str) -> None:
    """No command was run: whoever has the name by now is not looked at, and above all not deleted."""
    expect_missing(occ)
    expect_app_setting(occ, "core", "newUser.sendEmail", "yes")
    if "groups" in wish:
        group_info(occ, "one", exists=False)
    assert outcome(run_one(occ, invite=True, email=EMAIL, **wish)) == (expected, "none", False)


@pytest.mark.parametrize("option", ["--generate-password", "--email"])
def test_a_release_that_cannot_invite(occ: ScriptedOcc, option: str) -> None:
    """The command was not begun."""
    said = Said(1, "", f'\n{" " * 30}\n  The "{option}" option does not exist.  \n\nuser:add [--] <uid>\n\n')
    occ.expect("user:add", "--generate-password", f"--email={EMAIL}", "--", NAME, said=said)
    wish = Wish(NAME, "present", invite=True, email=EMAIL)
    assert refused(occ, lambda: opened(occ).accounts.create(wish)).code == "unsupported"


@pytest.mark.parametrize(
    ("field", "wish", "arguments"),
    [
        ("display_name", {"display_name": "Anna B"}, ("settings", "display_name", "Anna B")),
        ("language", {"language": "pt_BR"}, ("core", "lang", "pt_BR")),
        ("manager", {"manager": ""}, ("settings", "manager", "[]")),
    ],
)
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(), None),
        (failed(f'The user "{NAME}" does not exist.'), "account_missing"),
        (failed(f'The user "{NAME}" does not exists.'), "account_missing"),  # 17
        (failed("Could not set display name"), "backend_refused"),
        (failed("New and old display name are the same"), None),
        (thrown("Database.php", "Invalid displayname", "user:setting [--] <uid>"), "server_error"),
        (failed("Something else"), "refused"),
    ],
)
def test_settings_of_an_account(
    occ: ScriptedOcc,
    field: str,
    wish: dict[str, t.Any],
    arguments: tuple[str, str, str],
    said: Said,
    expected: str | None,
) -> None:
    """One command each, and what its refusals mean."""
    expect_set(occ, *arguments, said=said)

    def call() -> None:
        opened(occ).accounts.set_field(NAME, field, Wish(NAME, "exists", **wish))

    if expected is None:
        call()
    else:
        error = refused(occ, call)
        assert (error.code, error.outcome_unknown) == (expected, expected == "server_error")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Said(0, f"Successfully reset password for {NAME}\n"), None),
        (failed("User does not exist"), "account_missing"),
        (failed("Error while resetting password!"), "backend_refused"),
        (failed(POLICY), "password_refused"),
    ],
)
def test_a_new_password(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """It is in the environment of the command only."""
    occ.expect("user:resetpassword", "--password-from-env", "--", NAME, said=said, password=PASSWORD)
    wish = Wish(NAME, "exists", password=PASSWORD)
    accounts = opened(occ).accounts
    if expected is None:
        accounts.set_field(NAME, "password", wish)
    else:
        assert refused(occ, lambda: accounts.set_field(NAME, "password", wish)).code == expected


@pytest.mark.parametrize("password", ["0", "() x"])
def test_passwords_that_would_not_arrive(occ: ScriptedOcc, password: str) -> None:
    """PHP takes one for none, and sudo the other for a function. That is a fault of this account, not of the cloud."""
    expect_missing(occ)
    assert outcome(run_one(occ, password=password)) == ("password_refused", "none", False)


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("enabled", [True, False])
def test_enabling_an_account_that_is_gone(occ: ScriptedOcc, status: int, enabled: bool) -> None:
    """Release 17 ends with 0."""
    occ.expect("user:enable" if enabled else "user:disable", "--", NAME, said=Said(status, "User does not exist\n"))
    assert refused(occ, lambda: opened(occ).accounts.set_enabled(NAME, enabled)).code == "account_missing"


def test_deletions(occ: ScriptedOcc) -> None:
    """One that is gone already is fine."""
    accounts = opened(occ).accounts
    for status in (0, 1):
        occ.expect("user:delete", "--", NAME, said=Said(status, "User does not exist\n"))
        accounts.delete(NAME)
    said = failed("The specified user could not be deleted. Please check the logs.")
    occ.expect("user:delete", "--", NAME, said=said)
    assert refused(occ, lambda: accounts.delete(NAME)).code == "backend_refused"


def test_groups_of_an_account(occ: ScriptedOcc) -> None:
    """One command for each membership; a group that is missing is named."""
    expect_info(occ, groups=["one", "two"])
    occ.expect("group:adduser", "--", "three", NAME)
    occ.expect("group:removeuser", "--", "one", NAME)
    expect_info(occ, groups={"1": "two", "3": "three"})  # PHP's list has holes in its numbering
    result = run_one(occ, groups=["three"], groups_absent=["one"])
    assert outcome(result) == (None, "updated", True)
    assert result["account"]["groups"] == ["three", "two"]
    expect_info(occ)
    occ.expect("group:adduser", "--", "three", NAME, said=failed("group not found"))
    result = run_one(occ, groups=["three"])
    assert (code(result), '"three"' in result["failure"]["detail"]) == ("group_missing", True)
    occ.expect("group:adduser", "--", "three", NAME, said=failed("user not found"))
    assert refused(occ, lambda: opened(occ).accounts.add_group(NAME, "three")).code == "account_missing"


def test_proof_by_log_in(occ: ScriptedOcc) -> None:
    """It needs the cloud's address only; without one nothing can be proven."""
    tried: list[tuple[str, str]] = []

    def log_in(name: str, password: str) -> bool:
        tried.append((name, password))
        return True

    wish: dict[str, t.Any] = {"password": PASSWORD, "email": EMAIL, "ownership": "proven"}
    expect_info(occ, email=EMAIL)
    assert outcome(run_one(occ, **wish, connection={"log_in": log_in})) == (None, "none", False)
    assert tried == [(NAME, PASSWORD)]
    expect_info(occ, email=EMAIL)
    result = run_one(occ, **wish)
    assert (code(result), "api_url" in result["failure"]["detail"]) == ("account_conflict", True)


def test_check_mode_changes_nothing(occ: ScriptedOcc) -> None:
    """Groups are looked up, which a creation needs."""
    expect_missing(occ)
    group_info(occ, "one")
    [result] = run(occ, {"password": PASSWORD, "groups": ["one"]}, check_mode=True)
    assert outcome(result) == (None, "created", True)


def test_a_command_is_not_told_to_other_accounts(occ: ScriptedOcc) -> None:
    """What ends the whole task names the command of the account that met it; those left out had none."""
    for name in "ab":
        expect_info(occ, name)
    occ.expect("user:disable", "--", "a", said=Said(1, "", "Nextcloud is not installed\n"))
    told, other = (
        result["failure"] for result in run(occ, {"name": "a", "state": "disabled"}, {"name": "b", "state": "disabled"})
    )
    assert (told["code"], told["request"]) == ("occ_unusable", "occ user:disable -- a")
    assert (other["code"], other["request"]) == ("occ_unusable", None)
    assert other["detail"] == f"At another account: {told['detail']}"
