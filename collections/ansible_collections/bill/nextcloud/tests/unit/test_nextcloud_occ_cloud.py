# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups, lists, settings, actions and the state of a Nextcloud by its occ, and what its API does beside it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connection_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import backend as nextcloud
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, arguments, code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_nextcloud_occ import (
    expect_app_setting,
    expect_creation,
    expect_info,
    expect_missing,
    expect_page,
    info,
    opened,
    refusal,
    run_one,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import PASSWORD, ScriptedCloud, no, ok, record
from ansible_collections.bill.nextcloud.tests.unit.scripted_occ import Said, ScriptedOcc, failed, printed, thrown

UNKNOWN_COMMAND = Said(1, "", f'\n{" " * 30}\n  Command "group:info" is not defined.  \n{" " * 30}\n\n')
NAMES = ("user:list", "--output=json", "--limit=1000000")


@pytest.fixture
def api(cloud: ScriptedCloud) -> t.Iterator[Cloud]:
    """The same cloud by its API."""
    with nextcloud.connected(connection_of(arguments(cloud.url))) as found:
        yield found


def expect_group(occ: ScriptedOcc, name: str, said: Said | None = None) -> None:
    """A group is looked up."""
    shown = printed({"groupID": name, "displayName": name.title(), "backends": ["Database"]})
    occ.expect_read("group:info", "--output=json", "--", name, said=said or shown)


def expect_groups(occ: ScriptedOcc, groups: t.Any, offset: int = 0) -> None:
    """A page of groups is read."""
    occ.expect_read("group:list", "--output=json", "--limit=500", f"--offset={offset}", said=printed(groups))


# groups


def test_a_group(occ: ScriptedOcc) -> None:
    """Its display name is read, and a missing one is no failure; anything else is."""
    groups = opened(occ).groups
    expect_group(occ, "one")
    assert groups.read("one") == Group("one", "One")
    expect_group(occ, "-x", failed('Group "-x" does not exist.'))
    assert groups.read("-x") is None
    expect_group(occ, "one", failed("Something"))
    assert refusal(lambda: groups.read("one")).code == "refused"


def test_a_group_is_looked_up_once(occ: ScriptedOcc) -> None:
    """Those made here are known, and so are those deleted."""
    groups = opened(occ).groups
    expect_group(occ, "one", failed('Group "one" does not exist.'))
    assert not groups.exists("one")
    assert not groups.exists("one")
    occ.expect("group:add", "--", "one", said=Said(0, 'Created group "one"\n'))
    assert groups.create("one") is True
    assert groups.exists("one")
    occ.expect("group:add", "--", "one", said=failed('Group "one" already exists.'))
    assert groups.create("one") is False
    occ.expect("group:delete", "--", "one", said=Said(0, 'Group "one" was removed\n'))
    groups.delete("one")
    assert not groups.exists("one")
    occ.expect("group:delete", "--", "one", said=failed('Group "one" does not exist.'))
    groups.delete("one")


def test_groups_that_cannot_be(occ: ScriptedOcc) -> None:
    """What the refusals mean."""
    groups = opened(occ).groups
    occ.expect("group:add", "--", "one", said=Said(2, "Could not create group\n"))
    assert refusal(lambda: groups.create("one")).code == "backend_refused"
    occ.expect("group:delete", "--", "one", said=failed('Group "one" could not be deleted. Please check the logs.'))
    assert refusal(lambda: groups.delete("one")).code == "backend_refused"
    occ.expect("group:add", "--display-name=One", "--", "one")
    assert groups.create("one", "One") is True
    said = Said(1, "", '\n  The "--display-name" option does not exist.  \n\ngroup:add <groupid>\n')
    occ.expect("group:add", "--display-name=One", "--", "one", said=said)
    assert refusal(lambda: groups.create("one", "One")).code == "unsupported"
    assert "API" in refusal(lambda: groups.rename("one", "Another")).message


def test_a_release_without_look_up_of_groups(occ: ScriptedOcc) -> None:
    """Release 17 can list them only (recorded)."""
    groups = opened(occ, version="17.0.10.1").groups
    for name, expected in (("one", Group("one", "one")), ("two", None)):
        expect_group(occ, name, UNKNOWN_COMMAND)
        expect_groups(occ, {"admin": ["root"], "one": []})
        assert groups.read(name) == expected


def test_members_and_names_come_in_pages(occ: ScriptedOcc) -> None:
    """Groups are listed up to the one whose members are asked for."""
    first: dict[str, list[t.Any]] = {f"g{number:03}": [] for number in range(500)}
    groups = opened(occ).groups
    expect_groups(occ, {**first, "g007": ["anna", 7]})
    assert groups.members("g007") == {"anna", "7"}
    for ask in (lambda: groups.members("zoo"), groups.names):
        expect_groups(occ, first)
        expect_groups(occ, {"zoo": {"1": "anna", "2": "berta"}}, offset=500)
        assert sorted(ask()) == (["anna", "berta"] if ask != groups.names else [*first, "zoo"])
    expect_groups(occ, first)
    expect_groups(occ, first, offset=500)  # nothing new, so that is all
    assert refusal(lambda: groups.members("zoo")).code == "group_missing"
    expect_groups(occ, [])
    assert groups.names() == []


# lists


def test_a_list_has_no_gap(occ: ScriptedOcc) -> None:
    """What a page or the list of names left out is read for itself."""
    expect_page(occ, info("anna", display_name="Ä"), info("carla"), info("dora"), info("gone"))
    names = {"anna": "Ä", "berta": "berta", "carla": "carla", "ghost": "ghost"}
    occ.expect_read(*NAMES, said=printed(names))
    occ.ordered = False
    expect_info(occ, "berta")
    expect_info(occ, "dora")
    expect_missing(occ, "ghost")
    expect_missing(occ, "gone")
    told: list[str] = []
    listing = opened(occ).list_accounts(progress=told.append)
    assert [account.name for account in listing.accounts] == ["anna", "berta", "carla", "dora"]
    assert (listing.unreadable, listing.use_left_out, told) == (["ghost"], True, ["4 accounts read"])


def test_a_list_of_several_pages(occ: ScriptedOcc) -> None:
    """A page that is not full is the last one."""
    everybody = [info(f"n{number:04}") for number in range(1001)]
    expect_page(occ, *everybody[:1000])
    expect_page(occ, *everybody[1000:], offset=1000)
    occ.expect_read(*NAMES, said=printed({record["user_id"]: "x" for record in everybody}))
    assert len(opened(occ).list_accounts().accounts) == 1001


def test_search_and_group(occ: ScriptedOcc) -> None:
    """occ can do neither, so they are applied to the list."""
    records = [
        info("anna", email="x@Example.org", groups=["one"]),
        info("berta", display_name="Hexample"),
        info("carla", groups=["one"]),
    ]
    searches: tuple[tuple[dict[str, t.Any], list[str]], ...] = (
        ({"search": "EXAMPLE"}, ["anna", "berta"]),
        ({"search": "RLA"}, ["carla"]),
        ({"group": "one"}, ["anna", "carla"]),
    )
    for options, expected in searches:
        if "group" in options:
            expect_group(occ, "one")
        expect_page(occ, *records)
        occ.expect_read(*NAMES, said=printed({record["user_id"]: "x" for record in records}))
        found = opened(occ).list_accounts(**options).accounts
        assert [account.name for account in found] == expected
    expect_group(occ, "two", failed('Group "two" does not exist.'))
    assert refusal(lambda: opened(occ).list_accounts(group="two")).code == "group_missing"


def test_a_list_of_release_17(occ: ScriptedOcc) -> None:
    """It has names only, so each account is read."""
    said = Said(1, "", '\n  The "--info" option does not exist.  \n\nuser:list [-l|--limit [LIMIT]]\n')
    expect_page(occ, said=said)
    occ.expect_read(*NAMES, said=printed(["nobody", "x"]))  # PHP's list of the accounts 0 and 1
    occ.ordered = False
    for name in ("0", "1"):
        expect_info(occ, name)
    listing = opened(occ, version="17.0.10.1").list_accounts()
    assert [account.name for account in listing.accounts] == ["0", "1"]


@pytest.mark.parametrize(
    "said", [failed("x"), Said(0, "x"), printed("x"), thrown("A.php", "x", "user:list"), Said(None)]
)
def test_a_list_that_cannot_be_read(occ: ScriptedOcc, said: Said) -> None:
    """There is none then."""
    expect_page(occ, said=said)
    assert refusal(opened(occ).list_accounts).code in ("refused", "not_an_answer", "server_error", "timeout")


@pytest.mark.parametrize("pages", [True, False])
def test_a_list_with_a_display_name_that_occ_refuses_to_print(occ: ScriptedOcc, pages: bool) -> None:
    """occ does not say whose it is; the failure says who does."""
    said = thrown("OutputFormatterStyleStack.php", "Incorrectly nested style tag found.", "user:list")
    expect_page(occ, said=said if pages else printed([]))
    if not pages:
        occ.expect_read(*NAMES, said=said)
    error = refusal(opened(occ).list_accounts)
    assert (error.code, (error.request or "").split(" --")[0]) == ("refused", "occ user:list")
    assert all(words in error.message for words in ("<fg=x>", "The API", "api_url", "Incorrectly nested"))


# settings and state


def test_settings_are_read_once_and_written(occ: ScriptedOcc) -> None:
    """An empty value removes one; a notice of PHP is no value."""
    settings = opened(occ).settings
    assert settings is not None
    expect_app_setting(occ, "files", "default_quota", "Deprecated: x\n5 GB")
    assert [settings.read("files", "default_quota") for _time in range(2)] == ["5 GB", "5 GB"]
    occ.expect("config:app:set", "--value=-1 GB", "--", "files", "default_quota")
    settings.write("files", "default_quota", "-1 GB")
    expect_app_setting(occ, "files", "default_quota", "true")
    assert settings.read("files", "default_quota") == "1"  # of the type boolean, which is kept as 1
    occ.expect("config:app:delete", "--", "files", "default_quota")
    settings.write("files", "default_quota", "")
    expect_app_setting(occ, "files", "default_quota")
    assert settings.read("files", "default_quota") == ""
    assert (settings.release.major, settings.release.knows_quota_limits) == (31, True)
    said = thrown("SetConfig.php", "Value is not an integer", "config:app:set <app> <name>")
    occ.expect("config:app:set", "--value=x", "--", "files", "max_quota", said=said)
    assert refusal(lambda: settings.write("files", "max_quota", "x")).code == "refused"


def test_quotas_of_groups(occ: ScriptedOcc) -> None:
    """They are settings of an app."""
    quotas = opened(occ).group_quotas
    assert quotas is not None
    expect_app_setting(occ, "groupquota", "enabled", "yes")
    expect_app_setting(occ, "groupquota", "quota_one", "1073741824")
    assert quotas.read("one") == Quota(1024**3)
    occ.expect("config:app:set", "--value=5", "--", "groupquota", "quota_one")
    quotas.set("one", Quota(5))


@pytest.mark.parametrize("version", [None, "x", ".", 31])
def test_a_status_that_tells_no_release(occ: ScriptedOcc, version: t.Any) -> None:
    """What a release can do would be a guess."""
    assert refusal(lambda: opened(occ, version=version)).code == "not_an_answer"


ALLOWED = 'Only the following characters are allowed in an Login: "a-z", "A-Z", "0-9", spaces and "_.@-\'"'
GERMAN = 'Nur die folgenden Zeichen sind in einer Anmeldung erlaubt: "a-z", "A-Z", "0-9", Leerzeichen und "_.@-\'"'


class _AnyPassword:
    """Equals every password that is long enough for any policy."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and len(other) >= 32


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (failed(ALLOWED), None),
        (failed(GERMAN), None),
        (failed("--password-from-env given, but OC_PASS is empty!"), "occ_unusable"),
        (failed("Password needs to be longer"), "refused"),
        (Said(0, f"{ALLOWED}\n"), "refused"),
        (Said(0, 'The account "a/b" was created successfully\n'), "refused"),
    ],
)
def test_the_proof_that_accounts_may_be_made(occ: ScriptedOcc, said: Said, expected: str | None) -> None:
    """It changes nothing, so it is made in check mode, too."""
    occ.expect_read("user:add", "--password-from-env", "--", "a/b", said=said, password=_AnyPassword())
    inspection = opened(occ).inspection
    if expected is None:
        inspection.prove_write()
    else:
        assert refusal(inspection.prove_write).code == expected


def test_the_state_of_the_cloud(occ: ScriptedOcc) -> None:
    """Its status stands for what it announces; what only the API tells is unknown."""
    inspection = opened(occ).inspection
    capabilities = inspection.read_capabilities()
    assert capabilities == {"status": {"installed": True, "version": "31.0.6.2"}}
    expect_app_setting(occ, "files", "allow_unlimited_quota", "0")
    expect_app_setting(occ, "files", "default_quota", "5 GB")
    expect_app_setting(occ, "files", "max_quota", "10737418240")
    expect_app_setting(occ, "core", "newUser.requireEmail", "yes")
    expect_app_setting(occ, "password_policy", "minLength", "12")
    expect_app_setting(occ, "core", "newUser.sendEmail", "no")
    assert inspection.limits(capabilities) == {
        "quota_default": 5 * 1024**3,
        "quota_maximum": 10 * 1024**3,
        "quota_allow_unlimited": False,
        "password_min_length": 12,
        "email_required": True,
        "mails_new_accounts": False,
        "login_delay_milliseconds": None,
    }
    assert inspection.free_space() is None


# beside the API


def test_group_admins_need_the_api(occ: ScriptedOcc) -> None:
    """Without it nothing is run."""
    for option in ("group_admin_of", "group_admin_of_absent"):
        wish: dict[str, t.Any] = {option: ["one"]}
        assert outcome(run_one(occ, **wish)) == ("unsupported", "none", False)
    assert refusal(lambda: opened(occ).action("wipe_devices")).code == "unsupported"
    assert opened(occ).transport().shown() == {"used": ["occ"], "reasons": []}


def test_group_admins_by_the_api(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """It is asked only where it is wished, and the result says why."""
    opened_by_both = {"api": api}
    expect_info(occ)
    assert outcome(run_one(occ, connection=opened_by_both)) == (None, "none", False)
    expect_info(occ)
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, subadmin=["one"])))
    cloud.expect("POST", f"/users/{NAME}/subadmins", ok(), [("groupid", "two")])
    cloud.expect("DELETE", f"/users/{NAME}/subadmins", ok(), query={"groupid": "one"})
    expect_info(occ)
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, subadmin=["two"])))
    result = run_one(occ, group_admin_of=["two"], group_admin_of_absent=["one"], connection=opened_by_both)
    assert outcome(result) == (None, "updated", True)
    assert result["account"]["group_admin_of"] == ["two"]


def test_an_api_that_refuses(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """Its refusal is told; all else is done."""
    expect_missing(occ)
    expect_creation(occ)
    expect_info(occ)
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME)))
    cloud.expect("POST", f"/users/{NAME}/subadmins", no(400, 102), [("groupid", "two")])
    result = run_one(occ, password=PASSWORD, group_admin_of=["two"], connection={"api": api})
    assert (code(result), result["changed"], result["account"]["enabled"]) == ("group_missing", True, True)


def test_what_else_the_api_does(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """Display names of groups, and devices."""
    by_both = opened(occ, api=api)
    cloud.expect("PUT", "/groups/one", ok(), [("key", "displayname"), ("value", "One")])
    by_both.groups.rename("one", "One")
    cloud.expect("POST", f"/users/{NAME}/wipe", ok())
    by_both.action("wipe_devices")(NAME)
    shown = by_both.transport().shown()
    assert (shown["used"], len(shown["reasons"])) == (["occ", "api"], 2)


def test_display_names_before_release_21(occ: ScriptedOcc, cloud: ScriptedCloud, api: Cloud) -> None:
    """occ would store one where nothing reads it."""
    connection: dict[str, t.Any] = {"version": "20.0.14.2"}
    expect_info(occ)
    result = run_one(occ, display_name="Anna", connection=connection)
    assert outcome(result) == ("unsupported", "none", False)
    expect_info(occ)
    cloud.expect("PUT", f"/users/{NAME}", ok(), [("key", "displayname"), ("value", "Anna")])
    expect_info(occ, display_name="Anna")
    result = run_one(occ, display_name="Anna", connection={**connection, "api": api})
    assert outcome(result) == (None, "updated", True)


def test_managers_before_release_27(occ: ScriptedOcc) -> None:
    """Nothing is run."""
    result = run_one(occ, manager="boss", connection={"version": "26.0.13.1"})
    assert outcome(result) == ("unsupported", "none", False)
