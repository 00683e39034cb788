# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of cases for the accounts of every product: what a task does, and that it does nothing the second time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from dialects.cloud import PASSWORD, CloudUnderTest

GB = 1024**3
EMAIL = "anna@example.org"


@dataclass(frozen=True)
class Edit:
    """One change of an account that exists.

    before, after: options of nextcloud_user that make the state before, and change it. changed: the fields that
    change. shown: what the account shows then. Groups are named without the prefix of the case.
    """

    name: str
    after: dict[str, Any]
    changed: list[str]
    shown: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)


EDITS = [
    Edit("display name", {"display_name": "Anna Ω"}, ["display_name"], {"display_name": "Anna Ω"}),
    Edit("email", {"email": "neu@example.org"}, ["email"], {"email": "neu@example.org"}, {"email": EMAIL}),
    Edit("email removed", {"email": ""}, ["email"], {"email": None}, {"email": EMAIL}),
    Edit("language", {"language": "de"}, ["language"], {"language": "de"}),
    Edit("quota", {"quota": "2 GB"}, ["quota"], {"quota": 2 * GB}, {"quota": "1 GB"}),
    Edit("quota unlimited", {"quota": "none"}, ["quota"], {"quota": None}, {"quota": "1 GB"}),
    Edit("disabled", {"state": "disabled"}, ["enabled"], {"enabled": False}),
    Edit("enabled", {"state": "present"}, ["enabled"], {"enabled": True}, {"state": "disabled"}),
    Edit("group given", {"groups": ["one"]}, ["groups"], {"groups": ["one", "two"]}, {"groups": ["two"]}),
    Edit("group taken", {"groups_absent": ["one"]}, ["groups"], {"groups": ["two"]}, {"groups": ["one", "two"]}),
    Edit("group admin", {"group_admin_of": ["one"]}, ["group_admin_of"], {"group_admin_of": ["one"]}),
    Edit(
        "group admin no more",
        {"group_admin_of_absent": ["one"]},
        ["group_admin_of"],
        {"group_admin_of": ["two"]},
        {"group_admin_of": ["one", "two"]},
    ),
    Edit(
        "several at once",
        {"state": "disabled", "quota": "3 GB", "email": "b@example.org", "display_name": "Neu", "groups": ["two"]},
        ["enabled", "groups", "quota", "email", "display_name"],
        {
            "enabled": False,
            "groups": ["one", "two"],
            "quota": 3 * GB,
            "email": "b@example.org",
            "display_name": "Neu",
        },
        {"groups": ["one"], "email": EMAIL},
    ),
]

GROUP_OPTIONS = ("groups", "groups_absent", "group_admin_of", "group_admin_of_absent")


def of_case(cloud: CloudUnderTest, options: dict[str, Any]) -> dict[str, Any]:
    """The same options with groups of this case."""
    return {
        option: [cloud.named(group) for group in value] if option in GROUP_OPTIONS else value
        for option, value in options.items()
    }


def made(cloud: CloudUnderTest, name: str = "anna", **options: Any) -> dict[str, Any]:
    """Make an account that has logged in, as one in use, by the API; the options come from a case."""
    state = options.pop("state", "present")
    by_api = cloud.with_connection(transport="api")
    assert by_api.user(name, password=PASSWORD, **of_case(cloud, options))["failure"] is None
    assert cloud.logs_in(name)
    result = by_api.user(name, state=state, **of_case(cloud, options))
    assert result["failure"] is None, result["msg"]
    forget_requests(cloud)
    return result


def forget_requests(cloud: CloudUnderTest) -> None:
    """From here on only what follows is looked at."""
    if cloud.standin is not None:
        cloud.standin.clear_requests()
        cloud.standin.clear_commands()


def fields(result: dict[str, Any]) -> list[str]:
    """The names of the fields that a result says were changed."""
    return [change["field"] for change in result["changes"]]


def shown(result: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Of the account in a result, the fields that a case looks at."""
    return {name: result["account"][name] for name in wanted}


@pytest.mark.parametrize("edit", EDITS, ids=[edit.name for edit in EDITS])
def test_an_edit(cloud: CloudUnderTest, edit: Edit) -> None:
    """Check mode says what would change and changes nothing; then it is done; then there is nothing left to do."""
    lacked = sorted(set(edit.after) & set(cloud.product.lacks))
    ignored = sorted(set(edit.after) & set(cloud.product.ignores))
    made(cloud, **{option: value for option, value in edit.before.items() if option not in cloud.product.lacks})
    after, wanted = of_case(cloud, edit.after), of_case(cloud, edit.shown)
    if edit.after.get("email") == "" and cloud.product.emails_stay is not None:
        lacked = ["e-mail address"]
    if lacked:
        refused = cloud.user("anna", **after)
        assert refused["failure"]["code"] == "unsupported"
        assert all(option in refused["failure"]["message"] for option in lacked)
        assert not refused["changed"]
        assert cloud.writes() == []
        return
    if set(edit.before) & set(cloud.product.lacks):  # so what is to end has never been
        assert not cloud.user("anna", **after)["changed"]
        return
    if ignored:
        left = cloud.user("anna", **after)
        assert left["failure"] is None
        assert not left["changed"]
        assert any(option in text for option in ignored for text in left["warnings"])
        assert cloud.writes() == []
        return
    planned = cloud.user("anna", check_mode=True, **after)
    assert planned["failure"] is None, planned["msg"]
    assert fields(planned) == edit.changed
    assert cloud.writes() == []
    done = cloud.user("anna", **after)
    assert done["failure"] is None, done["msg"]
    assert (done["action"], fields(done)) == ("updated", edit.changed)
    assert shown(done, wanted) == wanted
    forget_requests(cloud)
    again = cloud.user("anna", **after)
    assert (again["failure"], again["changed"], again["changes"]) == (None, False, [])
    assert shown(again, wanted) == wanted
    assert cloud.writes() == []


def test_creation_with_everything(cloud: CloudUnderTest) -> None:
    """One task makes an account with all that the product has, and groups that were missing; a second does nothing."""
    wished = {
        "display_name": "Anna Ω",
        "email": EMAIL,
        "language": "de",
        "quota": "5 GB",
        "groups": ["one", "two"],
        "group_admin_of": ["one"],
    }
    wanted = {**wished, "enabled": True, "quota": 5 * GB}
    options = of_case(cloud, {key: wished[key] for key in wished if key not in cloud.product.lacks})
    planned = cloud.user("anna", check_mode=True, password=PASSWORD, **options)
    assert (planned["failure"], planned["action"], planned["account"]) == (None, "created", None)
    assert planned["groups_created"] == [cloud.named("one"), cloud.named("two")]
    assert cloud.writes() == []
    done = cloud.user("anna", password=PASSWORD, **options)
    assert done["failure"] is None, done["msg"]
    assert done["action"] == "created"
    assert done["pending"] == []
    left_out = {*cloud.product.lacks, *cloud.product.ignores}
    seen = of_case(cloud, {key: value for key, value in wanted.items() if key not in left_out})
    assert shown(done, seen) == seen
    assert any("language" in text for text in done.get("warnings", [])) is ("language" in cloud.product.ignores)
    forget_requests(cloud)
    again = cloud.user("anna", password=PASSWORD, **options)
    assert (again["failure"], again["changed"], again["pending"]) == (None, False, [])
    assert shown(again, seen) == seen
    assert cloud.writes() == []


def test_an_invitation(cloud: CloudUnderTest) -> None:
    """An account without a password is for products that mail a link."""
    result = cloud.user("anna", invite=True, email=EMAIL)
    if "invite" in cloud.product.lacks:
        assert (result["failure"]["code"], result["changed"]) == ("unsupported", False)
        assert cloud.writes() == []
    else:
        assert (result["failure"], result["account"]["email"]) == (None, EMAIL)


def test_a_manager(cloud: CloudUnderTest) -> None:
    """Another account as the manager of one."""
    made(cloud, "boss")
    made(cloud)
    result = cloud.user("anna", manager=cloud.named("boss"))
    if "manager" in cloud.product.lacks:
        assert (result["failure"]["code"], result["changed"]) == ("unsupported", False)
        assert cloud.writes() == []
    else:
        assert (result["failure"], result["account"]["manager"]) == (None, cloud.named("boss"))


def test_before_the_first_log_in(cloud: CloudUnderTest) -> None:
    """What an account uses is never told as nothing when it is not known, and its quota can be read."""
    result = cloud.user("anna", password=PASSWORD)
    assert result["failure"] is None, result["msg"]
    assert result["account"]["used"] in (None, 0)
    assert cloud.logs_in("anna")
    used = cloud.info(names=[cloud.named("anna")])["accounts"][0]["used"]
    assert (used is None) is (cloud.product.use_untold is not None)


def test_a_quota_below_use(cloud: CloudUnderTest) -> None:
    """It is set, with a warning; nothing is deleted."""
    made(cloud)
    cloud.upload("anna", 100_000)
    result = cloud.user("anna", quota="50 KB")
    assert (result["failure"], result["action"], result["account"]["quota"]) == (None, "updated", 50 * 1024)
    assert any("quota below use" in text for text in result["warnings"])
    if cloud.product.use_untold is None:
        assert result["account"]["used"] >= 100_000


def test_deletion(cloud: CloudUnderTest) -> None:
    """Check mode deletes nothing; then the account is gone; deleting a missing one is fine."""
    made(cloud, groups=["one"])
    planned = cloud.user("anna", check_mode=True, state="absent")
    assert (planned["failure"], planned["action"]) == (None, "deleted")
    assert cloud.writes() == []
    done = cloud.user("anna", state="absent")
    assert (done["failure"], done["action"], done["account"]) == (None, "deleted", None)
    forget_requests(cloud)
    again = cloud.user("anna", state="absent")
    assert (again["failure"], again["changed"]) == (None, False)
    assert cloud.writes() == []
    assert cloud.info(names=[cloud.named("anna")])["missing"] == [cloud.named("anna")]


def test_many_accounts(cloud: CloudUnderTest) -> None:
    """One that fails keeps no other from being done."""
    names = [cloud.named(name) for name in ("anna", "berta", "clara")]
    result = cloud.users(
        {"name": names[0], "password": PASSWORD},
        {"name": names[1], "state": "exists"},
        {"name": names[2], "password": PASSWORD},
    )
    failures = [account["failure"] and account["failure"]["code"] for account in result["accounts"]]
    assert failures == [None, "account_missing", None]
    assert result["summary"] == {"total": 3, "changed": 2, "failed": 1, "unchanged": 0}


def test_administrators_are_left_alone(cloud: CloudUnderTest) -> None:
    """The acting account is one; by occ none acts."""
    acting = cloud.administrator
    if not cloud.product.by_occ:
        acting = cloud.probe(write_proof=False, read_limits=False)["acting_account"]["name"]
    result = cloud.users({"name": acting, "state": "disabled"}, {"name": acting.upper(), "state": "disabled"})
    codes = [account["failure"]["code"] for account in result["accounts"]]
    assert codes == ["duplicate_name", "duplicate_name"]
    result = cloud.users({"name": acting, "state": "disabled"})
    assert result["accounts"][0]["failure"]["code"] == "protected_account"
    assert cloud.writes() == []


def test_another_notation_of_a_name(cloud: CloudUnderTest) -> None:
    """It is the same account for the cloud, and not touched."""
    made(cloud)
    result = cloud.users({"name": cloud.named("ANNA"), "state": "absent"})
    assert result["accounts"][0]["failure"]["code"] == "account_conflict"
    assert cloud.writes() == []
