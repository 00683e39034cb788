# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log-in of a task: a name with its password, or a bearer token, whose account the cloud tells."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils import secrets
from ansible_collections.bill.nextcloud.plugins.plugin_utils.credentials import Token
from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.tests.unit import running, running_probe
from ansible_collections.bill.nextcloud.tests.unit.running import NAME, code
from ansible_collections.bill.nextcloud.tests.unit.running_probe import ADMINISTRATOR, capabilities, status
from ansible_collections.bill.nextcloud.tests.unit.scripted import ADMIN, ScriptedCloud, no, ok, record


def json_web_token(claims: t.Any) -> str:
    """Return a token of three parts, as OpenID Connect has them."""
    parts = (json.dumps({"alg": "RS256"}).encode(), json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


TOKEN = json_web_token({"exp": 2_000_000_000, "sub": ADMIN})
BY_TOKEN: dict[str, t.Any] = {"api_username": None, "api_password": None, "api_token": TOKEN}


@pytest.mark.parametrize(
    "log_in",
    [
        {},
        {"api_username": "a"},
        {"api_password": "x"},
        {"api_username": "a", "api_password": "x", "api_token": "y"},
    ],
)
def test_exactly_one_log_in(log_in: dict[str, str]) -> None:
    """Neither none nor two, and no password without a name."""
    connection = {"api_url": "https://cloud.example.org", **log_in}
    assert ArgumentSpecValidator(**PROBE.keywords).validate(connection).error_messages


def test_a_token_is_sent_and_its_end_is_told(cloud: ScriptedCloud) -> None:
    """It says itself when it ends."""
    cloud.expect("GET", "/status.php", status())
    cloud.expect("GET", "/capabilities", capabilities(), user=TOKEN)
    cloud.expect("GET", "/user", ok(ADMINISTRATOR), user=TOKEN)
    result = running_probe.run(cloud, write_proof=False, read_limits=False, **BY_TOKEN)
    assert (code(result), result["acting_account"]["name"]) == (None, ADMIN)
    assert result["credentials_expire"] == "2033-05-18T03:33:20Z"


def test_the_account_of_a_token_is_protected(cloud: ScriptedCloud) -> None:
    """The cloud is asked whose the token is."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME)), user=TOKEN)
    cloud.expect("GET", "/user", ok(record(NAME)), user=TOKEN)
    (result,) = running.run(cloud, {"state": "absent"}, **BY_TOKEN)["accounts"]
    assert code(result) == "protected_account"


def test_a_token_is_a_secret(cloud: ScriptedCloud) -> None:
    """Neither its text nor its object shows it."""
    cloud.expect("GET", f"/users/{NAME}", no(400, 101, f"what is {TOKEN}?"), user=TOKEN)
    result = running.run(cloud, {"state": "absent"}, **BY_TOKEN)
    assert TOKEN in json.dumps(result)
    secrets.Masker(secrets.of_arguments(BY_TOKEN)).mask_words(result)
    assert TOKEN not in json.dumps(result)
    assert TOKEN not in repr(Token(TOKEN))


def test_the_white_space_around_a_token(cloud: ScriptedCloud) -> None:
    """A line break of a file is none of it."""
    cloud.expect("GET", f"/users/{NAME}", ok(record(NAME, enabled=False)), user=TOKEN)
    cloud.expect("GET", "/user", ok(ADMINISTRATOR), user=TOKEN)
    (result,) = running.run(cloud, {"state": "disabled"}, **{**BY_TOKEN, "api_token": f" {TOKEN}\n"})["accounts"]
    assert code(result) is None


@pytest.mark.parametrize("token", ["", " \n", "two parts", "line\nbreak", "Schlüssel", "a\0b"])
def test_what_is_no_token(cloud: ScriptedCloud, token: str) -> None:
    """It is refused before it is sent, in words without it."""
    (result,) = running.run(cloud, {"state": "disabled"}, **{**BY_TOKEN, "api_token": token})["accounts"]
    assert code(result) == "invalid_value"
    assert not token.strip() or token not in json.dumps(result, ensure_ascii=False)


@pytest.mark.parametrize("url", ["https://exa..mple", f"https://{'a' * 64}.example", "https://-.ex\u2008mple"])
def test_names_of_hosts_that_cannot_be(url: str) -> None:
    """They are refused before any request."""
    with pytest.raises(CloudError) as caught:
        Endpoint.parse(url, None)
    assert caught.value.code == "invalid_url"


@pytest.mark.parametrize("token", ["opaque", "a.b.c", json_web_token([]), json_web_token({"exp": None}), "ü.ü.ü"])
def test_a_token_that_does_not_tell_its_end(token: str) -> None:
    """Its end is not known, which is no fault."""
    assert Token(token).end is None
