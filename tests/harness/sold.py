# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cloud has what BILLmanager sold: compared by the tests' own reading of both, not by the product's."""

from __future__ import annotations

import datetime

from harness.customer import Customer
from harness.stack import Stack

BYTES = {"mib": 1024**2, "gib": 1024**3}
IN_USE = 207


def differences(stack: Stack, service: int, *, password: str = "", by_hand: tuple[str, ...] = ()) -> list[str]:
    """What is not as it was sold, in words; nothing when all is well.

    ``password``: the customer's own, when the delivered one was changed; ``by_hand``: groups that somebody gave.
    """
    row = stack.panel.service(service)
    name = row["params"].get("username")
    account = stack.cloud.account(name) if name else None
    status = row["status_name"]
    if status == "deleted" and not _kept(row["params"].get("delete_after")):
        return [] if account is None else [f"{name} is there, {service} was closed"]
    if account is None:
        return [f"{name} is missing, {service} is {status}"]
    found = []
    wished = status == "active"
    if account["enabled"] is not wished:
        found.append(f"{name}: enabled {account['enabled']}, {service} is {status}")
    disk = row["addons"]["disk"]
    if status != "deleted" and account["quota"]["quota"] != disk["value"] * BYTES[disk["unit"]]:
        found.append(f"{name}: quota {account['quota']['quota']}, sold {disk}")
    groups = sorted({*stack.groups[row["pricelist"]], *by_hand})
    if status != "deleted" and sorted(account["groups"]) != groups:
        found.append(f"{name}: groups {account['groups']}, sold {groups}")
    url, _, delivered = stack.panel.customer_credentials(service)
    customer = Customer(url, name, password or delivered, stack.cloud.ca_path)
    if (customer.status() == IN_USE) is not wished:
        found.append(f"{name}: the log-in answers {customer.status()}, {service} is {status}")
    elif wished and not customer.can_store():
        found.append(f"{name}: nothing can be stored")
    return found


def _kept(deadline: str | None) -> bool:
    """Whether the account of a closed service is kept, until ``deadline`` (ISO, UTC)."""
    if not deadline:
        return False
    moment = datetime.datetime.fromisoformat(deadline)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment > datetime.datetime.now(datetime.UTC)
