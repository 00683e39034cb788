# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in does as a Nextcloud 17 beyond its recordings: rules that take time, many calls, or settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.client import Client, ocs_code
from standins.cloud.process import StandinCloud


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandinCloud]:
    """A Nextcloud 17."""
    with StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-1", product="nextcloud-17") as started:
        yield started


@pytest.fixture
def client(standin: StandinCloud) -> Client:
    """Its administrator."""
    return Client(standin)


def test_edits_are_not_limited(client: Client) -> None:
    """Nextcloud 31 refuses the 51st."""
    client.create("user_1")
    assert {client.call("PUT", "users/user_1", {"key": "quota", "value": "1 GB"}).status_code for _ in range(60)} == {
        200
    }


def test_old_session_may_not_write_and_is_told_so_like_a_wrong_login(standin: StandinCloud, client: Client) -> None:
    """401 and 997: only the message tells the two apart. So does the fault that stands for it."""
    for _ in range(2):
        assert client.call("GET", "user").status_code == 200
    standin.advance_clock(31 * 60)
    expected = (401, (997, "Password confirmation is required"))
    refused = client.create("user_1")
    assert (refused.status_code, ocs_code(refused)) == expected
    assert client.fresh().create("user_1").status_code == 200
    standin.fault("not_permitted")
    refused = client.fresh().create("user_2")
    assert (refused.status_code, ocs_code(refused)) == expected


def test_bad_display_name_leaves_the_new_account(client: Client) -> None:
    """Nextcloud 31 takes it back."""
    assert ocs_code(client.create("user_1", displayName="L" * 65)) == (101, "Bad request")
    record = client.record("user_1")
    assert record is not None
    assert record["displayname"] == "user_1"


def test_settings_that_limit_quota_are_unknown(standin: StandinCloud, client: Client) -> None:
    """Nextcloud 31 refuses both."""
    standin.set_app_config("files", max_quota="1073741824", allow_unlimited_quota="0")
    for quota in ("5 GB", "none"):
        client.create(quota.replace(" ", ""), quota=quota)
        record = client.record(quota.replace(" ", ""))
        assert record is not None
        assert record["quota"]["quota"] == (5 * 1024**3 if quota == "5 GB" else "none")


def test_accounts_made_at_once_are_those_of_a_new_server(standin: StandinCloud, client: Client) -> None:
    """No language, and a quota that is brief until the first log-in."""
    standin.make_accounts("seen", used=1024, quota="1 GB")
    standin.make_accounts("unseen", quota="1 GB")
    seen, unseen = client.record("seen"), client.record("unseen")
    assert seen is not None
    assert unseen is not None
    assert (seen["language"], unseen["language"]) == ("", "")
    assert seen["quota"] == {"quota": 1024**3, "used": 1024, "free": 1024**3 - 1024, "total": 1024**3, "relative": 0}
    assert unseen["quota"] == {"quota": 1024**3, "used": 0}
