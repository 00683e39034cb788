# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in OpenCloud does beyond the recordings: filters, many accounts, faults, other set-ups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from contract.graph import PASSWORD, GraphClient, error
from standins.cloud.opencloud.settings import SettingsRefused, read
from standins.cloud.process import StandinCloud

_GIB = 1024**3
_READ_ONLY = (405, "notAllowed", "server is configured read-only")
_ADMIN_ROLE = "71881883-1768-46bd-a24d-a356a2afdf7f"


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinCloud]:
    folder = tmp_path_factory.mktemp("cloud")
    with StandinCloud(folder, admin_password="secret-of-admin", product="opencloud", base_path="/cloud") as started:
        yield started


@pytest.fixture
def client(_started: StandinCloud) -> GraphClient:
    """A client of a stand-in as new, below a path."""
    _started.reset()
    _started.clear_faults()
    return GraphClient(_started)


def test_accounts_are_as_ordered(client: GraphClient) -> None:
    """Every field of the order is in the record; missing groups are made."""
    made = client.cloud.make_accounts(
        "kunde_{number:03d}",
        first=7,
        count=2,
        display_name="Kunde {number}",
        email="kunde_{number}@example.org",
        groups=["customers"],
        logged_in=True,
        quota=4 * _GIB,
        used=3 * _GIB,
        enabled=False,
        password=PASSWORD,
    )
    assert made == 2
    record = client.graph("GET", "users/kunde_008", query={"$expand": "drive,memberOf"}).json()
    assert record["displayName"] == "Kunde 8"
    assert record["accountEnabled"] is False
    assert [group["displayName"] for group in record["memberOf"]] == ["customers"]
    assert record["drive"]["quota"] == {"total": 4 * _GIB, "used": 3 * _GIB, "remaining": _GIB, "state": "normal"}
    assert client.names(search='"kunde_8@example.org"') == ["kunde_008"]
    assert client.first_login("kunde_008") == 401


def test_accounts_that_never_logged_in_have_no_drive(client: GraphClient) -> None:
    """So neither a quota nor used bytes can be ordered for them."""
    client.cloud.make_accounts("kunde", password=PASSWORD)
    account = client.graph("GET", "users/kunde").json()["id"]
    assert client.graph("GET", f"users/{account}/drive").status_code == 404
    assert client.first_login("kunde") == 200
    assert client.quota(account)["total"] == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"used": 1},
        {"quota": 0},
        {"count": 2},
        {"role": "boss"},
        {"shoe_size": 43},
        {"display_name": "{name}"},
    ],
)
def test_orders_without_sense_are_refused(client: GraphClient, wish: dict[str, object]) -> None:
    """And nothing is made."""
    with pytest.raises(ValueError, match="accounts"):
        client.cloud.make_accounts("kunde", **wish)
    assert client.names() == ["admin"]


def test_existing_name_is_refused_in_an_order(client: GraphClient) -> None:
    """As over the API."""
    with pytest.raises(ValueError, match="a user with that name already exists"):
        client.cloud.make_accounts("Admin")


def test_lists_are_filtered_and_ordered(client: GraphClient) -> None:
    """By group, role and display name, as the source has it."""
    client.cloud.make_accounts("kunde_{number}", count=3, groups=["customers"])
    client.cloud.make_accounts("boss", display_name="Zora", role=_ADMIN_ROLE)
    group = client.graph("GET", "groups/customers").json()["id"]
    customers = ["kunde_1", "kunde_2", "kunde_3"]
    assert client.names(filter=f"memberOf/any(m:m/id eq '{group}')") == customers
    assert client.names(filter=f"appRoleAssignments/any(m:m/appRoleId eq '{_ADMIN_ROLE}')") == ["admin", "boss"]
    assert client.names(filter="startswith(displayName,'KUN')") == customers
    assert client.names(filter="contains(displayName,'or')") == ["boss"]
    assert client.names(orderby="onPremisesSamAccountName desc") == [*reversed(customers), "boss", "admin"]
    answer = client.graph("GET", "users", query={"$filter": "contains(mail,'x') and userType eq 'Member'"})
    assert error(answer) == (501, "generalException", "unsupported filter")
    answer = client.graph("GET", "users", query={"$orderby": "id"})
    assert error(answer) == (400, "invalidRequest", "we do not support <id> as a order parameter")


def test_accounts_without_rights_see_little(client: GraphClient) -> None:
    """Three characters to search for, no filter, and neither name nor address of the others."""
    client.create("kunde", mail="kunde@example.org")
    own = ("kunde", PASSWORD)
    assert client.graph("GET", "users", auth=own, query={"$search": "ku"}).status_code == 403
    found = client.graph("GET", "users", auth=own, query={"$search": "kun"}).json()["value"]
    assert [(user["displayName"], "mail" in user) for user in found] == [("kunde", False)]
    assert client.graph("GET", "groups", auth=own).status_code == 403
    assert len(client.graph("GET", "drives", auth=own).json()["value"]) == 1
    assert client.graph("POST", "groups", {"displayName": "g"}, auth=own).status_code == 403


def test_members_are_added_together(client: GraphClient) -> None:
    """All or none, and at most 20."""
    ids = [client.create(f"kunde_{number}") for number in range(2)]
    group = client.graph("POST", "groups", {"displayName": "customers"}).json()["id"]
    address = f"{client.cloud.url}/graph/v1.0/users"
    bound = {"members@odata.bind": [f"{address}/{ids[0]}", f"{address}/ghost"]}
    assert client.graph("PATCH", f"groups/{group}", bound).status_code == 404
    assert client.graph("GET", f"groups/{group}/members").json() == []
    bound["members@odata.bind"][1] = f"{address}/{ids[1]}"
    assert client.graph("PATCH", f"groups/{group}", bound).status_code == 204
    shown = client.graph("GET", f"groups/{group}", query={"$expand": "members"}).json()
    assert [member["id"] for member in shown["members"]] == ids
    bound["members@odata.bind"] *= 11
    assert error(client.graph("PATCH", f"groups/{group}", bound))[2] == "Request is limited to 20 members"


def test_account_changes_its_own_password_and_language(client: GraphClient) -> None:
    """With the old password; its display name and e-mail address it may not change."""
    client.create("kunde")
    own, new = ("kunde", PASSWORD), "Another-0-tablecloth"
    wrong = {"currentPassword": "wrong", "newPassword": new}
    assert error(client.graph("POST", "me/changePassword", wrong, auth=own))[2] == "wrong current password"
    change = {"currentPassword": PASSWORD, "newPassword": new}
    assert client.graph("POST", "me/changePassword", change, auth=own).status_code == 204
    assert client.graph("GET", "me", auth=own).status_code == 401
    assert client.graph("PATCH", "me", {"preferredLanguage": "ru"}, auth=("kunde", new)).status_code == 200
    assert client.graph("GET", "me", auth=("kunde", new)).json()["preferredLanguage"] == "ru"
    assert client.graph("PATCH", "me", {"mail": "a@b.c"}, auth=("kunde", new)).status_code == 400


def test_own_role_is_kept_and_a_missing_one_given_anew(client: GraphClient) -> None:
    """Nobody changes their own; who has none gets User at the next log-in."""
    account, me = client.create("kunde"), client.graph("GET", "me").json()["id"]
    assignments = f"users/{account}/appRoleAssignments"
    given = client.graph("GET", assignments).json()["value"][0]
    own = {"appRoleId": given["appRoleId"], "principalId": me, "resourceId": given["resourceId"]}
    assert client.graph("POST", f"users/{me}/appRoleAssignments", own).status_code == 403
    assert client.graph("DELETE", f"{assignments}/{given['id']}").status_code == 204
    assert client.graph("GET", assignments).json()["value"] == []
    assert client.first_login("kunde") == 200
    again = client.graph("GET", assignments).json()["value"][0]
    assert (again["appRoleId"], again["id"] != given["id"]) == (given["appRoleId"], True)


def test_files_fill_the_quota(client: GraphClient) -> None:
    """By name and by drive: PUT, GET, MKCOL, DELETE; 507 over the quota; nothing is deleted by a smaller one."""
    account = client.create("kunde")
    own = ("kunde", PASSWORD)
    drive = client.graph("GET", "me/drive", auth=own).json()
    assert client.graph("PATCH", f"drives/{drive['id']}", {"quota": {"total": 10}}).status_code == 200

    def dav(method: str, path: str, body: bytes = b"") -> requests.Response:
        return requests.request(method, f"{drive['root']['webDavUrl']}/{path}", auth=own, data=body, timeout=10)

    assert dav("MKCOL", "folder").status_code == 201
    assert [dav("PUT", "folder/a", b"12345678").status_code for _ in range(2)] == [201, 204]
    assert dav("PUT", "none/b", b"1").status_code == 409
    assert dav("PUT", "b", b"123").status_code == 507
    assert client.quota(account) == {"total": 10, "used": 8, "remaining": 2, "state": "nearing"}
    client.graph("PATCH", f"drives/{drive['id']}", {"quota": {"total": 1}})
    assert client.call("GET", "remote.php/dav/files/kunde/folder/a", auth=own).content == b"12345678"
    listed = dav("PROPFIND", "")
    assert "/cloud/dav/spaces/" in listed.text
    assert "folder/" in listed.text
    assert client.call("GET", "remote.php/dav/files/admin/", auth=own).status_code == 404
    assert [dav("DELETE", "folder").status_code for _ in range(2)] == [204, 404]


def test_maintenance_is_the_answer_of_a_proxy(client: GraphClient) -> None:
    """OpenCloud has no such mode of its own: status.php does not answer either."""
    client.cloud.fault("maintenance")
    answers = [client.call("GET", path) for path in ("status.php", "graph/v1.0/users", "remote.php/webdav/")]
    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in answers] == [
        (503, "text/html; charset=utf-8")
    ] * 3
    client.cloud.clear_faults()
    assert client.names() == ["admin"]


def test_ordered_errors_have_the_form_of_libregraph(client: GraphClient) -> None:
    """With an `ocs_code`; without one it is a page. What OpenCloud does not know does nothing."""
    client.cloud.fault("status", status=423, ocs_code=423, message="locked", headers={"Retry-After": "3"}, times=1)
    answer = client.graph("DELETE", "users/kunde")
    assert (error(answer), answer.headers["Retry-After"]) == ((423, "itemIsLocked", "locked"), "3")
    client.cloud.fault("status", status=500, times=1)
    assert client.graph("GET", "users").headers["Content-Type"].startswith("text/html")
    client.cloud.fault("not_permitted")
    assert client.names() == ["admin"]


def test_what_it_does_not_have_cannot_be_steered(client: GraphClient) -> None:
    """Neither settings of apps, nor mails, nor counted log-ins."""
    with pytest.raises(ValueError, match="no app_config"):
        client.cloud.set_app_config("files", default_quota="1 GB")
    with pytest.raises(ValueError, match="no mails"):
        client.cloud.mails()
    with pytest.raises(ValueError, match="no forget_login_attempts"):
        client.cloud.forget_login_attempts()


def test_unknown_paths_are_pages_of_the_web_interface(client: GraphClient) -> None:
    """With 200: a wrong address looks like a success to who does not look at the kind of the answer."""
    answer = client.call("GET", "no/such/page")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "content", "message"),
    [
        ("POST", "users", None, "EOF"),
        ("POST", "groups", {"displayName": 5}, "number into Go struct field Group.displayName of type string"),
        ("PATCH", "groups/g", {"members@odata.bind": [True]}, "bool into Go struct field Group.members@odata.bind"),
        ("PATCH", "users/admin", {"passwordProfile": "x"}, "string into Go struct field UserUpdate.passwordProfile"),
        ("PATCH", "drives/d", {"quota": {"total": 2**63}}, "number 9223372036854775808 into Go struct field Quota"),
        ("POST", "users/u/appRoleAssignments", {}, "no value given for required property appRoleId"),
    ],
)
def test_bodies_are_read_strictly(client: GraphClient, method: str, path: str, content: object, message: str) -> None:
    """What does not fit is refused with the text of Go."""
    answer = client.graph(method, path, content)
    assert error(answer)[:2] == (400, "invalidRequest")
    assert message in error(answer)[2]


def test_ocs_without_a_version_is_not_found(client: GraphClient) -> None:
    """As is its provisioning API."""
    assert [client.call("GET", path).status_code for path in ("ocs", "ocs/v1.php", "ocs/v1.php/cloud/users")] == [
        404
    ] * 3


def test_read_only_directory_refuses_every_change(tmp_path: Path) -> None:
    """And yet the drive is gone after the refused deletion, as in the source. Quota can be set."""
    settings = {"directory_read_only": True}
    with StandinCloud(tmp_path, admin_password=PASSWORD, product="opencloud", opencloud=settings) as cloud:
        client = GraphClient(cloud)
        cloud.make_accounts("kunde", groups=["customers"], logged_in=True, password=PASSWORD)
        account = client.graph("GET", "users/kunde").json()["id"]
        drive = client.graph("GET", f"users/{account}/drive").json()["id"]
        assert client.graph("PATCH", f"drives/{drive}", {"quota": {"total": 5}}).status_code == 200
        new = {"onPremisesSamAccountName": "new", "displayName": "new"}
        asked = [
            client.graph("POST", "users", new),
            client.graph("PATCH", "users/kunde", {"accountEnabled": False}),
            client.graph("POST", "groups", {"displayName": "new"}),
            client.graph("PATCH", "groups/customers", {"displayName": "new"}),
            client.graph("DELETE", "groups/customers"),
            client.graph("DELETE", f"groups/customers/members/{account}/$ref"),
            client.graph("DELETE", "users/kunde"),
        ]
        assert [error(answer) for answer in asked] == [_READ_ONLY] * 7
        assert client.names() == ["admin", "kunde"]
        assert client.graph("GET", f"users/{account}/drive").status_code == 404


def test_no_drive_exceeds_the_highest_quota(tmp_path: Path) -> None:
    """More is refused, without limit is the highest, and a new drive has it."""
    settings = {"max_quota": _GIB}
    with StandinCloud(tmp_path, admin_password=PASSWORD, product="opencloud", opencloud=settings) as cloud:
        client = GraphClient(cloud)
        account = client.create("kunde")
        client.first_login("kunde")
        assert client.quota(account)["total"] == _GIB
        drive = client.graph("GET", f"users/{account}/drive").json()["id"]
        for total in (_GIB + 1, -1):
            answer = client.graph("PATCH", f"drives/{drive}", {"quota": {"total": total}})
            assert error(answer) == (400, "notAllowed", "decompsedFS: requested quota is higher than allowed")
        assert client.graph("PATCH", f"drives/{drive}", {"quota": {"total": 5}}).json()["quota"]["total"] == 5
        assert client.graph("PATCH", f"drives/{drive}", {"quota": {"total": 0}}).json()["quota"]["total"] == _GIB
        shown = client.call("GET", "ocs/v1.php/cloud/capabilities", query={"format": "json"}).json()
        assert shown["ocs"]["data"]["capabilities"]["spaces"]["max_quota"] == _GIB


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"basic": True}, "unknown keys: basic"),
        ({"basic_auth": 1}, "of the wrong kind: basic_auth"),
        ({"bearer_tokens": {"token": 1}}, "of the wrong kind: bearer_tokens"),
        ({"role_quotas": {"role": True}}, "of the wrong kind: role_quotas"),
        ({"max_quota": -1}, "of the wrong kind: max_quota"),
    ],
)
def test_wrong_settings_are_refused(data: dict[str, object], reason: str) -> None:
    """By name."""
    with pytest.raises(SettingsRefused, match=reason):
        read(data)
