# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows of the modules is what their argument specs take and their results hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.bill.nextcloud.plugins.module_utils import errors
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    GROUP,
    PROBE,
    QUOTA,
    USER,
    USER_ACTION,
    USER_INFO,
    USERS,
    Spec,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils import (
    group_task,
    probe_task,
    quota_task,
    user_action_task,
    user_info_task,
    users_task,
)
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, Answer, ScriptedCloud, missing, no, ok, record

COLLECTION = Path(__file__).resolve().parents[2]
SPECS = {
    "nextcloud_group": GROUP,
    "nextcloud_probe": PROBE,
    "nextcloud_quota": QUOTA,
    "nextcloud_user": USER,
    "nextcloud_user_action": USER_ACTION,
    "nextcloud_user_info": USER_INFO,
    "nextcloud_users": USERS,
}
CONFIG = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps"
IMPOSSIBLE = "a/b"
"""A name that is refused before any request."""
STANDARD = {"changed", "failed", "warnings", "diff", "msg"}
"""Keys that any result of Ansible may have."""

Documents = dict[str, t.Any]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Documents]:
    """What ansible-doc knows of each module: ``doc``, ``examples``, ``return``."""
    folder = tmp_path_factory.mktemp("ansible-doc")
    (folder / "ansible.cfg").write_text("")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-doc"), "-t", "module", "--json", *map(full_name, SPECS)],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTION.parents[2]),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    return {name: shown[full_name(name)] for name in SPECS}


def full_name(module: str) -> str:
    """Return the name by which playbooks call a module."""
    return f"bill.nextcloud.{module}"


def test_every_module_is_looked_at() -> None:
    """Every module has a spec here, an action plugin, and is in the action group; but one, which runs on a server."""
    modules = sorted(SPECS)
    for directory, more in (("modules", ["nextcloud_occ"]), ("action", [])):
        found = sorted(path.stem for path in (COLLECTION / "plugins" / directory).glob("nextcloud_*.py"))
        assert found == sorted([*modules, *more])
    runtime = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())
    assert sorted(runtime["action_groups"]["nextcloud"]) == modules


# options


def taken(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what an argument spec says of options, in one notation."""
    return {
        name: {
            "type": option["type"],
            "elements": option.get("elements"),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "required": option.get("required", False),
            "options": taken(option.get("options", {})),
        }
        for name, option in options.items()
    }


def documented(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what the documentation says of options, in the same notation."""
    return {
        name: {
            "type": option.get("type"),
            "elements": option.get("elements"),
            "default": option.get("default"),
            "choices": option.get("choices"),
            "required": option.get("required", False),
            "options": documented(option.get("suboptions", {})),
        }
        for name, option in options.items()
    }


def described(options: t.Mapping[str, t.Any], below: str, prefix: str = "") -> t.Iterator[tuple[str, str]]:
    """Yield the path and the words of every option, or of every return value."""
    for name, option in options.items():
        words = option.get("description", "")
        yield prefix + name, " ".join([words] if isinstance(words, str) else words)
        yield from described(option.get(below) or {}, below, f"{prefix}{name}.")


@pytest.mark.parametrize(("module", "spec"), SPECS.items(), ids=SPECS)
def test_options(documents: dict[str, Documents], module: str, spec: Spec) -> None:
    """Options and suboptions are documented as the module takes them, each with words."""
    options = documents[module]["doc"]["options"]
    assert documented(options) == taken(spec.keywords["argument_spec"])
    assert [path for path, words in described(options, "suboptions") if not words] == []


@pytest.mark.parametrize("module", SPECS)
def test_connection_and_attributes_are_the_same_everywhere(documents: dict[str, Documents], module: str) -> None:
    """Every module has the common options, all attributes with their support, examples and a version."""
    shown, other = documents[module], documents["nextcloud_users"]
    for option in ("api_url", "api_username", "api_password", "api_token", "ca_path", "dialect"):
        assert shown["doc"]["options"][option] == other["doc"]["options"][option]
    attributes = shown["doc"]["attributes"]
    assert set(attributes) == {"check_mode", "diff_mode", "idempotent", "action_group", "async", "platform"}
    assert all(attribute["support"] and attribute["description"] for attribute in attributes.values())
    assert attributes["action_group"]["membership"] == ["bill.nextcloud.nextcloud"]
    assert shown["doc"]["requirements"] == other["doc"]["requirements"]
    assert f"bill.nextcloud.{module}:" in shown["examples"]
    assert shown["doc"]["version_added"] == ("0.1.0" if module == "nextcloud_users" else "0.2.0")


def test_one_account_is_documented_as_one_of_many(documents: dict[str, Documents]) -> None:
    """The words on an account's options are the same, but for the place of the options that they name."""
    one = documents["nextcloud_user"]["doc"]["options"]
    many = documents["nextcloud_users"]["doc"]["options"]["accounts"]["suboptions"]
    for name, option in many.items():
        words = [text.replace("O(accounts[].", "O(") for text in option["description"]]
        assert words == one[name]["description"]
        named = {found for text in option["description"] for found in re.findall(r"O\(([a-z_]+)", text)}
        assert not named & many.keys(), f"{name} names a suboption as if it were an option"


def test_new_options_tell_since_when(documents: dict[str, Documents]) -> None:
    """Options that the first version did not have say so; options as old as their module do not."""
    options = documents["nextcloud_users"]["doc"]["options"]
    newer = {name for name, option in options.items() if "version_added" in option}
    newer |= {name for name, option in options["accounts"]["suboptions"].items() if "version_added" in option}
    assert newer == {
        "create_groups",
        "disabled_shares",
        "wipe",
        "transfer_files_to",
        "update_password",
        "invite",
        "manager",
        "group_admin_of",
        "group_admin_of_absent",
    }
    for module in SPECS.keys() - {"nextcloud_users"}:
        assert "version_added" not in json.dumps(documents[module]["doc"]["options"]), module


# return values


class Comparison:
    """Compares results with their documentation; ``seen`` are the documented parts that some result had."""

    def __init__(self, documentation: t.Mapping[str, t.Any]) -> None:
        self._documentation = documentation
        self.seen: set[str] = set()

    def result(self, result: t.Mapping[str, t.Any]) -> None:
        """Compare a whole result."""
        assert {key for key in result if key not in STANDARD} == self._documentation.keys() - STANDARD
        for key in self._documentation.keys() & result.keys():
            self._value(self._documentation[key], result[key], key)

    def _value(self, documentation: t.Mapping[str, t.Any], value: t.Any, path: str) -> None:
        if value is None:
            return
        if documentation["type"] == "list":
            assert isinstance(value, list), path
            for item in value:
                self._inside(documentation, item, documentation["elements"], path)
        else:
            self._inside(documentation, value, documentation["type"], path)

    def _inside(self, documentation: t.Mapping[str, t.Any], value: t.Any, kind: str, path: str) -> None:
        types = {"str": str, "int": int, "bool": bool, "dict": dict, "raw": object}
        assert isinstance(value, types[kind]), f"{path} is {value!r}"
        self.seen.add(path)
        if "contains" not in documentation:
            return
        assert isinstance(value, dict), path
        assert value.keys() == documentation["contains"].keys(), path
        for key, inner in documentation["contains"].items():
            self._value(inner, value[key], f"{path}.{key}")

    def unseen(self) -> set[str]:
        """Return the documented parts with something inside that no result had."""
        return set(self._holders(self._documentation, "")) - self.seen

    def _holders(self, documentation: t.Mapping[str, t.Any], prefix: str) -> t.Iterator[str]:
        for key, value in documentation.items():
            if "contains" in value:
                yield prefix + key
                yield from self._holders(value["contains"], f"{prefix}{key}.")


def result_of_users(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result with an account that is right and one that failed, and one with a switch that is too new."""
    accounts = [{"name": NAME, "state": "exists"}, {"name": IMPOSSIBLE}]
    for release, further in ((31, {}), (27, {"disabled_shares": "left"})):
        if further:
            cloud.expect("GET", "/capabilities", ok({"version": {"major": release}}))
        cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, email="anna@example.org", lastLogin=1700000000000)))
        parameters = validated(USERS, cloud.url, accounts=accounts, **further)
        yield users_task.run(parameters, NO_SERVER, check_mode=False, with_diff=True)


def result_of_user(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result that is right, and one that failed."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME)))
    yield users_task.run_one(
        validated(USER, cloud.url, name=NAME, quota="5 GB"), NO_SERVER, check_mode=True, with_diff=True
    )
    yield users_task.run_one(validated(USER, cloud.url, name=IMPOSSIBLE), NO_SERVER, check_mode=False, with_diff=True)


def result_of_user_action(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result that is right, and one that failed."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, email="anna@example.org")))
    parameters = validated(USER_ACTION, cloud.url, name=NAME, action="send_welcome")
    yield user_action_task.run(parameters, NO_SERVER, check_mode=True)
    yield user_action_task.run({**parameters, "name": IMPOSSIBLE}, NO_SERVER, check_mode=False)


def result_of_quota(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result with a setting, an account that is right and one that failed."""
    for key, value in (("allow_unlimited_quota", "1"), ("default_quota", "5 GB"), ("max_quota", "-1")):
        cloud.expect("GET", f"{CONFIG}/files/{key}", ok({"data": value}))
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, quota=5)))
    parameters = validated(QUOTA, cloud.url, default="6 GB", quota="5", accounts=[{"name": NAME}, {"name": IMPOSSIBLE}])
    yield quota_task.run(parameters, NO_SERVER, check_mode=True, with_diff=True)


def result_of_group(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result with a member that is missing."""
    cloud.expect("GET", "/groups/details", ok({"groups": [{"id": "g", "displayname": "G"}]}), query={"search": "g"})
    cloud.expect("GET", "/groups/g/users", ok({"users": ["boris"]}))
    cloud.expect("GET", f"/users/{NAME}", missing())
    yield group_task.run(
        validated(GROUP, cloud.url, name="g", members=[NAME]), NO_SERVER, check_mode=False, with_diff=True
    )


def result_of_user_info(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result with an account that is shown, one that is missing and one that cannot be read."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME)))
    cloud.expect("GET", "/users/gone", missing())
    cloud.expect("GET", "/users/broken", no(500, 996))
    parameters = validated(USER_INFO, cloud.url, names=[NAME, "gone", "broken"])
    yield user_info_task.run(parameters, NO_SERVER, progress=lambda text: None)


def result_of_probe(cloud: ScriptedCloud) -> t.Iterator[dict[str, t.Any]]:
    """Yield a result of a cloud that can be used, and one of a cloud that is in maintenance."""
    status = {"installed": True, "maintenance": False, "needsDbUpgrade": False, "versionstring": "31.0.6"}
    cloud.expect("GET", "/status.php", Answer(body=json.dumps(status).encode()))
    cloud.expect(
        "GET", "/capabilities", ok({"version": {"major": 31}, "capabilities": {"password_policy": {"minLength": 10}}})
    )
    cloud.expect("GET", "/user", ok(record(ADMIN, groups=["admin"])))
    cloud.expect("POST", "/groups", no(400, 101, "Invalid group name"), [("groupid", "")])
    for app, key in (
        ("files", "allow_unlimited_quota"),
        ("files", "default_quota"),
        ("files", "max_quota"),
        ("core", "newUser.requireEmail"),
        ("core", "newUser.sendEmail"),
    ):
        cloud.expect("GET", f"{CONFIG}/{app}/{key}", ok({"data": ""}))
    yield probe_task.run(validated(PROBE, cloud.url), NO_SERVER)
    cloud.expect("GET", "/status.php", Answer(body=json.dumps({**status, "maintenance": True}).encode()))
    yield probe_task.run(validated(PROBE, cloud.url), NO_SERVER)


@pytest.mark.parametrize(
    ("module", "results"),
    [
        ("nextcloud_group", result_of_group),
        ("nextcloud_probe", result_of_probe),
        ("nextcloud_quota", result_of_quota),
        ("nextcloud_user", result_of_user),
        ("nextcloud_user_action", result_of_user_action),
        ("nextcloud_user_info", result_of_user_info),
        ("nextcloud_users", result_of_users),
    ],
)
def test_return_values(
    documents: dict[str, Documents],
    cloud: ScriptedCloud,
    module: str,
    results: t.Callable[[ScriptedCloud], t.Iterator[dict[str, t.Any]]],
) -> None:
    """Every key of a result is documented with its type, and every documented key is there, at any depth."""
    documentation = documents[module]["return"]
    comparison = Comparison(documentation)
    for result in results(cloud):
        comparison.result({**result, "transport": NO_SERVER.transport()})  # as the action plugin adds it
    assert comparison.unseen() == set()
    assert [path for path, words in described(documentation, "contains") if not words] == []


def without_samples(values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the documentation of return values without what differs from module to module."""
    return {
        key: {name: part for name, part in value.items() if not name.startswith(("sample", "version_added"))}
        for key, value in values.items()
    }


def test_accounts_and_failures_are_documented_alike(documents: dict[str, Documents]) -> None:
    """An account, and a failure, are the same thing wherever they are returned."""
    returned = {module: shown["return"] for module, shown in documents.items()}
    users = returned["nextcloud_users"]["accounts"]["contains"]
    account, failure = (without_samples(users[part]["contains"]) for part in ("account", "failure"))
    for contains in (
        returned["nextcloud_user"]["account"]["contains"],
        returned["nextcloud_quota"]["accounts"]["contains"]["account"]["contains"],
        returned["nextcloud_user_info"]["accounts"]["contains"],
    ):
        assert without_samples(contains) == account
    for module in SPECS.keys() - {"nextcloud_users"}:
        shown = without_samples(returned[module]["failure"]["contains"])
        assert shown.keys() == failure.keys()
        for key in failure.keys() - {"code", "account"}:
            assert shown[key] == failure[key]


def test_all_codes_of_failures_are_documented(documents: dict[str, Documents]) -> None:
    """The list of codes is complete, and so is that of kinds."""
    failure = documents["nextcloud_users"]["return"]["accounts"]["contains"]["failure"]["contains"]
    codes = re.findall(r"V\((\w+)\)", " ".join(failure["code"]["description"]))
    assert sorted(codes) == sorted(errors.TABLE)
    kinds = re.findall(r"V\((\w+)\)", failure["kind"]["description"])
    assert set(kinds) == {row.kind for row in errors.TABLE.values()}
