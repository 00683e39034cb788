# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting the quotas of a whole instance: in which order, what is sent, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.bill.nextcloud.tests.unit.running import code, outcome
from ansible_collections.bill.nextcloud.tests.unit.running_quota import (
    ALLOW,
    DEFAULT,
    FILES,
    GB,
    MAXIMUM,
    PRESETS,
    expect_instance,
    expect_read,
    expect_set,
    expect_write,
    instance,
    run,
)
from ansible_collections.bill.nextcloud.tests.unit.scripted import Answer, ScriptedCloud, fault, html, no, ok


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ("5 GB", "5 GB"),
        (str(5 * GB), "5 GB"),
        ("1.5GiB", "1.5 GB"),
        ("1000000", "1000000 B"),  # "976.6 KB" would be another number
        ("0", "0 B"),
        ("1234567890", "1234567890 B"),
    ],
)
def test_the_default_is_sent_as_people_know_it(cloud: ScriptedCloud, wish: str, text: str) -> None:
    """If that is exact; in bytes otherwise. What was written is read back, the rest is known."""
    expect_instance(cloud)
    expect_write(cloud, DEFAULT, text)
    expect_read(cloud, DEFAULT, text)
    result = run(cloud, default=wish)
    assert (result["changed"], result["failure"]) == (True, None)
    (change,) = result["instance"]["changes"]
    assert (change["field"], change["before"], change["after"]) == ("default", None, result["instance"]["default"])


def test_an_unlimited_default(cloud: ScriptedCloud) -> None:
    """The word that Nextcloud has for it."""
    expect_instance(cloud, "1", "5 GB")
    expect_write(cloud, DEFAULT, "none")
    expect_read(cloud, DEFAULT, "none")
    result = run(cloud, default="none")
    assert result["instance"] == instance(None, None, True, ("default", 5 * GB, None))


def test_the_maximum_is_sent_in_bytes(cloud: ScriptedCloud) -> None:
    """Nextcloud compares with it as a number."""
    expect_instance(cloud, limits=True)
    expect_write(cloud, MAXIMUM, str(100 * GB))
    expect_read(cloud, MAXIMUM, str(100 * GB))
    result = run(cloud, maximum="100 GiB")
    assert result["instance"] == instance(None, 100 * GB, True, ("maximum", None, 100 * GB))


def test_no_maximum_removes_the_setting(cloud: ScriptedCloud) -> None:
    """No value of it means unlimited on every release."""
    expect_instance(cloud, maximum=str(GB))
    cloud.expect("DELETE", FILES + MAXIMUM, ok())
    expect_read(cloud, MAXIMUM, "")
    result = run(cloud, maximum="none")
    assert result["instance"] == instance(None, None, True, ("maximum", GB, None))


def test_unlimited_is_allowed_first(cloud: ScriptedCloud) -> None:
    """At no moment do the settings contradict each other; then accounts may be made unlimited."""
    expect_instance(cloud, "0", "5 GB", str(5 * GB))
    expect_write(cloud, ALLOW, "1")
    expect_write(cloud, DEFAULT, "none")
    cloud.expect("DELETE", FILES + MAXIMUM, ok())
    expect_instance(cloud, "1", "none", "")
    expect_set(cloud, "a", 5, "none", -3)
    options: dict[str, t.Any] = {"default": "none", "maximum": "none", "quota": "none", "accounts": [{"name": "a"}]}
    result = run(cloud, allow_unlimited=True, **options)
    changes = [("allow_unlimited", False, True), ("default", 5 * GB, None), ("maximum", 5 * GB, None)]
    assert result["instance"] == instance(None, None, True, *changes)
    assert outcome(result["accounts"][0]) == (None, "updated", True)
    assert [diff["before_header"] for diff in result["diff"]] == ["quotas of the instance", "a"]


def test_unlimited_is_forbidden_last(cloud: ScriptedCloud) -> None:
    """The default has to be a number before."""
    expect_instance(cloud, limits=True)
    expect_write(cloud, DEFAULT, "1 GB")
    expect_write(cloud, MAXIMUM, str(2 * GB))
    expect_write(cloud, ALLOW, "0")
    expect_instance(cloud, "0", "1 GB", str(2 * GB))
    result = run(cloud, default="1 GB", maximum="2 GB", allow_unlimited=False)
    changes = [("default", None, GB), ("maximum", None, 2 * GB), ("allow_unlimited", True, False)]
    assert result["instance"] == instance(GB, 2 * GB, False, *changes)


def test_a_second_run_changes_nothing(cloud: ScriptedCloud) -> None:
    """What the run above left behind is right."""
    expect_instance(cloud, "0", "1 GB", str(2 * GB), limits=True)
    result = run(cloud, default="1024 MB", maximum="2 GiB", allow_unlimited=False)
    assert (result["changed"], result["diff"]) == (False, [])
    assert result["instance"] == instance(GB, 2 * GB, False)


def test_a_text_that_is_no_quota_is_replaced(cloud: ScriptedCloud) -> None:
    """Unknown is never right."""
    expect_instance(cloud, default="1,5 GB", maximum="much", limits=True)
    expect_write(cloud, DEFAULT, "1.5 GB")
    expect_write(cloud, MAXIMUM, str(2 * GB))
    expect_read(cloud, DEFAULT, "1.5 GB")
    expect_read(cloud, MAXIMUM, str(2 * GB))
    result = run(cloud, default="1.5 GB", maximum="2 GB")
    assert [change["before"] for change in result["instance"]["changes"]] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("100 TB", 100), ("2147483648.5", 2 * GB), (" 7", 7), ("-1", None), ("-1 GB", None), ("-2", "unknown")],
)
def test_a_maximum_is_what_the_cloud_takes_it_for(cloud: ScriptedCloud, text: str, size: int | str | None) -> None:
    """Whole digits, as bytes."""
    expect_instance(cloud, "1", "none", text)
    assert run(cloud, default="none")["instance"]["maximum"] == size


def test_a_preset_counts_as_the_default(cloud: ScriptedCloud) -> None:
    """It is right already, although no default is set."""
    expect_read(cloud, ALLOW, "0")
    expect_read(cloud, DEFAULT, "")
    expect_read(cloud, PRESETS, "5 GB, 1 GB")
    expect_read(cloud, MAXIMUM, "")
    assert run(cloud, default="5 GB")["changed"] is False


def test_a_preset_ends_as_the_default_when_unlimited_is_allowed(cloud: ScriptedCloud) -> None:
    """So the same default has to be set then; without that every account would become unlimited."""
    expect_read(cloud, ALLOW, "0")
    expect_read(cloud, DEFAULT, "")
    expect_read(cloud, PRESETS, "")
    expect_read(cloud, MAXIMUM, "")
    expect_write(cloud, ALLOW, "1")
    expect_write(cloud, DEFAULT, "1 GB")
    expect_read(cloud, ALLOW, "1")
    expect_read(cloud, DEFAULT, "1 GB")
    result = run(cloud, default="1 GB", allow_unlimited=True)
    assert (result["failure"], result["instance"]["default"]) == (None, GB)


# contradictions: nothing is written


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("current", "options", "word"),
    [
        (("1", "none", ""), {"allow_unlimited": False}, "the default would be unlimited"),
        (("0", "5 GB", ""), {"default": "none"}, "the default would be unlimited"),
        (
            ("", "", ""),
            {"default": "none", "maximum": "5 GB", "allow_unlimited": False},
            "the default would be unlimited",
        ),
        (("1", "5 GB", ""), {"maximum": "4 GB"}, f"above the maximum of {4 * GB} bytes"),
        (("1", "1 GB", str(GB)), {"default": "2 GB"}, f"The default would be {2 * GB} bytes"),
        (("", "", ""), {"default": "3 GB", "maximum": "2 GB"}, f"above the maximum of {2 * GB} bytes"),
    ],
)
def test_contradictions(
    cloud: ScriptedCloud, current: tuple[str, str, str], options: dict[str, t.Any], word: str, check_mode: bool
) -> None:
    """Whether both parts are wished or one is there already; no account is touched either."""
    limits = "maximum" in options or "allow_unlimited" in options
    expect_instance(cloud, *current, limits=limits)
    result = run(cloud, check_mode, accounts=[{"name": "a", "quota": "1"}], **options)
    assert code(result) == code(result["accounts"][0]) == "invalid_value"
    assert word in result["msg"]
    assert (result["changed"], result["instance"]["changes"], result["diff"]) == (False, [], [])


def test_an_old_contradiction_is_no_obstacle(cloud: ScriptedCloud) -> None:
    """What is wished is right already, so nothing is refused."""
    expect_instance(cloud, "1", "5 GB", str(GB), limits=True)
    assert run(cloud, maximum="1 GB")["failure"] is None


# faults


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(no(400, 4711, "No"), "refused"), (Answer(429), "rate_limited"), (no(503, 503), "maintenance")],
)
def test_a_refused_setting(cloud: ScriptedCloud, answer: Answer, expected: str) -> None:
    """Nothing more is sent, no account is touched, and nothing counts as changed."""
    expect_instance(cloud, limits=True)
    expect_write(cloud, DEFAULT, "1 GB", answer)
    result = run(cloud, default="1 GB", maximum="2 GB", accounts=[{"name": "a", "quota": "5"}])
    assert code(result) == code(result["accounts"][0]) == expected
    assert (result["changed"], result["failed"]) == (False, True)
    assert result["failure"]["request"] == "POST " + FILES + DEFAULT


def test_what_was_done_before_a_refusal_is_told(cloud: ScriptedCloud) -> None:
    """Changed, and failed; the diff shows the plan."""
    expect_instance(cloud, limits=True)
    expect_write(cloud, DEFAULT, "1 GB")
    expect_write(cloud, MAXIMUM, str(2 * GB), no(400, 4711))
    result = run(cloud, default="1 GB", maximum="2 GB")
    assert (code(result), result["changed"]) == ("refused", True)
    assert len(result["diff"]) == 1


@pytest.mark.parametrize("answer", [fault("cut"), html(504), no(500, 996)])
def test_an_unknown_outcome(cloud: ScriptedCloud, answer: Answer) -> None:
    """It counts as changed, and the failure says that it may come into effect; no account is touched."""
    expect_instance(cloud)
    expect_write(cloud, DEFAULT, "1 GB", answer)
    result = run(cloud, default="1 GB", accounts=[{"name": "a", "quota": "5"}])
    assert (result["changed"], result["failure"]["outcome_unknown"]) == (True, True)
    assert result["accounts"][0]["failure"]["outcome_unknown"] is False
    assert result["accounts"][0]["changed"] is False


def test_a_read_back_that_differs(cloud: ScriptedCloud) -> None:
    """Accepted, but something else on the cloud sets it; accounts are not touched."""
    expect_instance(cloud, limits=True)
    expect_write(cloud, DEFAULT, "1 GB")
    expect_write(cloud, MAXIMUM, str(2 * GB))
    expect_read(cloud, DEFAULT, "1 GB")
    expect_read(cloud, MAXIMUM, str(3 * GB))
    result = run(cloud, default="1 GB", maximum="2 GB", accounts=[{"name": "a", "quota": "5"}])
    assert (code(result), result["changed"]) == ("not_verified", True)
    assert "These settings differ still: maximum." in result["msg"]
    assert (result["instance"]["default"], result["instance"]["maximum"]) == (GB, 3 * GB)
    assert code(result["accounts"][0]) == "not_verified"


# check mode and diff


def test_check_mode_only_reads(cloud: ScriptedCloud) -> None:
    """The script holds no write; the prediction is the plan, beside what there is."""
    expect_instance(cloud, "0", "5 GB", str(10 * GB))
    cloud.expect("GET", "/users/a", ok({"id": "a", "enabled": True, "groups": [], "quota": {"quota": 5}}))
    options: dict[str, t.Any] = {"default": "none", "maximum": "none", "allow_unlimited": True}
    result = run(cloud, check_mode=True, accounts=[{"name": "a", "quota": "7"}], **options)
    changes = [("allow_unlimited", False, True), ("default", 5 * GB, None), ("maximum", 10 * GB, None)]
    assert result["instance"] == instance(5 * GB, 10 * GB, False, *changes)
    assert outcome(result["accounts"][0]) == (None, "updated", True)
    assert result["diff"][0] == {
        "before_header": "quotas of the instance",
        "after_header": "quotas of the instance",
        "before": f"default: {5 * GB}\nmaximum: {10 * GB}\nallow_unlimited: false\n",
        "after": "default: none\nmaximum: none\nallow_unlimited: true\n",
    }
    assert result["diff"][1]["after_header"] == "a"
