# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for one group: the group itself, its display name, its deletion, and what goes wrong with them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_group import (
    PATH,
    expect_accounts,
    expect_group,
    expect_join,
    expect_members,
    run,
    shown,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud, fault, html, no, ok, release

# the group


def test_creation_with_all(cloud: ScriptedCloud) -> None:
    """Whether the release has display names; the group with it in one request; one for each member; one reading."""
    expect_group(cloud, "team b")
    expect_accounts(cloud, "anna", "ben")
    cloud.expect("GET", "/capabilities", release(31))
    cloud.expect("POST", "/groups", ok(), [("groupid", "team"), ("displayname", "Команда")])
    expect_join(cloud, "anna")
    expect_join(cloud, "ben")
    expect_group(cloud, "team b", shown("team", "Команда"))
    expect_members(cloud, "ben", "anna")
    result = run(cloud, display_name=" Команда ", members=["ben", "anna"])
    assert result == {
        "changed": True,
        "action": "created",
        "changes": [
            {"field": "state", "before": "absent", "after": "present"},
            {"field": "display_name", "before": None, "after": "Команда"},
            {"field": "members", "before": [], "after": ["anna", "ben"]},
        ],
        "group": {"name": "team", "display_name": "Команда", "quota": "unknown", "members": ["anna", "ben"]},
        "failures": [],
        "failure": None,
        "diff": [
            {
                "before_header": "group team",
                "after_header": "group team",
                "before": "",
                "after": 'name: "team"\ndisplay_name: "Команда"\nmembers: ["anna", "ben"]\n',
            }
        ],
    }


def test_creation_alone(cloud: ScriptedCloud) -> None:
    """Without wishes for them neither display name nor members are sent or read."""
    expect_group(cloud)
    cloud.expect("POST", "/groups", ok(), [("groupid", "team")])
    expect_group(cloud, "team")
    result = run(cloud)
    assert outcome(result) == (None, "created", True)
    assert result["group"] == {"name": "team", "display_name": "team", "quota": "unknown", "members": None}


@pytest.mark.parametrize(
    "groups", [["team"], ["Team", "my team", "team"], {"0": "x", "2": "team"}, [{"id": "team", "displayname": ""}]]
)
def test_there_already(cloud: ScriptedCloud, groups: t.Any) -> None:
    """One read; the group is the one of exactly this name."""
    if isinstance(groups, dict):
        answer: t.Any = {number: shown(group) for number, group in groups.items()}
        cloud.expect("GET", "/groups/details", ok({"groups": answer}), query={"search": "team"})
    else:
        expect_group(cloud, *groups)
    result = run(cloud, display_name="team")
    assert outcome(result) == (None, "none", False)
    assert (result["group"]["display_name"], "diff" in result) == ("team", False)


def test_a_name_of_digits(cloud: ScriptedCloud) -> None:
    """PHP makes a number of it."""
    expect_group(cloud, {**shown("7"), "id": 7}, name="7")
    assert outcome(run(cloud, name="7")) == (None, "none", False)


def test_display_name(cloud: ScriptedCloud) -> None:
    """Set when it differs; the group's name stays. The diff shows no members, as they were not looked at."""
    expect_group(cloud, shown("team", "Old"))
    cloud.expect("PUT", PATH, ok(), [("key", "displayname"), ("value", "New")])
    expect_group(cloud, shown("team", "New"))
    result = run(cloud, display_name="New")
    assert outcome(result) == (None, "updated", True)
    assert result["diff"][0]["before"] == 'name: "team"\ndisplay_name: "Old"\n'
    assert result["diff"][0]["after"] == 'name: "team"\ndisplay_name: "New"\n'


@pytest.mark.parametrize("answer", [ok(), no(400, 101)])
def test_deletion(cloud: ScriptedCloud, answer: Answer) -> None:
    """Gone is gone, whoever did it; one read proves it. Members are not looked at."""
    expect_group(cloud, "team")
    cloud.expect("DELETE", PATH, answer)
    expect_group(cloud)
    result = run(cloud, state="absent")
    assert outcome(result) == (None, "deleted", True)
    assert (result["group"], result["diff"][0]["after"]) == (None, "")


def test_gone_already(cloud: ScriptedCloud) -> None:
    """One read; groups with similar names are others."""
    expect_group(cloud, "Team", "team 2")
    assert outcome(run(cloud, state="absent", members=[])) == (None, "none", False)


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("100%", "100%2525"),
        ("a+b", "a%252Bb"),
        ("Büro", "B%C3%BCro"),
        ("in side", "in%20side"),
        ("a?b#c&d", "a%3Fb%23c%26d"),
        ("50%2F+ü /x", "50%25252F%252B%C3%BC%20%2Fx"),
        ("a.b", "a.b"),
    ],
)
def test_names_in_the_path(cloud: ScriptedCloud, name: str, segment: str) -> None:
    """One segment, encoded so that Nextcloud's decoding twice gives the name again."""
    expect_group(cloud, name, name=name)
    expect_members(cloud, "ben", path="/groups/" + segment)
    expect_accounts(cloud, "anna")
    expect_join(cloud, "anna", group=name)
    expect_group(cloud, name, name=name)
    expect_members(cloud, "anna", "ben", path="/groups/" + segment)
    assert outcome(run(cloud, name=name, members=["anna"])) == (None, "updated", True)


@pytest.mark.parametrize(
    ("options", "expected", "word"),
    [
        ({"name": "g" * 65}, "invalid_value", "1 to 64 characters"),
        ({"name": " team"}, "invalid_value", "' team'"),
        ({"name": "team "}, "invalid_value", "'team '"),
        ({"name": ""}, "invalid_value", "''"),
        ({"name": "a\tb"}, "invalid_value", r"'a\tb'"),
        ({"name": ".."}, "invalid_value", "not only dots"),
        ({"name": "admin"}, "protected_group", "administrators"),
        ({"name": "admin", "state": "absent"}, "protected_group", "administrators"),
        ({"display_name": " "}, "invalid_value", "display_name is empty"),
        ({"members": ["anna", "Anna"]}, "duplicate_name", "'Anna' is listed twice."),
        ({"members": ["anna"], "members_absent": ["ANNA"]}, "duplicate_name", "'ANNA' is listed twice."),
        ({"members": ["a/b"]}, "invalid_name", "'a/b'"),
        ({"members_exact": True}, "invalid_value", "members_exact needs members"),
        ({"members_exact": True, "members_absent": ["anna"]}, "invalid_value", "members_exact needs members"),
        ({"state": "absent", "members": ["anna"]}, "invalid_value", "has no members"),
        ({"state": "absent", "members_absent": ["anna"]}, "invalid_value", "has no members"),
    ],
)
def test_bad_options_cost_no_request(cloud: ScriptedCloud, options: dict[str, t.Any], expected: str, word: str) -> None:
    """They fail before anything is asked."""
    result = run(cloud, **options)
    assert outcome(result) == (expected, "none", False)
    assert word in result["msg"]
    assert result["failed"] is True
    assert result["failures"] == [result["failure"]]
    assert (result["failure"]["account"], result["group"]) == (None, None)


def test_names_of_64_characters_are_fine(cloud: ScriptedCloud) -> None:
    """The limit itself is allowed."""
    expect_group(cloud, "g" * 64, name="g" * 64)
    assert outcome(run(cloud, name="g" * 64)) == (None, "none", False)


# refusals and unknown outcomes


def test_created_meanwhile_by_another(cloud: ScriptedCloud) -> None:
    """Code 102: there it is; what was read back counts."""
    expect_group(cloud)
    cloud.expect("POST", "/groups", no(400, 102, "group exists"), [("groupid", "team")])
    expect_group(cloud, "team")
    assert code(run(cloud)) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (no(400, 101, "Invalid group name"), "invalid_value"),
        (no(400, 103, "Not supported by backend"), "backend_refused"),
        (no(403, 403), "write_not_permitted"),
        (no(400, 4711), "refused"),
    ],
)
def test_refused_creation(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """No member is added to nothing, and the failure is the group's."""
    expect_group(cloud)
    expect_accounts(cloud, "anna")
    cloud.expect("POST", "/groups", answer, [("groupid", "team")])
    if expected == "write_not_permitted":  # the session is not new, so it is tried again with a new one
        cloud.expect("POST", "/groups", answer, [("groupid", "team")], with_cookie=False)
    result = run(cloud, members=["anna"])
    assert outcome(result) == (expected, "none", False)
    assert result["msg"].startswith("group team: ")
    assert "POST /ocs/v2.php/cloud/groups, HTTP status" in result["msg"]


@pytest.mark.parametrize("answer", [no(400, 102), no(500, 996)])
def test_refused_deletion(cloud: ScriptedCloud, answer: Answer) -> None:
    """Code 102 is that of a backend that refuses; after an internal error the group is read."""
    expect_group(cloud, "team")
    cloud.expect("DELETE", PATH, answer)
    if answer.status == 500:
        expect_group(cloud, "team")
    result = run(cloud, state="absent")
    assert code(result) == ("server_error" if answer.status == 500 else "backend_refused")
    assert result["changed"] is (answer.status == 500)


def test_refused_display_name(cloud: ScriptedCloud) -> None:
    """Code 101 is that of a backend that refuses."""
    expect_group(cloud, "team")
    cloud.expect("PUT", PATH, no(400, 101, "Not supported by backend"), [("key", "displayname"), ("value", "New")])
    assert outcome(run(cloud, display_name="New")) == ("backend_refused", "none", False)


CHANGES: list[tuple[dict[str, t.Any], list[str], tuple[str, str, list[tuple[str, str]] | None], list[t.Any]]] = [
    ({}, [], ("POST", "/groups", [("groupid", "team")]), ["team"]),
    (
        {"display_name": "New"},
        ["team"],
        ("PUT", PATH, [("key", "displayname"), ("value", "New")]),
        [shown("team", "New")],
    ),
    ({"state": "absent"}, ["team"], ("DELETE", PATH, None), []),
]


@pytest.mark.parametrize("answer", [fault("cut"), html(504), no(500, 996)])
@pytest.mark.parametrize(("options", "before", "call", "after"), CHANGES)
def test_unknown_outcome_settled_by_reading(
    cloud: ScriptedCloud,
    options: dict[str, t.Any],
    before: list[str],
    call: tuple[str, str, list[tuple[str, str]] | None],
    after: list[t.Any],
    answer: Answer,
) -> None:
    """The change took effect, so all is well, and it is not sent again."""
    expect_group(cloud, *before)
    cloud.expect(call[0], call[1], answer, call[2])
    expect_group(cloud, *after)
    expect_group(cloud, *after)
    result = run(cloud, **options)
    assert code(result) is None
    assert result["changed"] is True


@pytest.mark.parametrize(("options", "before", "call", "after"), CHANGES)
def test_unknown_outcome_that_did_not_take_effect(
    cloud: ScriptedCloud,
    options: dict[str, t.Any],
    before: list[str],
    call: tuple[str, str, list[tuple[str, str]] | None],
    after: list[t.Any],
) -> None:
    """The failure says that it may come into effect still; it counts as changed."""
    expect_group(cloud, *before)
    cloud.expect(call[0], call[1], fault("cut"), call[2])
    expect_group(cloud, *before)
    result = run(cloud, **options)
    assert (code(result), result["changed"]) == ("unreachable", True)
    assert result["failure"]["outcome_unknown"] is True


def test_unknown_outcome_and_no_reading(cloud: ScriptedCloud) -> None:
    """Nothing is known: the failure is that of the change, not of the reading."""
    expect_group(cloud, "team")
    cloud.expect("DELETE", PATH, fault("cut"))
    cloud.expect("GET", "/groups/details", html(502), query={"search": "team"})
    result = run(cloud, state="absent")
    assert (code(result), result["changed"]) == ("outcome_unknown", True)
    assert result["failure"]["outcome_unknown"] is True
    assert result["failure"]["request"] == "DELETE /ocs/v2.php/cloud/groups/team"


@pytest.mark.parametrize(
    ("options", "before", "call"), [({**case[0]}, case[1], case[2]) for case in CHANGES], ids=["new", "name", "gone"]
)
def test_accepted_but_not_shown(
    cloud: ScriptedCloud,
    options: dict[str, t.Any],
    before: list[str],
    call: tuple[str, str, list[tuple[str, str]] | None],
) -> None:
    """Success is a read-back that shows the wish."""
    expect_group(cloud, *before)
    cloud.expect(call[0], call[1], ok(), call[2])
    expect_group(cloud, *before)
    assert code(run(cloud, **options)) == "not_verified"


@pytest.mark.parametrize("answer", [ok([]), ok({"groups": "team"}), html(), html(502)])
def test_an_answer_that_is_no_list(cloud: ScriptedCloud, answer: Answer) -> None:
    """It is no sign that the group is missing."""
    cloud.expect("GET", "/groups/details", answer, query={"search": "team"})
    assert code(run(cloud)) in ("not_an_answer", "server_error")


@pytest.mark.parametrize(
    ("options", "found", "action"),
    [
        ({"display_name": "New"}, [], "created"),
        ({"display_name": "New"}, ["team"], "updated"),
        ({"state": "absent"}, ["team"], "deleted"),
        ({"state": "absent"}, [], "none"),
    ],
)
def test_check_mode_only_reads(cloud: ScriptedCloud, options: dict[str, t.Any], found: list[str], action: str) -> None:
    """The script holds no write; the group is shown as it is."""
    expect_group(cloud, *found)
    result = run(cloud, check_mode=True, **options)
    assert outcome(result) == (None, action, action != "none")
    assert (result["group"] is None) is (not found)
    assert ("diff" in result) is (action != "none")
