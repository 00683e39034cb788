# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's modules on an OpenCloud: what is like everywhere, and what is not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from dialects.opencloud import ADMIN, GIB, PASSWORD, OpenCloud

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


@pytest.fixture
def cloud(start: Start) -> OpenCloud:
    """An OpenCloud as it was recorded: it takes passwords."""
    return start()


def code(result: dict[str, Any]) -> str | None:
    """The code of a result's failure."""
    failure = result["failure"]
    return None if failure is None else str(failure["code"])


# accounts


def test_an_account_is_made_whole_and_then_left_alone(cloud: OpenCloud) -> None:
    """The first log-in, with the password that was just set, makes the drive that has the quota."""
    wish: dict[str, Any] = {
        "password": PASSWORD,
        "email": "anna@example.org",
        "display_name": "Анна",
        "groups": ["customers"],
        "create_groups": True,
        "quota": "5 GB",
    }
    result = cloud.user("anna", **wish)
    assert (code(result), result["action"], result["pending"]) == (None, "created", [])
    account = result["account"]
    assert (account["email"], account["display_name"], account["groups"]) == ("anna@example.org", "Анна", ["customers"])
    assert (account["quota"], account["used"], cloud.quota_of("anna")) == (5 * GIB, 0, 5 * GIB)
    cloud.sent()
    again = cloud.user("anna", **wish)
    assert (again["changed"], again["action"]) == (False, "none")
    assert all(request.startswith("GET ") for request in cloud.sent())


def test_the_display_name_is_the_name_where_none_is_given(cloud: OpenCloud) -> None:
    """The cloud requires one."""
    result = cloud.user("anna", password=PASSWORD)
    assert (code(result), result["account"]["display_name"]) == (None, "anna")


def test_changes_of_an_account(cloud: OpenCloud) -> None:
    """Address, display name, password and groups; the address is known although its own record does not show it."""
    cloud.standin.make_accounts("anna", email="old@example.org", groups=["old", "new"], logged_in=True)
    cloud.user("anna", groups_absent=["new"])
    result = cloud.user(
        "anna",
        email="new@example.org",
        display_name="Anna",
        password=PASSWORD,
        update_password="always",
        groups=["new"],
        groups_absent=["old"],
    )
    assert (code(result), result["changed"]) == (None, True)
    assert [change["field"] for change in result["changes"]] == ["groups", "email", "display_name", "password"]
    assert result["changes"][1] == {"field": "email", "before": "old@example.org", "after": "new@example.org"}
    assert cloud.ask("/graph/v1.0/me", name="anna", password=PASSWORD).status_code == 200
    assert cloud.user("anna", email="New@example.org", groups=["new"])["changed"] is False


def test_disabled_enabled_and_deleted(cloud: OpenCloud) -> None:
    """A deleted account's drive is gone with it."""
    cloud.user("anna", password=PASSWORD)
    assert cloud.user("anna", state="disabled")["account"]["enabled"] is False
    assert cloud.ask("/graph/v1.0/me", name="anna", password=PASSWORD).status_code == 401
    assert cloud.user("anna", state="disabled")["changed"] is False
    assert cloud.user("anna", state="present")["account"]["enabled"] is True
    assert cloud.user("anna", state="absent")["action"] == "deleted"
    assert cloud.user("anna", state="absent")["action"] == "none"


def test_administrators_and_the_acting_account_are_never_changed(cloud: OpenCloud) -> None:
    """Administrators are told by their role."""
    space_admin = "2aadd357-682c-406b-8874-293091995fdd"
    cloud.standin.make_accounts("boris", role=space_admin)
    assert code(cloud.user("boris", state="absent")) == "protected_account"
    assert code(cloud.user(ADMIN, state="disabled")) == "protected_account"


def test_a_strangers_account_is_not_taken(cloud: OpenCloud) -> None:
    """Another address, or another password, is another's account; ours is known by both."""
    cloud.standin.make_accounts("anna", email="anna@example.org", password=PASSWORD, logged_in=True)
    wish: dict[str, Any] = {"ownership": "proven", "quota": "1 GB"}
    assert code(cloud.user("anna", password=PASSWORD, email="eve@example.org", **wish)) == "account_conflict"
    assert code(cloud.user("anna", password=PASSWORD[:-1], email="anna@example.org", **wish)) == "account_conflict"
    assert cloud.quota_of("anna") == 0
    cloud.standin.make_accounts("boris", password=PASSWORD)
    cloud.sent()
    assert code(cloud.user("boris", password=PASSWORD, email="boris@example.org", **wish)) == "account_conflict"
    assert cloud.sent().count("GET /graph/v1.0/users/boris") == 1  # nobody waits for an address that never comes
    result = cloud.user("anna", password=PASSWORD, email="anna@example.org", **wish)
    assert (code(result), cloud.quota_of("anna")) == (None, GIB)


def test_another_notation_is_another_name(cloud: OpenCloud) -> None:
    """The cloud's look-up ignores case."""
    cloud.standin.make_accounts("anna")
    result = cloud.user("Anna", state="absent")
    assert (code(result), "anna" in result["failure"]["message"]) == ("account_conflict", True)


@pytest.mark.parametrize(
    ("wish", "failure", "words"),
    [
        ({"quota": "0"}, "unsupported", "no quota of 0 bytes"),
        ({"group_admin_of": ["customers"]}, "unsupported", "group_admin_of"),
        ({"manager": "boris"}, "unsupported", "manager"),
    ],
)
def test_what_the_product_has_nothing_for(cloud: OpenCloud, wish: dict[str, Any], failure: str, words: str) -> None:
    """It is said before anything is done."""
    result = cloud.user("anna", password=PASSWORD, **wish)
    assert (code(result), words in result["failure"]["message"]) == (failure, True)
    assert cloud.sent() == []


def test_a_language_is_left_alone(cloud: OpenCloud) -> None:
    """Only the account itself can set it."""
    result = cloud.user("anna", password=PASSWORD, language="de")
    assert (code(result), any("language" in text for text in result["warnings"])) == (None, True)


def test_a_name_that_the_server_refuses(cloud: OpenCloud) -> None:
    """Which names it takes is a setting, so it is asked and its refusal explained."""
    result = cloud.user("7anna", password=PASSWORD)
    assert (code(result), "GRAPH_USERNAME_MATCH" in result["failure"]["message"]) == ("invalid_name", True)


# quotas


def test_a_quota_waits_for_the_first_log_in(cloud: OpenCloud) -> None:
    """Without a password nobody can sign in for it: the quota is pending, which is no failure."""
    cloud.standin.make_accounts("anna", password=PASSWORD)
    result = cloud.user("anna", state="exists", quota="5 GB")
    assert (code(result), result["changed"], result["pending"]) == (None, False, ["quota"])
    assert (result["account"]["quota"], result["account"]["used"]) == ("unknown", None)
    wrong = cloud.user("anna", state="exists", quota="5 GB", password=PASSWORD[:-1])
    assert (code(wrong), wrong["pending"]) == (None, ["quota"])
    assert cloud.quota_of("anna") is None
    cloud.ask("/graph/v1.0/me", name="anna", password=PASSWORD)
    result = cloud.user("anna", state="exists", quota="5 GB")
    assert (code(result), result["pending"], cloud.quota_of("anna")) == (None, [], 5 * GIB)


def test_nobody_signs_in_as_a_disabled_account(cloud: OpenCloud) -> None:
    """It would fail, and count as a failed log-in."""
    cloud.standin.make_accounts("anna", password=PASSWORD, enabled=False)
    result = cloud.user("anna", state="disabled", quota="5 GB", password=PASSWORD)
    assert (code(result), result["pending"]) == (None, ["quota"])
    assert not any(request.endswith("/me") for request in cloud.sent()[3:])


def test_unlimited(cloud: OpenCloud) -> None:
    """The cloud calls it 0 bytes."""
    cloud.standin.make_accounts("anna", logged_in=True, quota=GIB)
    result = cloud.user("anna", state="exists", quota="none")
    assert (code(result), result["account"]["quota"], cloud.quota_of("anna")) == (None, None, 0)
    assert cloud.user("anna", state="exists", quota="none")["changed"] is False


def test_a_quota_above_the_maximum(start: Start) -> None:
    """The cloud's refusal is explained."""
    cloud = start(max_quota=GIB)
    cloud.standin.make_accounts("anna", logged_in=True)
    result = cloud.user("anna", state="exists", quota="2 GB")
    assert (code(result), "OC_SPACES_MAX_QUOTA" in result["failure"]["message"]) == ("invalid_value", True)
    assert cloud.probe()["limits"]["quota_maximum"] == GIB


# groups


def test_groups(cloud: OpenCloud) -> None:
    """A group is known by its name, whatever that holds."""
    cloud.standin.make_accounts("anna")
    cloud.standin.make_accounts("boris")
    made = cloud.group("Kunden Süd/a", members=["anna", "boris"])
    assert (code(made), made["action"], made["group"]["members"]) == (None, "created", ["anna", "boris"])
    changed = cloud.group("Kunden Süd/a", members=["anna"], members_exact=True)
    assert (code(changed), changed["group"]["members"]) == (None, ["anna"])
    assert code(cloud.group("Kunden Süd/a", display_name="Kunden")) == "unsupported"
    assert cloud.group("Kunden Süd/a", state="absent")["action"] == "deleted"
    assert cloud.group("Kunden Süd/a", state="absent")["changed"] is False
    assert code(cloud.user("anna", state="exists", groups=["nobody"])) == "group_missing"


# reading


def test_all_accounts_by_two_requests(cloud: OpenCloud) -> None:
    """Groups, addresses and quotas of all; what has no drive has no known quota."""
    cloud.standin.make_accounts("anna", email="anna@example.org", logged_in=True, quota=GIB, used=GIB // 2)
    cloud.standin.make_accounts("user-{number:02d}", count=20, groups=["customers"])
    cloud.sent()
    result = cloud.accounts()
    assert [request.split()[1] for request in cloud.sent()][1:] == ["/graph/v1.0/users", "/graph/v1.0/drives"]
    by_name = {account["name"]: account for account in result["accounts"]}
    assert len(by_name) == 22
    assert (by_name["anna"]["quota"], by_name["anna"]["used"]) == (GIB, GIB // 2)
    assert by_name["anna"]["email"] == "anna@example.org"
    assert (by_name["user-07"]["quota"], by_name["user-07"]["used"]) == ("unknown", None)
    assert [account["name"] for account in cloud.accounts(min_used_percent=50)["accounts"]] == ["anna"]
    assert len(cloud.accounts(group="customers")["accounts"]) == 20
    assert [account["name"] for account in cloud.accounts(search="r-07")["accounts"]] == ["user-07"]
    assert code(cloud.accounts(group="nobody")) == "group_missing"


# the connection


def test_the_probe(cloud: OpenCloud) -> None:
    """What it is, who acts, and that writing is allowed, which is shown without a change."""
    result = cloud.probe(list_groups=True)
    assert (code(result), result["dialect"], result["may_write"]) == (None, "libregraph", True)
    assert result["acting_account"] == {"name": ADMIN, "is_admin": True, "group_admin_of": []}
    assert (result["limits"]["quota_maximum"], result["limits"]["password_min_length"]) == (None, 8)
    assert (result["groups"], result["free_space"], result["credentials_expire"]) == ([], None, None)
    assert len(cloud.accounts()["accounts"]) == 1


def test_who_may_not_write(cloud: OpenCloud) -> None:
    """A common account, and a wrong password."""
    cloud.standin.make_accounts("anna", password=PASSWORD)
    cloud.log_in = {"api_username": "anna", "api_password": PASSWORD}
    result = cloud.probe()
    assert (code(result), result["may_write"]) == ("write_not_permitted", False)
    cloud.log_in["api_password"] = PASSWORD[:-1]
    assert code(cloud.probe()) == "wrong_credentials"


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
    cloud.standin.make_accounts("anna", logged_in=True, quota=GIB)
    assert code(cloud.user("anna", state="absent")) == "backend_refused"
    assert cloud.quota_of("anna") == GIB


def bearer(end: float) -> str:
    """An access token as OpenID Connect has them, a JSON Web Token."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, {"exp": int(end), "sub": ADMIN})]
    texts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature")]
    return ".".join(texts)


END = 2_000_000_000
TOKEN = bearer(END)


def new_app_token(cloud: OpenCloud, expiry: str) -> str:
    """An app token of the administrator."""
    url = f"{cloud.standin.url}/auth-app/tokens"
    answer = requests.post(url, params={"expiry": expiry}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    return str(answer.json()["token"])


def test_a_bearer_token(start: Start) -> None:
    """The cloud knows whose it is; it ends when it says."""
    cloud = start(basic_auth=False, bearer_tokens={TOKEN: ADMIN})
    cloud.log_in = {"api_token": TOKEN}
    probe = cloud.probe()
    assert (code(probe), probe["acting_account"]["name"], probe["may_write"]) == (None, ADMIN, True)
    assert probe["credentials_expire"] == "2033-05-18T03:33:20Z"
    assert code(cloud.user(ADMIN, state="disabled")) == "protected_account"
    assert cloud.user("anna", password=PASSWORD)["action"] == "created"
    cloud.log_in = {"api_token": TOKEN[:-1]}
    assert code(cloud.probe()) == "wrong_credentials"


def test_an_app_token(start: Start) -> None:
    """Where it must be one, its end is known, if it is the only one; no password of an account can be tried then."""
    cloud = start(basic_auth=False, app_tokens=True, bearer_tokens={TOKEN: ADMIN})
    new_app_token(cloud, "0s")  # has ended
    before = time.time()
    cloud.log_in = {"api_username": ADMIN, "api_password": new_app_token(cloud, "72h")}
    probe = cloud.probe()
    end = datetime.fromisoformat(probe["credentials_expire"]).timestamp()
    assert (code(probe), probe["may_write"]) == (None, True)
    assert before - 1 <= end - 72 * 3600 <= time.time() + 1
    created = cloud.user("anna", password=PASSWORD, email="anna@example.org", quota="5 GB")
    assert (code(created), created["action"], created["pending"]) == (None, "created", ["quota"])
    proven = cloud.user("anna", password=PASSWORD, email="anna@example.org", ownership="proven")
    assert (code(proven), "PROXY_ENABLE_BASIC_AUTH" in proven["failure"]["message"]) == ("unsupported", True)
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
    cloud.standin.make_accounts("anna")
    cloud.standin.fault("status", method="DELETE", status=404, ocs_code=404, message="not found", times=1)
    assert code(cloud.user("anna", state="absent")) == "not_verified"
    assert cloud.user("anna", state="absent")["action"] == "deleted"


@pytest.mark.parametrize("fault", ["cut_after", "empty"])
def test_a_creation_whose_outcome_is_unknown(cloud: OpenCloud, fault: str) -> None:
    """It is read, and what was made with our password is ours; what was not made is said so."""
    cloud.standin.fault(fault, method="POST", path="/graph/v1.0/users", times=1)
    result = cloud.user("anna", password=PASSWORD, email="anna@example.org", quota="5 GB")
    if fault == "cut_after":
        assert (code(result), result["changed"], cloud.quota_of("anna")) == (None, True, 5 * GIB)
    else:
        assert (code(result), result["failure"]["outcome_unknown"]) == ("outcome_unknown", True)
    assert cloud.user("anna", password=PASSWORD, email="anna@example.org", quota="5 GB")["failure"] is None


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
    cloud.standin.fault(fault, path="/graph/")
    assert code(cloud.user("anna", password=PASSWORD)) == failure
    cloud.standin.clear_faults()
    assert [account["name"] for account in cloud.accounts()["accounts"]] == [ADMIN]
