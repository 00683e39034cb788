# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold when all trouble is over and the bridge has had time to finish, whatever has happened before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.boundaries import POST_CALLS
from harness.customer import Customer
from harness.leaks import files_with
from harness.sold import IN_USE, differences
from harness.stack import Stack

TAKEN_BACK = ("setparam", "service.changepricelist.rollback")
GIVEN_UP = "runningoperation.delete"


@dataclass
class Own:
    """What a customer has changed: password and display name; ``by_hand``: groups that an administrator gave."""

    password: str = ""
    display_name: str = ""
    by_hand: tuple[str, ...] = ()


@dataclass
class Expected:
    """What the product knows nothing of: ``strangers``' accounts as they were made, with their passwords, and what
    customers ``own``, by service; ``old_passwords``: those that the bridge's account had before."""

    strangers: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    own: dict[int, Own] = field(default_factory=dict)
    old_passwords: list[str] = field(default_factory=list)

    def violations(self, stack: Stack) -> list[str]:
        """What does not hold, in words."""
        services = [service for service in stack.panel.services() if self.name(stack, service) not in self.strangers]
        found = []
        for service in services:
            found += self._service(stack, service)
        for name in self.strangers:
            found += self._stranger(stack, name)
        return found + _reports(stack) + self._log_ins(stack) + self._leaks(stack)

    @staticmethod
    def name(stack: Stack, service: int) -> str:
        """The account name that ``service`` has or would get."""
        return str(stack.panel.service(service)["params"].get("username") or f"user_{service}")

    def _service(self, stack: Stack, service: int) -> list[str]:
        own = self.own.get(service, Own())
        found = differences(stack, service, password=own.password, by_hand=own.by_hand)
        account = stack.cloud.account(self.name(stack, service))
        if own.display_name and account and account["displayname"] != own.display_name:
            found.append(f"{account['id']}: display name {account['displayname']}, not {own.display_name}")
        return found

    def _stranger(self, stack: Stack, name: str) -> list[str]:
        before, password = self.strangers[name]
        after = stack.cloud.account(name) or {}
        # What the stranger does moves these: a log-in, a file.
        changed = {key for key in before if key not in ("lastLogin", "quota") and before[key] != after.get(key)}
        if after.get("quota", {}).get("quota") != before["quota"]["quota"]:
            changed.add("quota")
        if Customer(stack.cloud.url, name, password).status() != IN_USE:
            changed.add("password")
        return [f"the stranger's account {name} was touched: {sorted(changed)}"] if changed else []

    def _log_ins(self, stack: Stack) -> list[str]:
        # Each more brings the cloud nearer to locking the bridge's address.
        user = stack.cloud.username
        refused = [one for one in stack.standin.requests() if one["status"] == 401 and one["auth"] == user]
        most = len(self.old_passwords)
        return [f"{len(refused)} wrong log-ins of {user}, at most {most}: {refused}"] if len(refused) > most else []

    def _leaks(self, stack: Stack) -> list[str]:
        passwords = {stack.panel.service(service)["params"].get("userpassword") for service in stack.panel.services()}
        secrets = {
            stack.cloud.password,
            *self.old_passwords,
            *passwords,
            *(password for _, password in self.strangers.values()),
        }
        where = [stack.worker.directory, stack.panel.root / "var", stack.worker.runtime]
        stack.panel.back_up(stack.panel.root / "var" / "tables")
        found = [f"a secret is in {path}" for path in files_with(where, {secret for secret in secrets if secret})]
        return found + [f"secrets of a run are left: {path}" for path in stack.worker.runtime.glob("run-*")]


def _reports(stack: Stack) -> list[str]:
    """Operations that were not ended by exactly one report."""
    found = []
    ended: Counter[tuple[str, str]] = Counter()
    for operation in stack.panel.operations():
        if operation["ended_by"] == POST_CALLS[operation["intname"]]:
            ended[operation["ended_by"], str(operation["item"])] += 1
        elif (operation["intname"], operation["ended_by"]) == TAKEN_BACK:
            continue  # it failed for good; that the cloud agrees with the tariff that is shown is looked at, too
        elif operation["ended_by"] != GIVEN_UP or stack.panel.service(operation["item"])["status_name"] != "deleted":
            shown = {key: operation[key] for key in ("id", "item", "intname", "ended_by", "errorxml")}
            found.append(f"not reported: {shown}")
    taken = Counter(
        (call["function"], call["elid"])
        for call in stack.panel.mgrctl_calls()
        if call["function"] in POST_CALLS.values() and call["answer"] == "ok"
    )
    return found + [f"reported {taken[key]} times: {key}" for key in taken | ended if taken[key] != ended[key]]
