# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be wrong around an order: a fixed error type, both sentences, one log line, nothing changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from bill_nextcloud.treatment import kind_of
from harness.certificate import self_signed
from harness.stack import Stack
from harness.worker import COMMAND
from standins.billmanager import Run

from .conftest import SetUp

Prepare = Callable[[Stack], int]


def clear_error(stack: Stack, run: Run, type_: str) -> None:
    """The operation failed with ``type_``, in both languages, with lines in the log, and is kept; what is tried again
    or waits for its cloud is no error of the run, but BILLmanager shows it."""
    code = type_.removeprefix("nextcloud_")
    if kind_of(code) == "final":
        assert run.error is not None, run
        error: dict[str, Any] = asdict(run.error)
        assert run.exit_code == 1
    else:
        assert run.exit_code == 0, run
        assert run.operation is not None
        error = stack.panel.wait(run.operation, or_error=True)["error"]
    assert error["type"] == type_
    assert run.malformed is None
    assert not run.finished
    assert "__" not in error["text_en"]
    assert not error["text_en"].startswith("msg_error")
    assert any("а" <= letter <= "я" for letter in error["text_ru"].lower())
    lines = [line for line in stack.worker.log.read_text().splitlines() if f"code={code}" in line]
    assert any(f"service={run.item} " in line or "cloud held" in line for line in lines)
    assert "Traceback" not in stack.worker.log.read_text()


def no_disk(stack: Stack) -> int:
    return stack.order(stack.tariff("No disk", None))


def unknown_unit(stack: Stack) -> int:
    service = stack.order()
    stack.sql("UPDATE measure SET intname = 'parrot', lessmeasure = NULL WHERE intname = 'gib'")
    return service


def wrong_address(stack: Stack) -> int:
    stack.sql("UPDATE processingparam SET value = 'not an address' WHERE intname = 'url'")
    return stack.order()


def no_address(stack: Stack) -> int:
    stack.sql("DELETE FROM processingparam WHERE intname = 'url'")
    return stack.order()


def nobody_listens(stack: Stack) -> int:
    stack.sql("UPDATE processingparam SET value = 'http://127.0.0.1:9/cloud' WHERE intname = 'url'")
    return stack.order()


def wrong_user(stack: Stack) -> int:
    stack.sql("UPDATE processingparam SET value = 'nobody' WHERE intname = 'username'")
    return stack.order()


def spoiled_password(stack: Stack) -> int:
    stack.sql("UPDATE processingcryptedparam SET value = 'bm90IFJTQQ==' WHERE intname = 'password'")
    return stack.order()


def answering(fault: str, **more: object) -> Prepare:
    def prepare(stack: Stack) -> int:
        stack.standin.fault(fault, path="/ocs/", **more)
        return stack.order()

    prepare.__name__ = "_".join([fault, *map(str, more.values())])
    return prepare


CASES: list[tuple[Prepare, str]] = [
    (no_disk, "disk_addon_missing"),
    (unknown_unit, "unit_unknown"),
    (wrong_address, "invalid_url"),
    (no_address, "cloud_parameter_missing"),
    (nobody_listens, "unreachable"),
    (wrong_user, "wrong_credentials"),
    (spoiled_password, "crypt_key_unusable"),
    (answering("html"), "not_an_answer"),
    (answering("empty"), "not_an_answer"),
    (answering("status", status=500), "server_error"),
    (answering("maintenance"), "maintenance"),
    (answering("rate_limit"), "rate_limited"),
    (answering("redirect"), "redirected"),
]


@pytest.mark.parametrize(("prepare", "code"), CASES, ids=[prepare.__name__ for prepare, _ in CASES])
def test_an_order_that_cannot_be_opened(stack: Stack, prepare: Prepare, code: str) -> None:
    """Error document, sentences, log line; no account, no claim, no writing request."""
    service = prepare(stack)
    run = stack.panel.run(service)
    clear_error(stack, run, f"nextcloud_{code}")
    assert "username" not in stack.panel.service(service)["params"]
    # Probes ask for a group without a name, which changes nothing.
    assert [path for _, path in stack.writes() if "/users" in path] == []
    stack.worker.stop()
    stack.standin.clear_faults()
    assert stack.cloud.account(f"user_{service}") is None


def log_ins(stack: Stack) -> list[int | None]:
    """What the cloud has answered to those who logged in."""
    return [seen["status"] for seen in stack.standin.requests() if seen["auth"] is not None]


def test_wrong_password_is_tried_once(stack: Stack) -> None:
    """One request only, however often BILLmanager calls: each would bring the cloud nearer to blocking the address.
    The right password counts as soon as it is entered."""
    module = stack.panel.add_cloud(
        "Other", {"url": stack.cloud.url, "username": "admin"}, {"password": "Not-The-One-1"}
    )
    service = stack.order(stack.panel.add_tariff("On the other", module))
    clear_error(stack, stack.panel.run(service), "nextcloud_wrong_credentials")
    again = stack.panel.run(service)
    assert (again.exit_code, again.finished) == (0, False)
    assert log_ins(stack) == [401]
    # A comparison, which cron may ask for each night, logs in no more than that either.
    drift = [str(COMMAND), "drift", "--settings", str(stack.worker.settings_file), str(module), "--json"]
    compared = subprocess.run(drift, capture_output=True, text=True, check=False, timeout=60)
    assert compared.returncode == 2
    (cloud,) = json.loads(compared.stdout)["clouds"]
    assert [one["failure"]["code"] for one in cloud["unread"]] == ["wrong_credentials"]
    assert log_ins(stack) == [401]
    right = "SELECT value FROM processingcryptedparam WHERE processingmodule = ?"
    stack.sql(f"UPDATE processingcryptedparam SET value = ({right})", stack.module)
    stack.panel.wait(stack.panel.service(service)["operations"][0])
    assert stack.panel.service(service)["status_name"] == "active"


def test_unknown_service(stack: Stack) -> None:
    """A number that BILLmanager does not know."""
    run = stack.panel.call("open", ["--item", "4711"])
    assert run.error is not None
    assert run.error.type == "nextcloud_service_unknown"
    assert "4711" in run.error.text_en
    assert run.exit_code == 1


def test_names_that_the_cloud_cannot_take(stack: Stack) -> None:
    """Tariffs make names that are none: refused before any request."""
    for name in ("a/b", "имя", "x" * 65, "..", "a+b"):
        tariff = stack.panel.add_tariff("Named", stack.module, (1, "gib"), {"username_pattern": name})
        clear_error(stack, stack.panel.run(stack.order(tariff)), "nextcloud_invalid_name")
    assert stack.writes() == []


def test_certificate_that_does_not_verify(set_up: SetUp, tmp_path: Path) -> None:
    """A certificate of an unknown authority is refused; with that authority's file in the settings it works."""
    certificate, key = self_signed(tmp_path)
    stack = set_up(tls_certificate=str(certificate), tls_key=str(key))
    run = stack.panel.run(stack.order())
    clear_error(stack, run, "nextcloud_certificate_not_verified")
    trusting = set_up({"clouds": {"ca_file": str(certificate)}}, tls_certificate=str(certificate), tls_key=str(key))
    assert trusting.run(trusting.order()).status_name == "active"


def test_setparam_of_an_unreadable_tariff_changes_nothing_and_suspension_still_works(stack: Stack) -> None:
    """What is sold can no longer be understood: no change; but non-payment still closes the account."""
    service = stack.opened()
    before = stack.writes()
    changing = stack.panel.change_tariff(service, stack.tariff("No disk", None))
    run = stack.panel.run(service, changing)
    assert run.error is not None
    assert run.error.type == "nextcloud_disk_addon_missing"
    assert stack.writes() == before
    suspension = stack.panel.suspend(service)
    assert stack.run(service, suspension).error is None
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    assert account["enabled"] is False


@pytest.mark.parametrize("fault", ["exit", "down", "error_exit_0"])
def test_billmanager_that_does_not_save_the_claim(stack: Stack, fault: str) -> None:
    """Without a saved claim no account is made."""
    stack.panel.set_fault(fault, function="service.saveparam", times=1)
    service = stack.order()
    run = stack.panel.run(service)
    refused = fault == "error_exit_0"
    assert (run.error.type if run.error else None) == ("nextcloud_billmanager_refused" if refused else None)
    if refused:
        assert stack.writes() == []
        stack.run(service)
    stack.panel.wait(run.operation or 0)
    assert stack.panel.service(service)["status_name"] == "active"


def test_administrators_are_never_touched(set_up: SetUp, tmp_path: Path) -> None:
    """A mapping that names the cloud's administrator: refused, although everything else would fit."""
    mapping = tmp_path / "accounts.yml"
    mapping.write_text("username: \"'admin'\"\nquota: addons.disk.bytes\n", encoding="utf-8")
    stack = set_up({"accounts": {"mapping": str(mapping)}})
    run = stack.panel.run(stack.order())
    assert run.error is not None
    assert run.error.type in {"nextcloud_protected_account", "nextcloud_account_conflict"}
    assert stack.writes() == []
