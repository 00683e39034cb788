# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: the life of one service, from the order to the end, watched from BILLmanager, cloud and customer.

Without arguments the cloud is the stand-in, as the product that DIALECT names; with CLOUD_URL, CLOUD_USER and
CLOUD_PASSWORD in the environment it is a real one, on which everything that was made is removed at the end. Ends with
status 1 when anything is not as expected.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.markup import escape

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.cloud import Cloud, CloudRefused, Server
from harness.clouds import DIALECTS, named_cloud, trouble
from harness.interruption import end_in_order, uninterrupted
from harness.playbook import DRIFT, ansible, recap
from harness.stack import Stack

GIB = 1024**3
SHOWN = ("enabled", "displayname", "email", "groups", "language")
console = Console(highlight=False, soft_wrap=True)


@dataclass
class Demo:
    """One demonstration on ``stack``. ``mark`` makes its names its own; ``delivered`` are the customer's passwords."""

    stack: Stack
    mark: str
    failures: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def check(self, said: str, holds: bool) -> None:
        """Print one check, and remember it when it failed."""
        console.print(f"    [green]✓[/] {said}" if holds else f"    [bold red]✗ {said}[/]")
        if not holds:
            self.failures.append(said)

    def step(self, title: str, service: int, operation: Callable[[], object], shows: str) -> None:
        """Let BILLmanager carry out one operation and show what it did."""
        name = f"{self.mark}_{service}"
        before = self.stack.cloud.account(name)
        operation()
        run = self.stack.panel.run(service)
        seen = self.stack.panel.service(service)["status_name"]
        console.print(f"\n[bold]{title}[/]   BILLmanager: [cyan]{seen}[/]   {run.seconds:.1f} s")
        if run.error:
            console.print(f"    [red]{escape(str(run.error))}[/]")
        for line in difference(name, before, self.stack.cloud.account(name)):
            console.print(f"    [{'green' if line.startswith('+') else 'red'}]{escape(line)}[/]")
        self.check(f"BILLmanager shows the service as {shows}", run.error is None and seen == shows)

    def drift(self) -> None:
        """Run the playbook by hand, as an administrator would: nothing may differ."""
        started = time.monotonic()
        done = ansible(self.stack.worker, *DRIFT, "--check", "--diff")
        console.print(f"\n[bold]drift[/]   ansible-playbook --check --diff   {time.monotonic() - started:.1f} s")
        lines = recap(done)
        for line in lines or (done.stdout + done.stderr).splitlines()[-20:]:
            console.print(f"    {escape(line.strip())}")
        unchanged = bool(lines) and all("changed=0" in line for line in lines)
        self.check("the cloud is as it was sold", done.returncode == 0 and unchanged)

    def life(self) -> None:
        """Order, tariff change, suspension, resumption, end."""
        panel, module = self.stack.panel, self.stack.module
        # A name of its own, so that no account of a real cloud is ever meant.
        named = {"username_pattern": f"{self.mark}_{{id}}"}
        small = panel.add_tariff("Small", module, (1, "gib"), {**named, "usergroup": f"{self.mark}-customers"})
        large = panel.add_tariff("Large", module, (5, "gib"), {**named, "usergroup": f"{self.mark}-premium"})
        client = panel.add_client("Анна Петрова", "anna@example.org")
        service = panel.order(small, client, extra_disk=1)
        name = f"{self.mark}_{service}"

        self.step("open      tariff Small, 1 GiB and 1 GiB ordered", service, lambda: None, "active")
        if self.failures:
            return
        self.check(f"the cloud has the account {name}", self.stack.cloud.account(name) is not None)
        customer = self.stack.customer(service)
        self.delivered.append(customer.password)
        self.check("the customer signs in with the delivered password", customer.status() == 207)
        self.check("uploads a file and downloads it unchanged", customer.can_store())
        self.check("has 2 GiB, as sold", self.stack.quota(service) == 2 * GIB)

        self.step(
            "setparam  to the tariff Large, 5 GiB and 1 GiB ordered",
            service,
            lambda: panel.change_tariff(service, large, extra_disk=1),
            "active",
        )
        self.check("the customer has 6 GiB, as sold", self.stack.quota(service) == 6 * GIB)
        self.drift()

        self.step("suspend   not paid", service, lambda: panel.suspend(service), "suspended")
        self.check("the customer is refused", customer.status() in (401, 503))
        self.step("resume    paid", service, lambda: panel.resume(service), "active")
        self.check("the customer signs in again and stores a file", customer.can_store())
        self.step("close     cancelled", service, lambda: panel.close(service), "deleted")
        self.check("the account is gone", self.stack.cloud.account(name) is None)
        self.check("the customer is refused", customer.status() == 401)


def difference(name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """What is different between two states of an account, as lines with + and -."""
    lines: list[str] = []
    if before is None and after is not None:
        lines.append(f"+ account {name}")
    if before is not None and after is None:
        return [f"- account {name}"]
    old, new = shown(before), shown(after)
    for key in [*SHOWN, "quota"]:
        if old.get(key) != new.get(key):
            lines += [f"{sign} {key}: {side[key]}" for sign, side in (("-", old), ("+", new)) if key in side]
    return lines


def shown(account: dict[str, Any] | None) -> dict[str, str]:
    """The fields of an account that the demonstration shows, as text."""
    if account is None:
        return {}
    fields: dict[str, Any] = {key: account.get(key) for key in SHOWN}
    fields["groups"] = ", ".join(fields["groups"])
    fields["enabled"] = str(fields["enabled"]).lower()
    quota = account["quota"]["quota"]
    if isinstance(quota, int | float):
        quota = "unlimited" if quota < 0 else f"{quota / GIB:g} GiB"
    fields["quota"] = quota
    return {key: str(value) for key, value in fields.items() if value not in (None, "")}


def named_dialect() -> str | None:
    """What DIALECT names, if anything. Ends the program when it is none."""
    dialect = os.environ.pop("DIALECT", "") or None
    if dialect is not None and dialect not in DIALECTS:
        sys.exit(f"demo: DIALECT must be one of {', '.join(DIALECTS)}")
    return dialect


@contextmanager
def demonstration(directory: Path, cloud: Cloud) -> Iterator[Demo]:
    """A demonstration on ``cloud`` with its state below ``directory``; afterwards the cloud is as it was."""
    mark = f"demo-{secrets.token_hex(3)}"
    groups = [f"{mark}-customers", f"{mark}-premium"]
    settings = {"clouds": {"ca_file": str(cloud.ca_path)}} if cloud.ca_path else {}
    stack = None
    made: list[str] = []
    try:
        for group in groups:
            cloud.add_group(group)
            made.append(group)
        stack = Stack.set_up(directory, cloud, settings)
        yield Demo(stack, mark)
    finally:
        with uninterrupted():
            if stack is not None:
                stack.worker.cleanup()
                for service in stack.panel.services():
                    cloud.delete(f"{mark}_{service}")
            for group in made:
                cloud.delete_group(group)


def run() -> Demo:
    """The demonstration on the cloud that the environment names, or on the stand-in."""
    dialect = named_dialect()
    real = named_cloud("demo", dialect)
    product = DIALECTS[dialect or "nextcloud"]
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-demo-") as directory:
        server = None if real else Server(Path(directory) / "cloud", product.cloud_type, product=product.product)
        cloud = server.cloud if server else real
        assert cloud is not None
        kind = "real" if real else f"a stand-in of {product.name}"
        console.print("[bold]bill-nextcloud[/]: BILLmanager sells, the cloud follows")
        console.print(f"BILLmanager is a stand-in; the cloud is {kind}, at {cloud.url}")
        try:
            with demonstration(Path(directory), cloud) as demo:
                demo.life()
        finally:
            if server is not None:
                server.stop()
    return demo


def main() -> int:
    """Run the demonstration; the exit status."""
    started = time.monotonic()
    end_in_order()
    try:
        demo = run()
    except KeyboardInterrupt:
        sys.exit("demo: interrupted; what was made has been removed")
    except (requests.RequestException, CloudRefused) as error:
        sys.exit(f"demo: {trouble(error)}")
    if demo.failures:
        console.print(f"\n[bold red]{len(demo.failures)} of the checks failed[/]")
        return 1
    console.print(f"\n[bold green]Everything as expected[/], {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
