# SPDX-License-Identifier: GPL-3.0-or-later
"""The role cloud_for_sale, played on the server of a Nextcloud and of an ownCloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from standins.cloud.process import StandinCloud

from collection.conftest import Installed
from collection.roles import Server, failures, nothing_written, play

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

Start = Callable[[str], Server]
Case = tuple[dict[str, Any], str]
"""What is wished, without the prefix of the role's variables, and words with which it is refused."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the server of a stand-in of a product, and ends it with the test."""
    with ExitStack() as stack:

        def started(product: str) -> Server:
            directory = tmp_path / product
            directory.mkdir()
            standin = StandinCloud(directory, product=product, admin_password="Admin-of-the-stand-in-1")
            return Server(directory / "www", stack.enter_context(standin))

        yield started


def test_fresh_clouds_are_ready_for_sale(installed: Installed, start: Start, tmp_path: Path) -> None:
    """Check mode shows what is done and does nothing; then it is done; then there is nothing to do. The service account
    makes an account by the API."""
    servers = {product: start(product) for product in WISHES}
    servers["owncloud"].standin.set_app_config("password_policy", enabled="yes", spv_special_chars_checked="on")
    hosts = {
        name: (server, {**WISHES[name], "cloud_for_sale_api_url": server.standin.url})
        for name, server in servers.items()
    }
    before = {name: server.settings(*APPS) for name, server in servers.items()}
    played = partial(play, installed, tmp_path, ROLE, hosts, secrets=SECRETS)

    checked = played("--check")
    assert checked.returncode == 0, checked.printed
    assert nothing_written(servers.values())
    assert {name: server.settings(*APPS) for name, server in servers.items()} == before

    first = played()
    assert first.returncode == 0, first.printed
    assert first.changed_tasks == checked.changed_tasks
    for name, server in servers.items():
        after = {app: {**before[name][app], **SET[name].get(app, {})} for app in APPS}
        after["password_policy"].pop("spv_special_chars_checked", None)
        assert server.settings(*APPS) == after
        assert server.writes() != []

    again = played()
    assert again.returncode == 0, again.printed
    assert again.changed_tasks == set()
    assert nothing_written(servers.values())
    for run in (checked, first, again):
        assert "WARNING" not in run.printed, run.printed
    for server in servers.values():
        answer = requests.post(
            f"{server.standin.url}/ocs/v1.php/cloud/users?format=json",
            auth=(ACCOUNT, SECRETS["cloud_for_sale_service_account_password"]),
            headers={"OCS-APIRequest": "true"},
            data={"userid": "anna", "password": "Password-of-anna-1", "groups[]": "basic"},
            timeout=30,
        )
        assert answer.json()["ocs"]["meta"]["statuscode"] == 100, answer.text


def test_an_account_that_exists(installed: Installed, start: Start, tmp_path: Path) -> None:
    """It becomes an administrator only if that is asked for; then it is enabled, has no second factor, and the new
    password if that is asked for. On a Nextcloud that demands a second factor of everybody it has to be excepted."""
    nextcloud, owncloud = servers = start("nextcloud"), start("owncloud")
    for server in servers:
        server.standin.make_accounts(ACCOUNT, enabled=False, password="Former-password-1", second_factors=["totp"])
    nextcloud.occ("twofactorauth:enforce", "--on", "--exclude=staff")
    nextcloud.standin.set_app_config("bruteForce", whitelist_4="198.51.100.0/24", whitelist_9="192.0.2.10")
    wish = {"cloud_for_sale_service_account": ACCOUNT}
    promoted = {**wish, "cloud_for_sale_service_account_promote": True}
    excepted = {
        "cloud_for_sale_service_account_exempt_group": "no-factor",
        "cloud_for_sale_bridge_addresses": ["192.0.2.10", "192.0.2.11"],
        "cloud_for_sale_remove_other_addresses": True,
    }
    for server in servers:
        server.writes()
    played = partial(play, installed, tmp_path, ROLE, secrets=SECRETS)
    refused = played(
        {
            "nextcloud": (nextcloud, {**wish, **excepted}),
            "demanded": (nextcloud, promoted),
            "owncloud": (owncloud, wish),
        }
    )
    assert nothing_written(servers)
    found = failures(refused)
    assert all("is no member of the group admin" in found[name] for name in ("nextcloud", "owncloud")), refused.printed
    assert "demands a second factor of everybody" in found["demanded"]

    always = {**promoted, "cloud_for_sale_service_account_update_password": "always"}
    done = played(
        {
            name: (server, {**always, **further, "cloud_for_sale_api_url": server.standin.url})
            for name, server, further in (("nextcloud", nextcloud, excepted), ("owncloud", owncloud, {}))
        }
    )
    assert done.returncode == 0, done.printed
    enforced = "Two-factor authentication is enforced for all users, except members of staff, no-factor\n"
    assert nextcloud.occ("twofactorauth:enforce") == enforced
    assert "Enabled providers" not in nextcloud.occ("twofactorauth:state", ACCOUNT)
    listed = {"whitelist_9": "192.0.2.10", "whitelist_10": "192.0.2.11/32"}
    assert nextcloud.settings("bruteForce") == {"bruteForce": listed}
    assert owncloud.occ("user:setting", ACCOUNT, "core", "two_factor_auth_disabled") == "1\n"
    assert all(f"user:enable --no-interaction --no-ansi -- {ACCOUNT}" in server.writes() for server in servers)

    again = played({"nextcloud": (nextcloud, wish), "owncloud": (owncloud, wish)})
    assert (again.returncode, again.changed_tasks) == (0, set()), again.printed
    assert nothing_written(servers)


PASSWORD = "another-Password-of-the-account"
WRONG: dict[str, Case] = {
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
    "group_admin": ({"groups": ["basic", "admin"]}, "it is admin, or has more than"),
    "relative": ({"skeleton_directory": "core/skeleton"}, "is no absolute path"),
    "no_directory": ({"skeleton_directory": "/nowhere/skeleton"}, "is no directory on the server"),
    "no_address": ({"remove_other_addresses": True}, "of no use without"),
}
OF_NEXTCLOUD: dict[str, Case] = {
    "range": ({"bridge_addresses": ["192.0.2.0/24"]}, "has to have single addresses"),
    "name": ({"bridge_addresses": ["bridge.example.org"]}, "has to have single addresses"),
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
    "other_addresses": ({"bridge_addresses": ["192.0.2.10"]}, "198.51.100.0/24 would be excepted"),
    "policy_off": ({"password_numbers": True}, "password_policy is not enabled"),
    "read_only": ({"skeleton_directory": ""}, "config.php is read-only"),
    "no_name": (
        {"service_account": ACCOUNT, "service_account_password": PASSWORD, "service_account_exempt_group": ""},
        "it is admin, or has more than",
    ),
    "factor_of_admins": (
        {"service_account": ACCOUNT, "service_account_password": PASSWORD},
        "demands a second factor of members of admin",
    ),
}
OF_OWNCLOUD: dict[str, Case] = {
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
OF_NEXTCLOUD_17: dict[str, Case] = {
    "shares": ({"hide_disabled_user_shares": False}, "28 is the first"),
    "templates": ({"template_directory": ""}, "21 is the first"),
    "limit": ({"bridge_addresses": ["192.0.2.10"]}, "31 is the first"),
    "maximum": ({"maximum_quota": "5 GB"}, "Before release 23"),
}


def test_what_does_not_fit_is_refused(installed: Installed, start: Start, tmp_path: Path) -> None:
    """With words that say what, before anything is changed; so is what a product or release cannot do."""
    nextcloud, old, owncloud = servers = start("nextcloud"), start("nextcloud-17"), start("owncloud")
    nextcloud.standin.set_app_config("bruteForce", whitelist_1="198.51.100.0/24")
    nextcloud.standin.set_app_config("password_policy", enabled="no")
    nextcloud.occ("config:system:set", "config_is_read_only", "--type=boolean", "--value=true")
    nextcloud.occ("twofactorauth:enforce", "--on", "--group=admin")
    hosts, expected = {}, {}
    for server, cases in ((owncloud, WRONG | OF_OWNCLOUD), (nextcloud, OF_NEXTCLOUD), (old, OF_NEXTCLOUD_17)):
        server.writes()
        for name, (wish, words) in cases.items():
            hosts[name] = server, {f"cloud_for_sale_{variable}": value for variable, value in wish.items()}
            expected[name] = words
    run = play(installed, tmp_path, ROLE, hosts, "--forks", "2", secrets={})
    assert nothing_written(servers)
    found = failures(run)
    assert {name: found.get(name, "") for name, words in expected.items() if words not in found.get(name, "")} == {}
