# SPDX-License-Identifier: GPL-3.0-or-later
"""What BILLmanager does in the root of a ``PanelHost``; a program that runs in there, and prints JSON."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from standins.billmanager import Panel

from harness.cloud import Server
from harness.customer import Customer

ROOT = Path("/usr/local/mgr5")
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING (netdevice(7))


def create() -> dict[str, str]:
    """Lay BILLmanager out, and bring the loopback up; the address of BILLmanager's database."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
    return {"database_url": Panel.create(ROOT).database_url}


def features() -> dict[str, object]:
    """The module's answer, as BILLmanager gets it."""
    run = Panel(ROOT).call("features")
    return {"ok": run.ok, "document": run.stdout}


def sell() -> dict[str, object]:
    """One service, opened on a cloud of its own: what BILLmanager and the customer see."""
    panel, server = Panel(ROOT), Server(Path("/root/cloud"))
    try:
        cloud = server.cloud
        module = panel.add_cloud("Cloud", {"url": cloud.url, "username": cloud.username}, {"password": cloud.password})
        tariff = panel.add_tariff("Small", module, disk=(1, "gib"), params={"usergroup": "customers"})
        service = panel.order(tariff, panel.add_client("Ivan Ivanov", "ivan@example.org"))
        run = panel.run(service)
        panel.wait(run.operation or 0)
        customer = Customer(*panel.customer_credentials(service))
        return {"status": panel.service(service)["status_name"], "stores": customer.can_store()}
    finally:
        server.stop()


if __name__ == "__main__":
    print(json.dumps({"create": create, "features": features, "sell": sell}[sys.argv[1]]()))
