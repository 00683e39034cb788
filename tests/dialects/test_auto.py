# SPDX-License-Identifier: GPL-3.0-or-later
"""transport: auto, on a Nextcloud: what its API does not let be done, occ does, on the same machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.over_connection import OverConnection
from standins.cloud.process import StandinCloud

from dialects.cloud import PASSWORD, CloudUnderTest
from dialects.test_accounts import EMAIL, GB, forget_requests

_ADMIN_PASSWORD = "Admin-of-the-stand-in-1"
_EDITS = 60
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    """One Nextcloud for all cases."""
    with StandinCloud(tmp_path_factory.mktemp("auto"), admin_password=_ADMIN_PASSWORD) as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverConnection]:
    """Ansible's connection to its server."""
    with OverConnection(LOCAL, tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def cloud(standin: StandinCloud, server: OverConnection, tmp_path: Path) -> Iterator[CloudUnderTest]:
    """It, as new."""
    standin.reset()
    occ = standin.install_occ(tmp_path / "cloud")
    found = CloudUnderTest(
        standin.url, standin.admin_user, _ADMIN_PASSWORD, standin, execute=server.execute, dialect="nextcloud"
    ).with_connection(transport="auto", occ_path=str(occ), php_path=str(occ.with_name("php")))
    forget_requests(found)
    yield found
    standin.clear_faults()
    standin.clear_occ_faults()


def requests(cloud: CloudUnderTest) -> list[str]:
    """The writing requests to the API so far."""
    return [write for write in cloud.writes() if write.split()[0].isupper()]


def commands(cloud: CloudUnderTest) -> list[str]:
    """The changing commands of occ so far, by their names."""
    return [write.split()[0] for write in cloud.writes() if not write.split()[0].isupper()]


def test_occ_is_left_alone_while_the_api_does_it(cloud: CloudUnderTest, server: OverConnection) -> None:
    """Nothing is run on the server."""
    before = server.executions
    result = cloud.users({"name": "anna", "password": PASSWORD, "quota": "1 GB"})
    assert result["summary"]["failed"] == 0
    assert cloud.used() == {"used": ["api"], "reasons": []}
    assert server.executions == before


def test_an_api_that_lets_nobody_write(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """It is asked once, then occ does all of it, and the API shows that it is done: an account's whole life."""
    for method in ("POST", "PUT", "DELETE"):
        standin.fault("not_permitted", method=method)
    wish: dict[str, Any] = {
        "name": "anna",
        "password": PASSWORD,
        "email": EMAIL,
        "display_name": "Anna Ω",
        "quota": "5 GB",
        "groups": ["customers"],
        "language": "de",
        "ownership": "proven",
    }
    # A write is refused, the log-in is renewed, and it is refused again: two requests, and no more.
    done = cloud.users(wish)
    assert done["messages"] == []
    account = done["accounts"][0]["account"]
    wanted = {"email": EMAIL, "display_name": "Anna Ω", "quota": 5 * GB, "groups": ["customers"], "language": "de"}
    assert {field: account[field] for field in wanted} == wanted
    assert len(requests(cloud)) <= 2
    assert {"group:add", "user:add", "user:setting"} <= set(commands(cloud))
    used = cloud.used()
    assert used["used"] == ["api", "occ"]
    assert used["reasons"] == ["the API does not let the acting account change accounts"]
    forget_requests(cloud)
    assert cloud.users(wish)["changed"] is False
    assert cloud.writes() == []
    for state in ("disabled", "present", "absent"):
        result = cloud.users({"name": "anna", "state": state})
        assert (result["messages"], result["changed"]) == ([], True)
    assert cloud.info(names=["anna"])["missing"] == ["anna"]


def test_what_occ_cannot_do_either_is_an_error(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """Administrators of groups are for the API, which does not let us."""
    cloud.users({"name": "anna", "password": PASSWORD, "groups": ["one"]})
    standin.fault("not_permitted", method="POST")
    result = cloud.users({"name": "anna", "group_admin_of": ["one"]})
    assert result["accounts"][0]["failure"]["code"] == "write_not_permitted"
    assert result["changed"] is False


def test_more_edits_than_the_api_allows_at_once(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """None of them is sent to it: it would refuse the last ones."""
    standin.make_accounts("user_{number:03d}", count=_EDITS, quota="1 GB")
    accounts = [{"name": f"user_{number:03d}", "quota": "2 GB"} for number in range(1, _EDITS + 1)]
    planned = cloud.users(*accounts, check_mode=True)
    assert planned["summary"] == {"total": _EDITS, "changed": _EDITS, "failed": 0, "unchanged": 0}
    assert cloud.writes() == []
    done = cloud.users(*accounts)
    assert (done["summary"]["changed"], done["summary"]["failed"]) == (_EDITS, 0)
    assert requests(cloud) == []
    assert commands(cloud) == ["user:setting"] * _EDITS
    assert cloud.used()["reasons"] == [f"{_EDITS} edits are needed, and the API allows 50 in 10 minutes"]
    assert "warnings" not in done  # nothing is left for a later run
    forget_requests(cloud)
    assert cloud.users(*accounts)["changed"] is False


def test_the_limit_is_reached_in_the_middle(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """Others have used it up; what it refuses, and what comes after that, is done by occ."""
    standin.make_accounts("user_{number:03d}", count=9, quota="1 GB")
    standin.fault("rate_limit", method="PUT", skip=5)
    accounts = [{"name": f"user_{number:03d}", "quota": "2 GB"} for number in range(1, 10)]
    done = cloud.users(*accounts)
    assert (done["summary"]["changed"], done["summary"]["failed"]) == (9, 0)
    assert (len(requests(cloud)), commands(cloud)) == (6, ["user:setting"] * 4)
    assert cloud.used() == {"used": ["api", "occ"], "reasons": ["the API's limit of edits is reached"]}


def test_no_occ_where_it_is_needed(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """The failure says why it was needed, and what is wrong with it."""
    standin.fault("not_permitted", method="POST")
    lost = cloud.with_connection(occ_path="/nowhere/occ")
    failure = lost.users({"name": "anna", "password": PASSWORD})["accounts"][0]["failure"]
    assert failure["code"] == "occ_unusable"
    assert "the API does not let the acting account change accounts" in failure["detail"]
    assert "/nowhere/occ" in failure["detail"]


def test_the_occ_of_another_cloud(cloud: CloudUnderTest, standin: StandinCloud, tmp_path: Path) -> None:
    """It is told by when the two were installed. Accounts there are not ours, and nothing is done to them."""
    (tmp_path / "other").mkdir()
    with StandinCloud(tmp_path / "other", admin_password=_ADMIN_PASSWORD) as other:
        standin.set_app_config("core", installedat="1795816381.5284")
        other.set_app_config("core", installedat="1795816381.7")
        other.make_accounts("anna_{number}", count=1)
        occ = other.install_occ(tmp_path / "another")
        standin.make_accounts("anna_{number}", count=1)
        standin.fault("not_permitted", method="DELETE")
        mixed = cloud.with_connection(occ_path=str(occ), php_path=str(occ.with_name("php")))
        failure = mixed.users({"name": "anna_1", "state": "absent"})["accounts"][0]["failure"]
        assert (failure["code"], "another cloud" in failure["detail"]) == ("invalid_value", True)
        assert {command["arguments"][0] for command in other.commands()} == {"status", "config:app:get"}


def test_no_occ_for_many_edits(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """An account that needs none has not failed, and nothing is changed."""
    standin.make_accounts("user_{number:03d}", count=_EDITS, quota="1 GB")
    accounts = [{"name": f"user_{number:03d}", "quota": "2 GB"} for number in range(2, _EDITS + 1)]
    lost = cloud.with_connection(occ_path="/nowhere/occ")
    done = lost.users({"name": "user_001", "quota": "1 GB"}, *accounts)
    assert done["summary"] == {"total": _EDITS, "changed": 0, "failed": _EDITS - 1, "unchanged": 1}
    assert cloud.writes() == []


def test_a_change_whose_outcome_is_not_known_is_not_repeated_by_occ(
    cloud: CloudUnderTest, standin: StandinCloud
) -> None:
    """The answer is lost after the deletion was done."""
    cloud.users({"name": "anna", "password": PASSWORD})
    forget_requests(cloud)
    standin.fault("cut_after", method="DELETE")
    assert cloud.users({"name": "anna", "state": "absent"})["messages"] == []
    assert commands(cloud) == []


def test_a_probe_tells_which_way_can_be_taken(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """Writing is proven by the API, and where that is refused by occ; neither changes anything."""
    assert cloud.probe()["may_write"] is True
    assert cloud.used()["used"] == ["api"]
    standin.fault("not_permitted", method="POST")
    assert cloud.probe()["may_write"] is True
    assert cloud.used()["used"] == ["api", "occ"]
    assert cloud.info()["summary"]["total"] == 1


def test_settings_of_the_instance(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """They are set by occ, too, and read back."""
    standin.fault("not_permitted", method="POST")
    result = cloud.quota(default="3 GB")
    assert (result["failure"], result["instance"]["default"]) == (None, 3 * GB)
    assert cloud.used()["used"] == ["api", "occ"]
    assert cloud.quota(default="3 GB")["changed"] is False


def test_both_ways_share_one_session(cloud: CloudUnderTest, standin: StandinCloud) -> None:
    """Edits by occ in many threads, and group administrators by the API beside them, which is asked one at a time."""
    standin.make_accounts("user_{number:03d}", count=_EDITS, quota="1 GB")
    accounts = [
        {"name": f"user_{number:03d}", "quota": "2 GB", "group_admin_of": ["one"]} for number in range(1, _EDITS + 1)
    ]
    done = cloud.users(*accounts)
    assert (done["summary"]["changed"], done["summary"]["failed"], done["messages"]) == (_EDITS, 0, [])
    assert len(requests(cloud)) == _EDITS + 1  # one right for each, and the group
    assert cloud.refused_log_ins() == 0
