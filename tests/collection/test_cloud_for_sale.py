# SPDX-License-Identifier: GPL-3.0-or-later
"""The role cloud_for_sale, played on the server of a Nextcloud and of an ownCloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from standins.cloud.process import StandinCloud

from collection.conftest import Installed
from collection.roles import Server

ROLE = "cloud_for_sale"
ACCOUNT = "provisioning"
SECRETS = {"cloud_for_sale_service_account_password": "Password-of-the-service-account-1"}
OF_BOTH: dict[str, Any] = {
    "cloud_for_sale_service_account": ACCOUNT,
    "cloud_for_sale_default_quota": "5 GiB",
    "cloud_for_sale_groups": ["basic", "premium"],
    "cloud_for_sale_skeleton_directory": "",
    "cloud_for_sale_password_min_length": 12,
    "cloud_for_sale_password_numbers": True,
    "cloud_for_sale_password_special_characters": False,
}
WISHES: dict[str, dict[str, Any]] = {
    "nextcloud": {
        **OF_BOTH,
        "cloud_for_sale_maximum_quota": "100 GB",
        "cloud_for_sale_allow_unlimited_quota": False,
        "cloud_for_sale_template_directory": "",
        "cloud_for_sale_welcome_mails": False,
        "cloud_for_sale_password_not_common": True,
        "cloud_for_sale_hide_disabled_user_shares": True,
        "cloud_for_sale_bridge_addresses": ["192.0.2.10", "2001:DB8::7/128"],
    },
    "owncloud": OF_BOTH,
}
SET: dict[str, dict[str, dict[str, Any]]] = {
    "nextcloud": {
        "core": {"newUser.sendEmail": "no"},
        "files": {"allow_unlimited_quota": "0", "default_quota": "5 GB", "max_quota": str(100 * 1024**3)},
        "files_sharing": {"hide_disabled_user_shares": "yes"},
        "password_policy": {
            "enforceNonCommonPassword": "1",
            "enforceNumericCharacters": "1",
            "enforceSpecialCharacters": "0",
            "minLength": "12",
        },
        "bruteForce": {"whitelist_1": "192.0.2.10/32", "whitelist_2": "2001:db8::7/128"},
        "bruteforcesettings": {"apply_allowlist_to_ratelimit": "1"},
        "system": {"skeletondirectory": "", "templatedirectory": ""},
    },
    "owncloud": {
        "files": {"default_quota": "5 GB"},
        "password_policy": {
            "spv_min_chars_checked": "on",
            "spv_min_chars_value": "12",
            "spv_numbers_checked": "on",
        },
        "system": {"skeletondirectory": ""},
    },
}
APPS = ("core", "files", "files_sharing", "password_policy", "bruteForce", "bruteforcesettings", "system")

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the server of a stand-in of a product, and ends it with the test."""
    with ExitStack() as stack:

        def started(product: str) -> Server:
            standin = stack.enter_context(
                StandinCloud(tmp_path, product=product, admin_password="Admin-of-the-stand-in-1")
            )
            return Server(standin, tmp_path / "server")

        yield started


def settings(server: Server) -> dict[str, dict[str, Any]]:
    """All settings that the role may set, and some that it leaves alone."""
    return {app: server.settings(app) for app in APPS}


def messages(printed: str) -> dict[str, str]:
    """What failed on each host, in words."""
    return dict(re.findall(r"^(?:fatal|failed): \[(\w+)\].*?\"msg\": \"(.*?)\"", printed, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("product", WISHES)
def test_a_fresh_cloud_is_ready_for_sale(product: str, installed: Installed, start: Start) -> None:
    """Check mode shows what is done and does nothing; then it is done; then there is nothing to do. The service account
    makes an account by the API."""
    server = start(product)
    if product == "owncloud":
        server.standin.set_app_config("password_policy", enabled="yes", spv_special_chars_checked="on")
    hosts = {"cloud": {**WISHES[product], "cloud_for_sale_api_url": server.standin.url}}
    before = settings(server)

    checked = server.play(installed, ROLE, hosts, "--check", secrets=SECRETS)
    assert checked.returncode == 0, checked.printed
    assert server.writes() == []
    assert settings(server) == before

    first = server.play(installed, ROLE, hosts, secrets=SECRETS)
    assert first.returncode == 0, first.printed
    assert first.changed_tasks == checked.changed_tasks != set()
    after = {app: {**before[app], **values} for app, values in SET[product].items()}
    if product == "owncloud":
        del after["password_policy"]["spv_special_chars_checked"]
    assert settings(server) == {**before, **after}
    assert server.writes() != []

    again = server.play(installed, ROLE, hosts, secrets=SECRETS)
    assert again.returncode == 0, again.printed
    assert again.changed_tasks == set()
    assert server.writes() == []

    answer = requests.post(
        f"{server.standin.url}/ocs/v1.php/cloud/users?format=json",
        auth=(ACCOUNT, SECRETS["cloud_for_sale_service_account_password"]),
        headers={"OCS-APIRequest": "true"},
        data={"userid": "anna", "password": "Password-of-anna-1", "groups[]": "basic"},
        timeout=30,
    )
    assert answer.json()["ocs"]["meta"]["statuscode"] == 100, answer.text
    for run in (checked, first, again):
        assert "WARNING" not in run.printed, run.printed


@pytest.mark.parametrize("product", WISHES)
def test_an_account_that_exists(product: str, installed: Installed, start: Start) -> None:
    """It is an administrator's afterwards only if that was asked for; then it is enabled, has no second factor, and
    the new password if that was asked for."""
    server = start(product)
    server.standin.make_accounts(ACCOUNT, enabled=False, password="Former-password-of-it-1", second_factors=["totp"])
    wish: dict[str, Any] = {"cloud_for_sale_service_account": ACCOUNT}
    exempt: dict[str, Any] = {}
    if product == "nextcloud":
        server.occ("twofactorauth:enforce", "--on", "--exclude=staff")
        server.standin.set_app_config("bruteForce", whitelist_4="198.51.100.0/24", whitelist_9="192.0.2.10")
        exempt = {
            "cloud_for_sale_service_account_exempt_group": "no-factor",
            "cloud_for_sale_bridge_addresses": ["192.0.2.10", "192.0.2.11"],
            "cloud_for_sale_remove_other_addresses": True,
        }
    server.writes()
    hosts: dict[str, Any] = {
        "unasked": {**wish, **exempt},
        "demanded": {**wish, "cloud_for_sale_service_account_promote": True},
    }
    if product == "owncloud":
        del hosts["demanded"]
    refused = server.play(installed, ROLE, hosts, secrets=SECRETS)
    assert server.writes() == []
    found = messages(refused.printed)
    assert set(found) == set(hosts), refused.printed
    assert "is no member of the group admin" in found["unasked"]
    assert product == "owncloud" or "demands a second factor of everybody" in found["demanded"]

    asked = {**wish, **exempt, "cloud_for_sale_service_account_promote": True}
    always = {"cloud_for_sale_service_account_update_password": "always", "cloud_for_sale_api_url": server.standin.url}
    done = server.play(installed, ROLE, {"cloud": {**asked, **always}}, secrets=SECRETS)
    assert done.returncode == 0, done.printed
    assert f"user:enable --no-interaction --no-ansi -- {ACCOUNT}" in server.writes()
    if product == "nextcloud":
        enforced = "Two-factor authentication is enforced for all users, except members of staff, no-factor\n"
        assert server.occ("twofactorauth:enforce") == enforced
        assert "Enabled providers" not in server.occ("twofactorauth:state", ACCOUNT)
        assert server.settings("bruteForce") == {"whitelist_9": "192.0.2.10", "whitelist_10": "192.0.2.11/32"}
    else:
        assert server.occ("user:setting", ACCOUNT, "core", "two_factor_auth_disabled") == "1\n"
    server.writes()
    again = server.play(installed, ROLE, {"cloud": wish}, secrets=SECRETS)
    assert (again.returncode, again.changed_tasks, server.writes()) == (0, set(), []), again.printed


def refusals(server: Server, installed: Installed, cases: dict[str, tuple[dict[str, Any], str]]) -> None:
    """Each case is refused with its words, and occ is told to change nothing."""
    server.writes()
    named = {name: {f"cloud_for_sale_{key}": value for key, value in case.items()} for name, (case, _) in cases.items()}
    run = server.play(installed, ROLE, named, secrets={})
    assert server.writes() == []
    found = messages(run.printed)
    assert {name: words in found.get(name, "") for name, (_, words) in cases.items()} == dict.fromkeys(cases, True), (
        run.printed
    )


PASSWORD = "another-Password-of-the-account"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no_account": ({"service_account_password": PASSWORD}, "but not its name"),
    "short_password": ({"service_account": ACCOUNT, "service_account_password": PASSWORD[:19]}, "20 to 469 characters"),
    "no_password": ({"service_account": ACCOUNT}, "no cloud_for_sale_service_account_password to make it with"),
    "nothing_to_set": (
        {"service_account": ACCOUNT, "service_account_update_password": "always"},
        "there is no cloud_for_sale_service_account_password",
    ),
    "no_proof": ({"api_url": "https://cloud.example.org"}, "to prove the service account"),
    "against_the_rules": (
        {"service_account": ACCOUNT, "service_account_password": PASSWORD, "password_numbers": True},
        "not what the cloud_for_sale_password_ rules ask for",
    ),
    "bad_account": ({"service_account": "a/b", "service_account_password": PASSWORD}, "3 to 64 letters"),
    "update": ({"service_account_update_password": "sometimes"}, "value of cloud_for_sale_service_account_update_pass"),
    "bad_quota": ({"default_quota": "1,5 GB"}, "is no quota"),
    "bad_length": ({"password_min_length": 0}, "from 1 to 255"),
    "group_admin": ({"groups": ["basic", "admin"]}, "admin cannot be a group of a tariff"),
    "relative": ({"skeleton_directory": "core/skeleton"}, "is no absolute path"),
    "no_directory": ({"skeleton_directory": "/nowhere/skeleton"}, "is no directory on the server"),
    "no_address": ({"remove_other_addresses": True}, "of no use without"),
}
OF_NEXTCLOUD: dict[str, tuple[dict[str, Any], str]] = {
    "range": ({"bridge_addresses": ["192.0.2.0/24"]}, "is no single address"),
    "name": ({"bridge_addresses": ["bridge.example.org"]}, "is no single address"),
    "sold_without_factor": (
        {
            "service_account": ACCOUNT,
            "service_account_password": PASSWORD,
            "service_account_exempt_group": "basic",
            "groups": ["basic"],
        },
        "customers would need no second factor either",
    ),
    "default_above_maximum": ({"default_quota": "5 GB", "maximum_quota": "4 GB"}, "above the maximum"),
    "other_address": ({"bridge_addresses": ["192.0.2.10"]}, "198.51.100.0/24 would be excepted"),
    "policy_off": ({"password_numbers": True}, "password_policy is not enabled"),
    "read_only": ({"skeleton_directory": ""}, "config.php is read-only"),
    "second_factor": (
        {"service_account": ACCOUNT, "service_account_password": PASSWORD, "service_account_exempt_group": ""},
        "cannot be a group of a tariff",
    ),
    "factor_of_admins": (
        {"service_account": ACCOUNT, "service_account_password": PASSWORD},
        "demands a second factor of members of admin",
    ),
}
OF_OWNCLOUD: dict[str, tuple[dict[str, Any], str]] = {
    name: ({name: value}, f"ownCloud has nothing for cloud_for_sale_{name}")
    for name, value in {
        "maximum_quota": "5 GB",
        "allow_unlimited_quota": False,
        "welcome_mails": False,
        "template_directory": "/srv",
        "password_not_common": False,
        "password_not_leaked": True,
        "hide_disabled_user_shares": True,
        "bridge_addresses": ["192.0.2.10"],
    }.items()
}
OF_NEXTCLOUD_17: dict[str, tuple[dict[str, Any], str]] = {
    "shares": ({"hide_disabled_user_shares": False}, "28 is the first"),
    "templates": ({"template_directory": ""}, "21 is the first"),
    "limit": ({"bridge_addresses": ["192.0.2.10"]}, "31 is the first"),
    "maximum": ({"maximum_quota": "5 GB"}, "Before release 23"),
}


def test_what_does_not_fit_is_refused_on_a_nextcloud(installed: Installed, start: Start) -> None:
    """Nothing is changed before."""
    server = start("nextcloud")
    server.standin.set_app_config("bruteForce", whitelist_1="198.51.100.0/24")
    server.standin.set_app_config("password_policy", enabled="no")
    server.occ("config:system:set", "config_is_read_only", "--type=boolean", "--value=true")
    server.occ("twofactorauth:enforce", "--on", "--group=admin")
    wrong = {name: case for name, case in WRONG.items() if name != "no_directory"}  # config.php is read-only
    refusals(server, installed, {**wrong, **OF_NEXTCLOUD})


@pytest.mark.parametrize(
    ("product", "cases"),
    [("owncloud", {**OF_OWNCLOUD, "no_directory": WRONG["no_directory"]}), ("nextcloud-17", OF_NEXTCLOUD_17)],
)
def test_what_a_product_or_release_cannot_do_is_refused(
    product: str, cases: dict[str, tuple[dict[str, Any], str]], installed: Installed, start: Start
) -> None:
    """Nothing is left out in silence."""
    refusals(start(product), installed, cases)
