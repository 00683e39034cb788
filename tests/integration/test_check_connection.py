# SPDX-License-Identifier: GPL-3.0-or-later
"""The button of the connection form: whether accounts can be changed, told to the person who waits."""

from __future__ import annotations

import secrets

import pytest
from harness.cloud import Cloud
from harness.processes import until
from harness.stack import Stack
from standins.billmanager import Run

from .test_waiting import active


def refused(run: Run, code: str) -> None:
    """The person is told why not."""
    assert run.error is not None, run
    assert (run.error.type, run.exit_code) == (f"nextcloud_{code}", 1)
    assert run.error.text_ru


def checked(stack: Stack, module: int | None = None) -> Run:
    """The check's answer. On a machine that is busy with other tests the playbook may take longer than a person is kept
    waiting: then it is asked again, as a person would."""
    for _ in range(3):
        run = stack.panel.check_connection(stack.module if module is None else module)
        if run.error is None or run.error.type != "nextcloud_timeout":
            return run
    return run


def test_it_passes(stack: Stack) -> None:
    """And changes nothing on the cloud; what is on record are operations only."""
    before = stack.cloud.ocs("GET", "users/details")["data"]
    assert checked(stack).ok
    assert stack.cloud.ocs("GET", "users/details")["data"] == before
    assert stack.on_record("id") == []


@pytest.mark.parametrize(
    ("fault", "path", "code"),
    [
        ("not_permitted", "/cloud/", "write_not_permitted"),
        ("maintenance", "/", "maintenance"),
        ("html", "/", "not_an_answer"),
    ],
)
def test_it_does_not_pass(stack: Stack, fault: str, path: str, code: str) -> None:
    """In the cloud's own words, not later than a cloud that answers."""
    stack.standin.fault(fault, path=path)
    refused(checked(stack), code)


def test_wrong_password(stack: Stack) -> None:
    """One log-in, no more."""
    stack.panel.set_cloud_secret(stack.module, "password", "Not-The-One-1")
    refused(checked(stack), "wrong_credentials")
    assert len([one for one in stack.standin.requests() if one["status"] == 401]) == 1


def test_cloud_that_hangs(stack: Stack) -> None:
    """The person is told after seconds; the module itself does not have to give up."""
    stack.standin.fault("hold")
    refused(stack.panel.check_connection(stack.module), "timeout")


def test_form_that_is_not_saved(stack: Stack) -> None:
    """A cloud that is not known yet is asked with what the form has; what is left out is named."""
    form = "<doc><processingmodule>{}</processingmodule></doc>"
    cloud: Cloud = stack.cloud
    given = f"<url>{cloud.url}/</url><username>{cloud.username}</username>"
    password = f"<password>{cloud.password}</password>"
    assert stack.panel.call("check_connection", stdin=form.format(given + password)).ok
    refused(stack.panel.call("check_connection", stdin=form.format(given)), "cloud_parameter_missing")
    refused(stack.panel.call("check_connection", stdin="<doc>"), "bad_request")
    refused(stack.panel.call("check_connection", stdin="<doc/>"), "bad_request")


def test_passing_releases_a_cloud_that_was_held_for_its_credentials(stack: Stack) -> None:
    """Nobody changed them in BILLmanager: the cloud took the password back, which nothing else would notice."""
    right = stack.cloud.password
    stack.cloud.change_own_password(secrets.token_urlsafe(18))
    service = stack.order()
    assert not stack.panel.run(service).finished
    until(lambda: stack.on_record("state", "held"))
    refused(checked(stack), "wrong_credentials")
    assert stack.on_record("state", "held")
    stack.cloud.change_own_password(right)
    assert checked(stack).ok
    until(lambda: active(stack, service))
