# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module meets every fault of a cloud at its first request: one clear failure, and no second request."""

from __future__ import annotations

import functools
import gc
import typing as t

import pytest
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    GROUP,
    PROBE,
    QUOTA,
    USER,
    USER_INFO,
    USERS,
    Spec,
)
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import TABLE
from ansible_collections.bill.nextcloud.plugins.plugin_utils import cloud as clouds
from ansible_collections.bill.nextcloud.plugins.plugin_utils import (
    connection,
    group_task,
    probe_task,
    quota_task,
    user_info_task,
    users_task,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.tests.unit.running import NO_SERVER, validated
from ansible_collections.bill.nextcloud.tests.unit.scripted import (
    ADMIN_PASSWORD,
    PASSWORD,
    Answer,
    ScriptedCloud,
    fault,
    html,
    no,
)

SECONDS = 0.2
REDIRECT = Answer(301, b"", {"Location": "https://elsewhere.example/x?token=hidden"})
HUGE = Answer(200, b" " * (16 * 1024**2 + 1))
MAINTENANCE = no(503, 503, **{"X-Nextcloud-Maintenance-Mode": "1"})


class Module(t.NamedTuple):
    """A module: its spec, what runs it, options of a task, and the first request of that."""

    spec: Spec
    run: t.Callable[[dict[str, t.Any], Host], dict[str, t.Any]]
    options: dict[str, t.Any]
    path: str
    query: dict[str, str]


def changing(run: t.Callable[..., dict[str, t.Any]]) -> t.Callable[[dict[str, t.Any], Host], dict[str, t.Any]]:
    """Return what runs a module that can change something."""
    return functools.partial(run, check_mode=False, with_diff=True)


CONFIG = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps"
MODULES = {
    "group": Module(
        GROUP, changing(group_task.run), {"name": "g", "members": ["anna"]}, "/groups/details", {"search": "g"}
    ),
    "probe": Module(PROBE, probe_task.run, {}, "/status.php", {}),
    "quota": Module(QUOTA, changing(quota_task.run), {"default": "5 GB"}, f"{CONFIG}/files/allow_unlimited_quota", {}),
    "user": Module(USER, changing(users_task.run_one), {"name": "anna", "password": PASSWORD}, "/users/anna", {}),
    "user_info": Module(
        USER_INFO,
        functools.partial(user_info_task.run, progress=lambda text: None),
        {"names": ["anna"]},
        "/users/anna",
        {},
    ),
    "users": Module(
        USERS, changing(users_task.run), {"accounts": [{"name": "anna", "state": "absent"}]}, "/users/anna", {}
    ),
}


def run(name: str, url: str) -> dict[str, t.Any]:
    """Run a task and return its failure, after checking what is right of every failed task."""
    module = MODULES[name]
    result = module.run(validated(module.spec, url, **module.options), NO_SERVER)
    assert result["changed"] is False
    assert not result.get("diff")
    if name == "users":
        assert "failed" not in result
        failure = result["accounts"][0]["failure"]
    else:
        assert result["failed"] is True
        failure = result["failure"]
        assert failure["hint"] in result["msg"]
    assert failure["hint"] == TABLE[failure["code"]].hint
    assert failure["kind"] == TABLE[failure["code"]].kind
    assert failure["outcome_unknown"] is False
    assert ADMIN_PASSWORD not in str(result)
    return t.cast("dict[str, t.Any]", failure)


@pytest.mark.parametrize("kind", ["hang", "drip_head", "drip_body"])
@pytest.mark.parametrize("name", MODULES)
def test_no_answer_in_time(cloud: ScriptedCloud, monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    """A server that is silent, or sends a byte now and then, does not hold a task. The sessions are the real ones, but
    wait a moment only."""
    impatient = functools.partial(connection.Connection, connect_seconds=SECONDS, read_seconds=SECONDS)
    monkeypatch.setattr(clouds, "Connection", impatient)
    module = MODULES[name]
    cloud.expect("GET", module.path, fault(kind), query=module.query)
    failure = run(name, cloud.url)
    assert failure["code"] == "timeout"
    assert "No complete answer in time." in failure["message"]


@pytest.fixture
def uncollected() -> t.Iterator[None]:
    """No finaliser of another test's garbage runs at the deepest point of a recursion: it would fail there."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        pytest.param(fault("cut"), "unreachable", "The connection was cut.", id="cut"),
        pytest.param(fault("short"), "unreachable", "The connection was cut.", id="short"),
        pytest.param(REDIRECT, "redirected", "It points to https://elsewhere.example/x.", id="redirect"),
        pytest.param(HUGE, "not_an_answer", "It is larger than 16777216 bytes.", id="huge"),
        pytest.param(html(), "not_an_answer", "HTTP status 200", id="html"),
        pytest.param(Answer(200, b"[" * 100_000), "not_an_answer", "HTTP status 200", id="deep"),
    ],
)
@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", MODULES)
def test_no_proper_answer(cloud: ScriptedCloud, name: str, answer: Answer, code: str, words: str) -> None:
    """However the server misbehaves, the task ends."""
    module = MODULES[name]
    cloud.expect("GET", module.path, answer, query=module.query)
    if name == "probe" and code == "not_an_answer" and answer is not HUGE:  # the capabilities might tell instead
        cloud.expect("GET", "/capabilities", answer, user=None)
    failure = run(name, cloud.url)
    assert failure["code"] == code
    assert words in failure["message"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(MAINTENANCE, "maintenance", id="maintenance"),
        pytest.param(no(401, 997, "Unauthorised"), "wrong_credentials", id="credentials"),
        pytest.param(no(429, 429, "Reached maximum delay"), "login_blocked", id="blocked"),
        pytest.param(Answer(429, b""), "rate_limited", id="limited"),
        pytest.param(html(502), "server_error", id="proxy"),
    ],
)
@pytest.mark.parametrize("name", [name for name in MODULES if name != "probe"])  # status.php knows none of these
def test_a_refusal_of_everything(cloud: ScriptedCloud, name: str, answer: Answer, code: str) -> None:
    """Nothing is tried a second time."""
    module = MODULES[name]
    cloud.expect("GET", module.path, answer, query=module.query)
    failure = run(name, cloud.url)
    assert failure["code"] == code
    assert "edited" not in failure["message"]  # nothing was


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:1", "unreachable"),
        ("ftp://127.0.0.1", "invalid_url"),
        ("127.0.0.1", "invalid_url"),
        ("https://root:secret@127.0.0.1", "invalid_url"),
        ("https://127.0.0.1/?x=1", "invalid_url"),
        ("https://127.0.0.1:port", "invalid_url"),
        ("", "invalid_url"),
    ],
)
@pytest.mark.parametrize("name", MODULES)
def test_no_cloud_there(name: str, url: str, code: str) -> None:
    """An address that cannot be, or where nobody answers."""
    assert run(name, url)["code"] == code
