# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's modules on an ownCloud by its occ, and by its API for what occ cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    GROUP,
    PROBE,
    USER_ACTION,
    USER_INFO,
    USERS,
    Spec,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils import (
    group_task,
    probe_task,
    user_action_task,
    user_info_task,
    users_task,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from standins.cloud.process import StandinCloud

from dialects.cloud import OTHER_PASSWORD, PASSWORD
from dialects.local_occ import execute

GB = 1024**3
EMAIL = "anna@example.org"


class Cloud:
    """Tasks on one ownCloud by occ."""

    def __init__(self, standin: StandinCloud, occ: Path) -> None:
        self.standin = standin
        self._occ = {"transport": "occ", "occ_path": str(occ), "php_path": str(occ.with_name("php"))}
        self.address = {"api_url": standin.url}
        self.log_in = {**self.address, "api_username": standin.admin_user, "api_password": standin.admin_password}

    def users(self, *accounts: dict[str, Any], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_users."""
        host = Host(partial(execute, check_mode=check_mode))
        parameters = self._validated(USERS, accounts=list(accounts), **options)
        result = users_task.run(parameters, host, check_mode=check_mode, with_diff=True)
        return {**result, "transport": host.transport()}

    def user(self, check_mode: bool = False, connection: dict[str, Any] | None = None, **account: Any) -> Any:
        """Run it for one account, and return that account's result."""
        result = self.users({"name": "anna", **account}, check_mode=check_mode, **(connection or {}))
        return result["accounts"][0]

    def group(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_group."""
        return group_task.run(self._validated(GROUP, **options), Host(execute), check_mode=False, with_diff=True)

    def info(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user_info."""
        return user_info_task.run(self._validated(USER_INFO, **options), Host(execute), progress=lambda text: None)

    def act(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user_action."""
        return user_action_task.run(self._validated(USER_ACTION, **options), Host(execute), check_mode=False)

    def probe(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_probe, in check mode: what it runs changes nothing."""
        return probe_task.run(self._validated(PROBE, **options), Host(partial(execute, check_mode=True)))

    def commands(self) -> list[str]:
        """The names of all commands that occ was given since this was asked for last."""
        found = [entry["arguments"][0] for entry in self.standin.commands()]
        self.standin.clear_commands()
        return found

    def _validated(self, spec: Spec, **options: Any) -> dict[str, Any]:
        result = ArgumentSpecValidator(**spec.keywords).validate({**self._occ, **options})
        assert not result.error_messages, result.error_messages
        return dict(result.validated_parameters)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandinCloud, Path]]:
    """One ownCloud for all cases, and its occ."""
    folder: Path = tmp_path_factory.mktemp("owncloud")
    with StandinCloud(folder, product="owncloud", admin_password="Admin-of-the-stand-in-1") as standin:
        yield standin, standin.install_occ(folder / "www")


@pytest.fixture
def cloud(started: tuple[StandinCloud, Path]) -> Cloud:
    """It, as new."""
    standin, occ = started
    standin.reset()
    standin.clear_occ_faults()
    standin.clear_commands()
    standin.clear_requests()
    return Cloud(standin, occ)


def code(result: dict[str, Any]) -> str | None:
    """The code of a failure."""
    failure = result["failure"]
    return None if failure is None else str(failure["code"])


def test_the_life_of_an_account(cloud: Cloud) -> None:
    """Made, found as it is, changed, disabled and deleted; the API does nothing but the quota and the rights."""
    wish = {
        "password": PASSWORD,
        "display_name": "Anna Ω",
        "email": EMAIL,
        "quota": "5 GB",
        "groups": ["one", "two"],
        "group_admin_of": ["one"],
    }
    options: dict[str, Any] = {**cloud.log_in, "create_groups": True}
    made = cloud.users({"name": "anna", **wish}, **options)
    account = made["accounts"][0]
    assert (account["failure"], account["action"]) == (None, "created")
    assert made["groups_created"] == ["one", "two"]
    assert made["transport"]["used"] == ["occ", "api"]
    shown = {name: account["account"][name] for name in wish if name != "password"}
    assert shown == {**{name: wish[name] for name in shown}, "quota": 5 * GB}
    changing = {(entry["method"], entry["path"]) for entry in cloud.standin.requests() if entry["method"] != "GET"}
    path = "/ocs/v1.php/cloud/users/anna"
    assert changing == {("PUT", path), ("POST", path + "/subadmins")}
    assert cloud.users({"name": "anna", **wish}, check_mode=True, **options)["changed"] is False
    change: dict[str, Any] = {"email": "", "display_name": "Anna", "groups_absent": ["two"], "state": "disabled"}
    for check_mode, changed in ((True, True), (False, True), (True, False)):
        result = cloud.user(check_mode, cloud.log_in, **change)
        assert (result["failure"], result["changed"]) == (None, changed)
    assert (result["account"]["email"], result["account"]["groups"]) == (None, ["one"])
    opened = cloud.user(password=OTHER_PASSWORD, update_password="always", connection=cloud.address)
    assert (code(opened), opened["action"]) == (None, "updated")
    assert cloud.user(password=OTHER_PASSWORD, update_password="always", connection=cloud.address)["changed"] is False
    assert [cloud.user(state="absent")["action"] for _ in range(2)] == ["deleted", "none"]
    arguments = [argument for entry in cloud.standin.commands() for argument in entry["arguments"]]
    assert not {PASSWORD, OTHER_PASSWORD}.intersection(arguments)


def test_without_a_log_in_to_the_api(cloud: Cloud) -> None:
    """What only the API can is an error, of which occ is told nothing; whatever else is wished is done."""
    accounts = [{"name": "anna", "password": PASSWORD, "quota": "5 GB"}, {"name": "berta", "password": PASSWORD}]
    for check_mode in (True, False):
        results = cloud.users(*accounts, check_mode=check_mode)["accounts"]
        assert [(code(result), result["changed"]) for result in results] == [("unsupported", False), (None, True)]
    assert cloud.info(names=["anna"])["missing"] == ["anna"]
    assert cloud.standin.requests() == []


def test_a_group_that_is_missing_is_not_made(cloud: Cloud) -> None:
    """occ itself would make it."""
    result = cloud.user(password=PASSWORD, groups=["nothing"])
    assert (code(result), result["changed"]) == ("group_missing", False)
    assert "user:add" not in cloud.commands()
    assert cloud.probe(list_groups=True)["groups"] == ["admin"]


def test_a_password_that_the_policy_refuses(cloud: Cloud) -> None:
    """Nothing is left behind."""
    cloud.standin.set_app_config("password_policy", enabled="yes", spv_min_chars_checked="on")
    result = cloud.user(password="short")
    assert (code(result), result["action"]) == ("password_refused", "none")
    assert "too short" in result["failure"]["detail"]
    assert cloud.info()["summary"]["total"] == 1


def test_whose_account_it_is(cloud: Cloud) -> None:
    """The password shows it, where there is an address to log in at."""
    assert code(cloud.user(password=PASSWORD, email=EMAIL)) is None
    wish: dict[str, Any] = {"email": EMAIL, "ownership": "proven", "groups_absent": ["one"]}
    assert code(cloud.user(password=PASSWORD, connection=cloud.address, **wish)) is None
    assert code(cloud.user(password=OTHER_PASSWORD, connection=cloud.address, **wish)) == "account_conflict"
    assert code(cloud.user(password=PASSWORD, **wish)) == "account_conflict"
    assert code(cloud.user(name="ANNA", state="absent")) == "account_conflict"
    assert code(cloud.user(name="admin", state="absent")) == "protected_account"


def test_many_accounts(cloud: Cloud) -> None:
    """Nothing to do for 30 accounts takes five commands, and a change one for each and a reading back, of
    which the display name is a command of its own."""
    cloud.standin.make_accounts("user_{number:05d}", count=30, groups=["one"])
    names = [f"user_{number:05d}" for number in range(1, 31)]
    found = cloud.info(search="user_")
    assert [account["name"] for account in found["accounts"]] == names
    assert all(account["groups"] == ["one"] for account in found["accounts"])
    cloud.commands()
    wish = {"state": "exists", "groups": ["one"]}
    assert cloud.users(*({"name": name, **wish} for name in names))["changed"] is False
    assert sorted(cloud.commands()) == ["group:list", *["group:list-members"] * 2, "status", "user:list"]
    changed = cloud.users(*({"name": name, "state": "disabled"} for name in names))
    assert changed["summary"] == {"total": 30, "changed": 30, "failed": 0, "unchanged": 0}
    counts = cloud.commands()
    assert {name: counts.count(name) for name in set(counts)} == {
        "group:list": 1,
        "group:list-members": 2,
        "status": 1,
        "user:disable": 30,
        "user:list": 61,
        "user:list-groups": 30,
    }


def test_groups_members_and_lists(cloud: Cloud) -> None:
    """A group gets and loses members, and is removed; the accounts stay."""
    cloud.users({"name": "anna", "password": PASSWORD, "email": EMAIL}, {"name": "berta", "password": PASSWORD})
    made = cloud.group(name="team", members=["anna"])
    assert (made["failure"], made["action"], made["group"]["members"]) == (None, "created", ["anna"])
    assert cloud.group(name="team", members=["anna"])["changed"] is False
    changed = cloud.group(name="team", members=["berta"], members_exact=True)
    assert (changed["failure"], changed["group"]["members"]) == (None, ["berta"])
    everything = {account["name"]: account for account in cloud.info()["accounts"]}
    assert everything["berta"]["groups"] == ["team"]
    for filters, names in (
        ({"names": ["berta", "anna"]}, ["berta", "anna"]),
        ({"group": "team"}, ["berta"]),
        ({"search": "ANNA@"}, ["anna"]),
    ):
        assert cloud.info(**filters)["accounts"] == [everything[name] for name in names]
    assert code(cloud.info(group="nothing")) == "group_missing"
    assert [cloud.group(name="team", state="absent")["action"] for _ in range(2)] == ["deleted", "none"]
    assert cloud.info()["summary"]["total"] == 3


def test_a_probe(cloud: Cloud) -> None:
    """It changes nothing, and shows that accounts can be changed."""
    result = cloud.probe()
    assert (code(result), result["dialect"], result["version"]) == (None, "owncloud", "10.15.2")
    assert (result["may_write"], result["acting_account"]) == (True, None)
    assert cloud.info()["summary"]["total"] == 1
    cloud.standin.occ_fault("fail", command="user:add", output="The database is read-only")
    result = cloud.probe()
    assert (code(result), result["may_write"]) == ("refused", None)
    assert "The database is read-only" in result["msg"]


def test_the_second_factor_is_reset(cloud: Cloud) -> None:
    """By its own command."""
    cloud.user(password=PASSWORD)
    done = cloud.act(name="anna", action="reset_second_factor")
    assert (code(done), done["changed"]) == (None, True)
    assert cloud.commands()[-1] == "twofactorauth:disable"
    assert code(cloud.act(name="berta", action="reset_second_factor")) == "account_missing"


def test_maintenance(cloud: Cloud) -> None:
    """occ would go on working on accounts: nothing is changed."""
    cloud.user(password=PASSWORD)
    cloud.standin.occ_fault("maintenance")
    assert code(cloud.user(state="absent")) == "maintenance"
    assert code(cloud.group(name="team")) == "maintenance"
    assert code(cloud.info()) == "maintenance"
    cloud.standin.clear_occ_faults()
    assert cloud.info()["summary"]["total"] == 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "nothing", "command": "user:disable"}, "not_verified"),
        ({"fault": "fail", "command": "user:list-groups", "output": "Something else"}, "refused"),
        ({"fault": "noise", "output": "PHP Warning:  something [in] {here}\n", "errors": "and there\n"}, None),
    ],
)
def test_a_command_that_does_not_do_what_it_says(cloud: Cloud, fault: dict[str, Any], expected: str | None) -> None:
    """What it does is read from the account; what else it says is passed over."""
    cloud.user(password=PASSWORD)
    cloud.standin.occ_fault(**fault)
    assert code(cloud.user(state="disabled")) == expected
