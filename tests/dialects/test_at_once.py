# SPDX-License-Identifier: GPL-3.0-or-later
"""Several requests to one cloud at the same time: how many, one log-in for all of them, and what ends them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from standins.cloud.process import StandinCloud

from dialects.cloud import OTHER_PASSWORD, PASSWORD, CloudUnderTest
from dialects.products import PRODUCTS
from dialects.test_accounts import forget_requests

_ADMIN_PASSWORD = "Admin-of-the-stand-in-1"
_ACCOUNTS = 12
_LONG = 0.1
"""Seconds that each answer takes, so that requests of the same time meet on the stand-in."""
_ENDED = 31 * 60
"""Seconds after which a log-in to Nextcloud lets nobody write any more."""
_OPTIONS: dict[str, Any] = {"password": PASSWORD, "groups": ["customers-of-the-case"]}


@pytest.fixture(scope="module", params=["nextcloud", "owncloud", "libregraph"])
def standin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[StandinCloud, str]]:
    """A stand-in of each product by its API, and the product's dialect."""
    dialect: str = request.param
    product = PRODUCTS[dialect].standin or dialect
    with StandinCloud(tmp_path_factory.mktemp(dialect), product=product, admin_password=_ADMIN_PASSWORD) as started:
        yield started, dialect


@pytest.fixture(scope="module")
def nextcloud_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    """One for what only Nextcloud has."""
    with StandinCloud(tmp_path_factory.mktemp("only"), admin_password=_ADMIN_PASSWORD) as started:
        yield started


def as_new(standin: StandinCloud, dialect: str) -> CloudUnderTest:
    """A stand-in without accounts, whose answers take a while."""
    standin.reset()
    cloud = CloudUnderTest(standin.url, standin.admin_user, _ADMIN_PASSWORD, standin, dialect=dialect)
    standin.set_delays(routes=[{"seconds": _LONG}])
    forget_requests(cloud)
    return cloud


@pytest.fixture
def cloud(standin: tuple[StandinCloud, str]) -> CloudUnderTest:
    """See :func:`as_new`."""
    return as_new(*standin)


@pytest.fixture
def nextcloud(nextcloud_standin: StandinCloud) -> CloudUnderTest:
    """See :func:`as_new`."""
    return as_new(nextcloud_standin, "nextcloud")


def wishes(**options: Any) -> list[dict[str, Any]]:
    """The same for a number of accounts."""
    return [{"name": f"user_{number:02d}", **options} for number in range(1, _ACCOUNTS + 1)]


def entries(cloud: CloudUnderTest) -> list[dict[str, Any]]:
    """The requests so far, but for the question what product it is."""
    assert cloud.standin is not None
    return [entry for entry in cloud.standin.requests() if entry["auth"] is not None]


def creations(cloud: CloudUnderTest) -> list[dict[str, Any]]:
    """Those that were to make an account."""
    return [entry for entry in entries(cloud) if entry["method"] == "POST" and entry["path"].endswith("/users")]


def most(found: list[dict[str, Any]]) -> int:
    """How many requests were under way at the same time at most."""
    return max(int(entry["at_once"]) for entry in found)


def failures(result: dict[str, Any]) -> set[str | None]:
    """The codes of the accounts' failures."""
    return {account["failure"] and account["failure"]["code"] for account in result["accounts"]}


def while_held(
    cloud: CloudUnderTest, number: int, meanwhile: Callable[[StandinCloud], object], *accounts: dict[str, Any]
) -> dict[str, Any]:
    """Run a task; once so many creations are held at the same time, do something and let them go on."""
    standin = cloud.standin
    assert standin is not None
    standin.fault("hold", method="POST", path="/users$")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(cloud.users, *accounts)
        deadline = time.monotonic() + 60
        while sum(arrival["path"].endswith("/users") for arrival in standin.arrivals()) < number:
            if running.done() or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        meanwhile(standin)
        standin.clear_faults()
        return running.result()


def test_four_are_worked_on_at_once(cloud: CloudUnderTest) -> None:
    """And the results are those of one after the other: in the order asked for, the group made once."""
    assert cloud.standin is not None
    done = {}
    for api_requests in (1, 4):
        cloud.standin.reset()
        cloud.standin.set_delays(routes=[{"seconds": _LONG}])
        forget_requests(cloud)
        done[api_requests] = cloud.with_connection(api_requests=api_requests).users(*wishes(**_OPTIONS))
        assert done[api_requests]["messages"] == []
        assert most(entries(cloud)) == api_requests
        writes = cloud.writes()
        assert len([write for write in writes if write.endswith("/groups")]) == 1 or "owncloud" in cloud.dialect
        assert len(creations(cloud)) == _ACCOUNTS
    for result in done.values():
        for account in result["accounts"]:
            account["account"].pop("last_login", None)
    assert done[1] == done[4]
    assert [account["name"] for account in done[4]["accounts"]] == [wish["name"] for wish in wishes()]
    forget_requests(cloud)
    assert cloud.users(*wishes(**_OPTIONS), check_mode=True)["changed"] is False
    assert most(entries(cloud)) == 4
    forget_requests(cloud)
    assert cloud.info(names=[wish["name"] for wish in wishes()])["missing"] == []
    assert most(entries(cloud)) == 4


def test_refused_credentials_are_tried_once(cloud: CloudUnderTest) -> None:
    """Otherwise one wrong password would soon have this address blocked."""
    wrong = cloud.acting_as(cloud.administrator, OTHER_PASSWORD)
    result = wrong.users(*wishes(state="disabled"))
    assert failures(result) == {"wrong_credentials"}
    assert cloud.refused_log_ins() == len(entries(cloud)) == 1


@pytest.mark.parametrize("trouble", [{"fault": "status", "status": 503}, {"fault": "rate_limit"}])
def test_half_as_many_when_it_is_too_much(nextcloud: CloudUnderTest, trouble: dict[str, Any]) -> None:
    """Once is half of them, and again half of that. What was refused is not sent again."""
    assert nextcloud.standin is not None
    nextcloud.standin.fault(**trouble, method="POST", path="/users$", times=1)
    nextcloud.standin.fault(**trouble, method="POST", path="/users$", skip=5, times=1)
    result = nextcloud.users(*wishes(password=PASSWORD))
    made = creations(nextcloud)
    assert len({entry["path"] for entry in made}) == 1
    assert len(made) == _ACCOUNTS
    assert result["summary"]["failed"] == 2
    found = entries(nextcloud)
    first, second = (number for number, entry in enumerate(found) if entry["fault"] is not None)
    # What was sent in the moment of the answer is left out.
    assert most(found[:first]) == 4
    assert most(found[first + 5 : second]) == 2
    assert most(found[second + 3 :]) == 1


def test_the_limit_of_edits_is_no_trouble(nextcloud: CloudUnderTest) -> None:
    """After it was met no edit is sent, and all else goes on as fast as before."""
    assert nextcloud.standin is not None
    nextcloud.standin.make_accounts("user_{number:02d}", count=_ACCOUNTS)
    nextcloud.standin.make_accounts("other_{number}", count=_ACCOUNTS)
    nextcloud.standin.fault("rate_limit", method="PUT", path="user_01$")
    others = [{"name": f"other_{number}", "state": "disabled"} for number in range(1, _ACCOUNTS + 1)]
    result = nextcloud.users(*wishes(quota="2 GB"), *others)
    accounts = {account["name"]: account for account in result["accounts"]}
    assert {accounts[wish["name"]]["failure"]["code"] for wish in wishes()} == {"rate_limited"}
    assert {accounts[wish["name"]]["account"]["enabled"] for wish in others} == {False}
    found = entries(nextcloud)
    edits = [entry for entry in found if entry["method"] == "PUT" and not entry["path"].endswith("/disable")]
    assert [entry["status"] for entry in edits] == [429]
    assert most(found[found.index(edits[0]) + 5 :]) == 4


def test_a_session_that_ends_is_renewed_once(nextcloud: CloudUnderTest) -> None:
    """Four writes are refused at the same time; one log-in is enough to repeat them."""
    result = while_held(nextcloud, 4, lambda standin: standin.advance_clock(_ENDED), *wishes(password=PASSWORD))
    assert result["messages"] == []
    assert [entry["status"] for entry in creations(nextcloud)].count(403) == 4
    assert len(creations(nextcloud)) == _ACCOUNTS + 4
    assert sum(entry["new_session"] for entry in entries(nextcloud)) == 2
    assert nextcloud.refused_log_ins() == 0


def test_a_fault_of_the_cloud_ends_it(nextcloud: CloudUnderTest) -> None:
    """What is under way is waited for, and known; nothing else is sent, not even to read it back."""
    assert nextcloud.standin is not None
    nextcloud.standin.fault("maintenance", method="POST", path="/users$", times=1)
    nextcloud.standin.fault("delay", method="POST", path="/users$", seconds=0.5)
    result = nextcloud.users(*wishes(password=PASSWORD))
    assert failures(result) == {"maintenance"}
    sent = entries(nextcloud)[_ACCOUNTS:]
    assert sent == creations(nextcloud)
    assert len(sent) <= 4
    made = nextcloud.info(search="user_")["summary"]["total"]
    assert made == len(sent) - 1
    assert result["summary"]["changed"] == made


def test_one_session_is_kept_for_the_next_task(nextcloud: CloudUnderTest, tmp_path: Path) -> None:
    """However many threads have used it."""
    tmp_path.chmod(0o700)
    kept = nextcloud.with_connection(session_path=str(tmp_path / "session"))
    assert kept.users(*wishes(password=PASSWORD))["messages"] == []
    assert sum(entry["new_session"] for entry in entries(nextcloud)) == 1
    forget_requests(nextcloud)
    assert kept.users(*wishes(state="disabled"))["messages"] == []
    assert sum(entry["new_session"] for entry in entries(nextcloud)) == 0


def test_no_more_log_ins_fail_than_one_after_the_other(cloud: CloudUnderTest) -> None:
    """Five that prove passwords, whoever tries them at the same time."""
    assert cloud.users(*wishes(password=PASSWORD, email="anna@example.org"))["messages"] == []
    forget_requests(cloud)
    result = cloud.users(*wishes(password=OTHER_PASSWORD, email="anna@example.org", ownership="proven"))
    assert failures(result) == {"account_conflict", "rate_limited"}
    assert [entry["status"] for entry in entries(cloud)].count(401) == 5
