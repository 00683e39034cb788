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
    "cloud_for_sale_groups": ["basic"],
    "cloud_for_sale_skeleton_directory": "",
    "cloud_for_sale_password_min_length": 12,
    "cloud_for_sale_password_special_characters": False,
}
WISHES: dict[str, dict[str, Any]] = {
    "nextcloud": {
        **OF_BOTH,
        "cloud_for_sale_maximum_quota": "100 GB",
        "cloud_for_sale_template_directory": "",
        "cloud_for_sale_welcome_mails": False,
        "cloud_for_sale_hide_disabled_user_shares": True,
        "cloud_for_sale_bridge_addresses": ["192.0.2.10", "2001:DB8::7/128"],
    },
    "owncloud": OF_BOTH,
}
SET: dict[str, dict[str, dict[str, Any]]] = {
    "nextcloud": {
        "core": {"newUser.sendEmail": "no"},
        "files": {"default_quota": "5 GB", "max_quota": str(100 * 1024**3)},
        "files_sharing": {"hide_disabled_user_shares": "yes"},
        "password_policy": {
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
        },
        "system": {"skeletondirectory": ""},
    },
}
APPS = ("core", "files", "files_sharing", "password_policy", "bruteForce", "bruteforcesettings", "system")

Start = Callable[[str], Server]
Case = tuple[dict[str, Any], tuple[str, ...]]
"""What is wished, without the prefix of the role's variables, and the words with which each part of it is refused."""


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
    """It becomes an administrator if that is asked for; it is enabled, has no second factor, and the new password. A
    Nextcloud that demands a second factor of everybody excepts it, and other addresses lose their exception."""
    nextcloud, owncloud = servers = start("nextcloud"), start("owncloud")
    for server in servers:
        server.standin.make_accounts(ACCOUNT, enabled=False, password="Former-password-1", second_factors=["totp"])
    nextcloud.occ("twofactorauth:enforce", "--on", "--exclude=staff")
    nextcloud.standin.set_app_config("bruteForce", whitelist_4="198.51.100.0/24", whitelist_9="192.0.2.10")
    wish = {"cloud_for_sale_service_account": ACCOUNT, "cloud_for_sale_service_account_promote": True}
    excepted = {
        "cloud_for_sale_service_account_exempt_group": "no-factor",
        "cloud_for_sale_bridge_addresses": ["192.0.2.10", "192.0.2.11"],
        "cloud_for_sale_remove_other_addresses": True,
    }
    wishes = {"nextcloud": (nextcloud, wish | excepted), "owncloud": (owncloud, wish)}
    now = {"cloud_for_sale_service_account_update_password": "always"}
    proved = {
        name: (server, {**wished, **now, "cloud_for_sale_api_url": server.standin.url})
        for name, (server, wished) in wishes.items()
    }
    done = play(installed, tmp_path, ROLE, proved, secrets=SECRETS)
    assert done.returncode == 0, done.printed
    enforced = "Two-factor authentication is enforced for all users, except members of staff, no-factor\n"
    assert nextcloud.occ("twofactorauth:enforce") == enforced
    assert "Enabled providers" not in nextcloud.occ("twofactorauth:state", ACCOUNT)
    listed = {"whitelist_9": "192.0.2.10", "whitelist_10": "192.0.2.11/32"}
    assert nextcloud.settings("bruteForce") == {"bruteForce": listed}
    assert owncloud.occ("user:setting", ACCOUNT, "core", "two_factor_auth_disabled") == "1\n"
    assert all(f"user:enable --no-interaction --no-ansi -- {ACCOUNT}" in server.writes() for server in servers)
    again = play(installed, tmp_path, ROLE, wishes, secrets=SECRETS)
    assert (again.returncode, again.changed_tasks) == (0, set()), again.printed
    assert nothing_written(servers)


PASSWORD = "another-Password-of-the-account"
WITH_PASSWORD = {"service_account": ACCOUNT, "service_account_password": PASSWORD}
WISHED_WRONG: tuple[Case, ...] = (
    (
        {"service_account_password": PASSWORD[:19], "password_min_length": 0, "default_quota": "1,5 GB"},
        ("but not its name", "has to have 20 to 469 characters", "from 1 to 255", "is no quota"),
    ),
    (
        {"service_account": "a/b", "api_url": "https://cloud.example.org", "skeleton_directory": "core/skeleton"},
        ("3 to 64 letters", "to prove the service account", "is no absolute path"),
    ),
    (
        {
            **WITH_PASSWORD,
            "password_numbers": True,
            "service_account_exempt_group": "basic",
            "groups": ["basic", "admin"],
        },
        (
            "the cloud_for_sale_password_ rules ask for",
            "would need no second factor either",
            "it is admin, or has more",
        ),
    ),
    (
        {"service_account_update_password": "always", "remove_other_addresses": True, "maximum_quota": -1},
        ("is always, and there is no", "of no use without", "is no quota"),
    ),
    ({"bridge_addresses": ["192.0.2.0/24"]}, ("has to have single addresses",)),
    ({"bridge_addresses": ["bridge.example.org"]}, ("has to have single addresses",)),
    ({"service_account_update_password": "sometimes"}, ("value of cloud_for_sale_service_account_update_password",)),
)
BY_SERVER: dict[str, tuple[Case, ...]] = {
    "nextcloud": (
        *WISHED_WRONG,
        ({"default_quota": "5 GB", "maximum_quota": "4 GB"}, ("above the maximum",)),
        (
            {"bridge_addresses": ["192.0.2.10"], "password_numbers": True, "template_directory": ""},
            ("198.51.100.0/24 would be excepted", "password_policy is not enabled", "config.php is read-only"),
        ),
        (
            {"service_account": "new"},
            ("no cloud_for_sale_service_account_password to make it with", "a second factor of members of admin"),
        ),
    ),
    "nextcloud-17": (
        (
            {"hide_disabled_user_shares": False, "template_directory": "", "bridge_addresses": ["192.0.2.10"]},
            ("28 is the first", "21 is the first", "31 is the first"),
        ),
        ({"maximum_quota": "5 GB"}, ("Before release 23",)),
        (WITH_PASSWORD, ("is no member of the group admin", "a second factor of everybody")),
    ),
    "owncloud": (
        (
            wish := {
                "maximum_quota": "5 GB",
                "allow_unlimited_quota": False,
                "welcome_mails": False,
                "template_directory": "/srv",
                "password_not_common": False,
                "password_not_leaked": True,
                "hide_disabled_user_shares": True,
                "bridge_addresses": ["192.0.2.10"],
                "service_account_exempt_group": "no-factor",
                **WITH_PASSWORD,
            },
            tuple(f"nothing for cloud_for_sale_{name}" for name in wish if name not in WITH_PASSWORD),
        ),
        ({"skeleton_directory": "/nowhere/skeleton"}, ("is no directory on the server",)),
    ),
}


def test_what_does_not_fit_is_refused(installed: Installed, start: Start, tmp_path: Path) -> None:
    """With words that say what, before anything is changed; so is what a product or release cannot do."""
    servers = {product: start(product) for product in BY_SERVER}
    nextcloud, old = servers["nextcloud"], servers["nextcloud-17"]
    nextcloud.standin.set_app_config("bruteForce", whitelist_1="198.51.100.0/24")
    nextcloud.standin.set_app_config("password_policy", enabled="no")
    nextcloud.occ("config:system:set", "config_is_read_only", "--type=boolean", "--value=true")
    nextcloud.occ("twofactorauth:enforce", "--on", "--group=admin")
    old.standin.make_accounts(ACCOUNT)
    old.occ("twofactorauth:enforce", "--on")
    hosts, expected = {}, {}
    for product, cases in BY_SERVER.items():
        servers[product].writes()
        for number, (wish, words) in enumerate(cases):
            name = f"{product.replace('-', '_')}_{number}"
            hosts[name] = servers[product], {f"cloud_for_sale_{variable}": value for variable, value in wish.items()}
            expected[name] = words
    run = play(installed, tmp_path, ROLE, hosts, secrets={})
    assert nothing_written(servers.values())
    found = failures(run)
    missing = {name: [one for one in words if one not in found.get(name, "")] for name, words in expected.items()}
    assert not any(missing.values()), (missing, run.printed)
