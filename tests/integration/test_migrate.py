# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as ISPsystem's module leaves them go on as they are (docs/migrate.md)."""

from __future__ import annotations

import re

from harness.stack import Stack
from harness.worker import REPOSITORY
from standins.billmanager.database import transaction

from .test_claims import refused

PASSWORD = "Abcdefghij0123456789"  # as the old module makes them: letters and digits


def left_by_the_old_module(stack: Stack, tariff: int, *, ended: bool = True) -> int:
    """A service with its account and its three parameters; ``ended``: also reported to BILLmanager."""
    service = stack.order(tariff)
    stack.standin.make_accounts(
        "user_{number}",
        first=service,
        count=1,
        email="ivan@example.org",
        groups=["customers"],
        quota=str(1024**3),
        password=PASSWORD,
    )
    for name, value, crypted in (
        ("username", f"user_{service}", "off"),
        ("userpassword", PASSWORD, "on"),
        ("url", stack.cloud.url, "off"),
    ):
        stack.mgrctl("service.saveparam", elid=service, name=name, value=value, crypted=crypted, sok="ok")
    if ended:
        stack.mgrctl("backupservice.open", elid=service, sok="ok")
    return service


def test_services_go_on(stack: Stack) -> None:
    """Their life up to the end, with the password that the customer has."""
    service = left_by_the_old_module(stack, stack.small)
    assert stack.customer(service).can_store()
    stack.run(service, stack.panel.suspend(service))
    assert stack.customer(service).status() in (401, 503)
    stack.run(service, stack.panel.resume(service))
    stack.run(service, stack.panel.change_tariff(service, stack.large))
    customer = stack.customer(service)
    assert customer.can_store()
    assert stack.quota(service) == 3 * 1024**3
    assert customer.password == PASSWORD
    stack.run(service, stack.panel.close(service))
    assert stack.cloud.account(f"user_{service}") is None


def test_an_order_that_the_old_module_could_not_end(stack: Stack) -> None:
    """The account is there, the report was not taken: the old module refused it for ever."""
    service = left_by_the_old_module(stack, stack.small, ended=False)
    writes = len(stack.writes())
    stack.run(service)
    assert stack.panel.service(service)["status_name"] == "active"
    assert stack.customer(service).can_store()
    assert [one for one in stack.writes()[writes:] if one[0] == "POST"] == []


def test_a_tariff_with_the_old_group(stack: Stack) -> None:
    """It saved 0, whatever was chosen."""
    service = stack.order(stack.tariff("Old", groups="0"))
    refused(stack.panel.run(service), "nextcloud_group_missing")
    assert stack.cloud.account(f"user_{service}") is None


def test_the_tariffs_that_lack_the_addon(stack: Stack) -> None:
    """The guide's query finds them, and its other one removes the password in clear text."""
    guide = (REPOSITORY / "docs" / "migrate.md").read_text(encoding="utf-8")
    look, remove = (" ".join(one.split()) for one in re.findall(r"```sql\n(.*?)```", guide, re.DOTALL))
    good, bad = stack.small, stack.tariff("Without", disk=None)
    with transaction(stack.panel.layout.database) as connection:
        assert [row["id"] for row in connection.execute(look.rstrip("; "))] == [bad]
        assert good != bad
        for name in ("base_url", "nc_username", "nc_password"):
            connection.execute("INSERT INTO processingparam VALUES (?, ?, 'x')", (stack.module, name))
        connection.execute(remove)
        left = [row["intname"] for row in connection.execute("SELECT intname FROM processingparam")]
    assert sorted(left) == ["url", "username"]
