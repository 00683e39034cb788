# SPDX-License-Identifier: GPL-3.0-or-later
"""What is peculiar to OpenCloud, and how it depends on the setup of a server: storage, log-ins, foreign directories."""

from __future__ import annotations

import base64
import json
import runpy
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.bill.nextcloud.plugins.plugin_utils import apply

from dialects.cloud import OTHER_PASSWORD, PASSWORD
from dialects.opencloud import ADMIN, OpenCloud

GIB = 1024**3
EMAIL = "anna@example.org"
SPACE_ADMIN = "2aadd357-682c-406b-8874-293091995fdd"
IMPORT_FILTER = Path(__file__).resolve().parents[2] / "playbooks" / "plugins" / "filter" / "account_rows.py"
Start = Callable[..., OpenCloud]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts clouds, which end with the test."""
    started: list[OpenCloud] = []

    def make(**settings: Any) -> OpenCloud:
        started.append(OpenCloud(tmp_path / f"cloud-{len(started)}", **settings))
        return started[-1]

    yield make
    for cloud in started:
        cloud.stop()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenCloud]:
    """An OpenCloud set up as the recorded one: it takes passwords."""
    cloud = OpenCloud(tmp_path_factory.mktemp("recorded") / "cloud")
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(recorded: OpenCloud) -> OpenCloud:
    """The same, as new."""
    recorded.server.reset()
    recorded.server.clear_requests()
    return recorded


def code(result: dict[str, Any]) -> str | None:
    """The code of a result's failure."""
    failure = result["failure"]
    return None if failure is None else str(failure["code"])


# accounts


def test_the_display_name_is_the_name_where_none_is_given(cloud: OpenCloud) -> None:
    """The cloud requires one."""
    result = cloud.user("anna", password=PASSWORD)
    assert (code(result), result["account"]["display_name"]) == (None, "anna")


def test_administrators_are_known_by_their_role(cloud: OpenCloud) -> None:
    """Those of spaces, too: there is no group of administrators."""
    cloud.server.make_accounts("boris", role=SPACE_ADMIN)
    assert code(cloud.user("boris", state="absent")) == "protected_account"


def test_an_import_knows_administrators_by_their_role(cloud: OpenCloud) -> None:
    """Their accounts are never offered as a customer's; a group that is called admin makes none."""
    cloud.server.make_accounts("boris", role=SPACE_ADMIN)
    cloud.server.make_accounts("anna", groups=["admin"])
    shown = runpy.run_path(str(IMPORT_FILTER))["account_rows"](cloud.info()["accounts"], "operator", [])
    assert {row["name"]: row["administrator"] for row in shown} == {ADMIN: True, "anna": False, "boris": True}


def test_nobody_waits_for_an_address_that_never_comes(cloud: OpenCloud) -> None:
    """A creation sets it at once, so an account without it is another's, and is read only once."""
    cloud.server.make_accounts("anna", password=PASSWORD)
    assert code(cloud.user("anna", password=PASSWORD, email=EMAIL, ownership="proven")) == "account_conflict"
    assert cloud.sent().count("GET /graph/v1.0/users/anna") == 1


def test_no_quota_of_nothing(cloud: OpenCloud) -> None:
    """The cloud would take it for unlimited. It is said before anything is done."""
    assert code(cloud.user("anna", password=PASSWORD, quota="0")) == "unsupported"
    assert cloud.sent() == []


@pytest.mark.parametrize("name", ["o'neil", "a+b", "_anna-1.x", "anna@example.org", "anna@shop"])
def test_a_name_that_the_server_takes(cloud: OpenCloud, name: str) -> None:
    """All that docs/clouds.md names, in whatever way the name has to be written into an address."""
    assert cloud.user(name, password=PASSWORD)["action"] == "created"
    assert cloud.user(name, state="absent")["action"] == "deleted"


@pytest.mark.parametrize("name", ["7anna", "anna b", "anna@", "anna@-", "+anna"])
def test_a_name_that_the_server_refuses(cloud: OpenCloud, name: str) -> None:
    """Which names it takes is a setting, so it is asked and its refusal explained."""
    result = cloud.user(name, password=PASSWORD)
    assert (code(result), "GRAPH_USERNAME_MATCH" in result["failure"]["message"]) == ("invalid_name", True)


def test_a_group_with_any_name(cloud: OpenCloud) -> None:
    """It is addressed by its id."""
    cloud.server.make_accounts("anna")
    made = cloud.group("Kunden Süd/a", members=["anna"])
    assert (code(made), made["group"]["members"]) == (None, ["anna"])
    assert cloud.group("Kunden Süd/a", members=[], members_exact=True)["group"]["members"] == []
    assert cloud.group("Kunden Süd/a", state="absent")["action"] == "deleted"


# storage


def test_the_first_log_in_makes_the_storage(cloud: OpenCloud) -> None:
    """With the password that was just set, so that the quota is there from the beginning."""
    result = cloud.user("anna", password=PASSWORD, quota="5 GB")
    assert (code(result), result["pending"], result["account"]["quota"]) == (None, [], 5 * GIB)
    assert (result["account"]["used"], cloud.quota_of("anna")) == (0, 5 * GIB)


def test_a_quota_waits_for_the_first_log_in(cloud: OpenCloud) -> None:
    """Without the right password nobody can sign in for it: it is pending, which is no failure."""
    cloud.server.make_accounts("anna", password=PASSWORD)
    for password in (None, OTHER_PASSWORD):
        result = cloud.user("anna", state="exists", quota="5 GB", password=password)
        assert (code(result), result["changed"], result["pending"]) == (None, False, ["quota"])
        assert (result["account"]["quota"], result["account"]["used"]) == ("unknown", None)
        assert any("logged in for the first time" in text for text in result["warnings"])
    assert cloud.quota_of("anna") is None
    planned = cloud.user("anna", state="exists", quota="5 GB", check_mode=True)
    assert (planned["changed"], planned["changes"], planned["pending"]) == (False, [], ["quota"])
    assert any("logged in for the first time" in text for text in planned["warnings"])
    renamed = cloud.user("anna", state="exists", quota="5 GB", display_name="Anna")
    assert (code(renamed), renamed["changed"], renamed["pending"]) == (None, True, ["quota"])
    assert cloud.logs_in("anna")
    result = cloud.user("anna", state="exists", quota="5 GB")
    assert (code(result), result["pending"], cloud.quota_of("anna")) == (None, [], 5 * GIB)


def test_nobody_signs_in_as_a_disabled_account(cloud: OpenCloud) -> None:
    """It would fail, and count as a failed log-in."""
    cloud.server.make_accounts("anna", password=PASSWORD, enabled=False)
    result = cloud.user("anna", state="disabled", quota="5 GB", password=PASSWORD)
    assert (code(result), result["pending"], cloud.refused_log_ins()) == (None, ["quota"], 0)
    result = cloud.user("anna", quota="5 GB", password=PASSWORD)  # enabled first
    assert (code(result), result["pending"], cloud.quota_of("anna")) == (None, [], 5 * GIB)


def test_a_quota_above_the_maximum(start: Start) -> None:
    """The cloud's refusal is explained."""
    cloud = start(max_quota=GIB)
    cloud.server.make_accounts("anna", logged_in=True)
    result = cloud.user("anna", state="exists", quota="2 GB")
    assert (code(result), "OC_SPACES_MAX_QUOTA" in result["failure"]["message"]) == ("invalid_value", True)
    assert cloud.probe()["limits"]["quota_maximum"] == GIB


def test_all_accounts_by_two_requests(cloud: OpenCloud) -> None:
    """Groups, addresses and quotas of all; what has no storage has no known quota."""
    cloud.server.make_accounts("anna", email=EMAIL, logged_in=True, quota=GIB, used=GIB // 2)
    cloud.server.make_accounts("user-{number:02d}", count=20, groups=["customers"])
    cloud.sent()
    result = cloud.info()
    assert cloud.sent()[1:] == ["GET /graph/v1.0/users", "GET /graph/v1.0/drives"]  # after the question who is acting
    by_name = {account["name"]: account for account in result["accounts"]}
    assert len(by_name) == 22
    anna, other = by_name["anna"], by_name["user-07"]
    assert (anna["quota"], anna["used"], anna["email"]) == (GIB, GIB // 2, EMAIL)
    assert (other["quota"], other["used"], other["groups"]) == ("unknown", None, ["customers"])
    assert [account["name"] for account in cloud.info(min_used_percent=50)["accounts"]] == ["anna"]


# directories


def test_a_directory_that_is_kept_elsewhere(start: Start) -> None:
    """The probe finds it out, and a change is refused with words that say so."""
    cloud = start(directory_read_only=True)
    result = cloud.probe()
    assert (code(result), result["may_write"]) == ("backend_refused", False)
    refused = cloud.user("anna", password=PASSWORD)
    assert (code(refused), "another directory" in refused["failure"]["message"]) == ("backend_refused", True)


def test_no_files_are_lost_where_an_account_cannot_be_deleted(start: Start) -> None:
    """Such a server purges the files before it finds out that it cannot delete the account."""
    cloud = start(directory_read_only=True)
    cloud.server.make_accounts("anna", logged_in=True, quota=GIB)
    assert code(cloud.user("anna", state="absent")) == "backend_refused"
    assert cloud.quota_of("anna") == GIB


# log-ins


def bearer(end: float) -> str:
    """An access token as OpenID Connect has them, a JSON Web Token."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, {"exp": int(end), "sub": ADMIN})]
    texts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature")]
    return ".".join(texts)


TOKEN = bearer(2_000_000_000)


def new_app_token(cloud: OpenCloud, expiry: str) -> str:
    """An app token of the administrator."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.post(f"{cloud.url}/auth-app/tokens", params={"expiry": expiry}, headers=headers, timeout=60)
    return str(answer.json()["token"])


def test_a_bearer_token(start: Start) -> None:
    """The cloud knows whose it is; it ends when it says."""
    cloud = start(basic_auth=False, bearer_tokens={TOKEN: ADMIN})
    cloud.act_by(api_token=TOKEN)
    probe = cloud.probe()
    assert (code(probe), probe["acting_account"]["name"], probe["may_write"]) == (None, ADMIN, True)
    assert probe["credentials_expire"] == "2033-05-18T03:33:20Z"
    assert code(cloud.user(ADMIN, state="disabled")) == "protected_account"
    assert cloud.user("anna", password=PASSWORD)["action"] == "created"
    cloud.act_by(api_token=TOKEN[:-1])
    assert code(cloud.probe()) == "wrong_credentials"


def test_an_app_token(start: Start) -> None:
    """Where it must be one, its end is known, if it is the only one; no password of an account can be tried then."""
    cloud = start(basic_auth=False, app_tokens=True, bearer_tokens={TOKEN: ADMIN})
    new_app_token(cloud, "0s")  # has ended
    before = time.time()
    cloud.act_by(api_username=ADMIN, api_password=new_app_token(cloud, "72h"))
    probe = cloud.probe()
    end = datetime.fromisoformat(probe["credentials_expire"]).timestamp()
    assert (code(probe), probe["may_write"]) == (None, True)
    assert before - 1 <= end - 72 * 3600 <= time.time() + 1
    created = cloud.user("anna", password=PASSWORD, email=EMAIL, quota="5 GB")
    assert (code(created), created["action"], created["pending"]) == (None, "created", ["quota"])
    proven = cloud.user("anna", password=PASSWORD, email=EMAIL, ownership="proven")
    assert (code(proven), "PROXY_ENABLE_BASIC_AUTH" in proven["failure"]["message"]) == ("account_conflict", True)
    assert code(cloud.user("anna", state="absent", password=PASSWORD, email=EMAIL, ownership="proven")) == code(proven)
    always = cloud.user("anna", password=PASSWORD, update_password="always")
    assert (code(always), [change["field"] for change in always["changes"]]) == (None, ["password"])
    assert all("takes no passwords" in text for text in always["warnings"])
    new_app_token(cloud, "24h")
    assert cloud.probe()["credentials_expire"] is None


def test_a_password_is_not_taken_for_an_app_token(start: Start) -> None:
    """Where both are taken, nobody can tell."""
    cloud = start(app_tokens=True, bearer_tokens={TOKEN: ADMIN})
    new_app_token(cloud, "72h")
    probe = cloud.probe()
    assert (code(probe), probe["credentials_expire"]) == (None, None)


# faults


def test_a_deletion_is_believed_when_it_shows(cloud: OpenCloud) -> None:
    """An account that is said to be gone is no refusal, and it is looked at."""
    cloud.server.make_accounts("anna")
    cloud.server.fault("status", method="DELETE", status=404, ocs_code=404, message="not found", times=1)
    assert code(cloud.user("anna", state="absent")) == "not_verified"
    assert cloud.user("anna", state="absent")["action"] == "deleted"


def test_a_directory_that_fails_at_a_deletion(cloud: OpenCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 404 of other words is none: whether it was deleted is not known, and the next run does it."""
    monkeypatch.setattr(apply, "DELETE_POLLS", ())
    cloud.server.make_accounts("anna")
    cloud.server.fault("status", method="DELETE", status=404, ocs_code=404, message="user search failed", times=1)
    assert code(cloud.user("anna", state="absent")) == "outcome_unknown"
    assert cloud.user("anna", state="absent")["action"] == "deleted"


@pytest.mark.parametrize("fault", ["cut_after", "empty"])
def test_a_creation_whose_outcome_is_unknown(cloud: OpenCloud, fault: str) -> None:
    """It is read, and what was made with our password is ours; what was not made is said so."""
    cloud.server.fault(fault, method="POST", path="/graph/v1.0/users", times=1)
    wish: dict[str, Any] = {"password": PASSWORD, "email": EMAIL, "quota": "5 GB"}
    result = cloud.user("anna", **wish)
    if fault == "cut_after":
        assert (code(result), result["changed"], cloud.quota_of("anna")) == (None, True, 5 * GIB)
    else:
        assert (code(result), result["failure"]["outcome_unknown"]) == ("outcome_unknown", True)
    assert code(cloud.user("anna", **wish)) is None


def test_a_creation_that_no_password_can_prove(start: Start) -> None:
    """The account that was most likely made is told, and the next run says what a person has to do."""
    cloud = start(basic_auth=False, bearer_tokens={TOKEN: ADMIN})
    cloud.act_by(api_token=TOKEN)
    cloud.server.fault("cut_after", method="POST", path="/graph/v1.0/users", times=1)
    wish: dict[str, Any] = {"password": PASSWORD, "email": EMAIL, "ownership": "proven"}
    result = cloud.user("anna", **wish)
    assert (code(result), result["changed"], result["account"]["name"]) == ("outcome_unknown", True, "anna")
    assert (result["failure"]["outcome_unknown"], result["failure"]["kind"]) == (True, "temporary")
    again = cloud.user("anna", **wish)
    assert (code(again), again["failure"]["kind"], again["changed"]) == ("account_conflict", "final", False)
    for failed in (result, again):
        assert "delete the account and run again" in failed["failure"]["message"]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("maintenance", "maintenance"),
        ("html", "not_an_answer"),
        ("empty", "not_an_answer"),
        ("rate_limit", "rate_limited"),
    ],
)
def test_an_answer_that_is_none(cloud: OpenCloud, fault: str, failure: str) -> None:
    """Nothing is made of it."""
    cloud.server.fault(fault, path="/graph/")
    assert code(cloud.user("anna", password=PASSWORD)) == failure
    cloud.server.clear_faults()
    assert [account["name"] for account in cloud.info()["accounts"]] == [ADMIN]
