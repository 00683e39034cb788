# SPDX-License-Identifier: GPL-3.0-or-later
"""Services sold on a cloud whose accounts are changed by occ over SSH: the real module, bridge, playbooks and sshd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from harness.customer import Customer
from harness.leaks import files_with
from harness.playbook import DRIFT, ansible, recap
from harness.processes import until
from harness.sshd import CloudHost, WorkerHost, make_key
from harness.stack import Stack
from standins.cloud.process import StandinCloud

from .conftest import SetUp, running
from .test_occ_connection import fingerprint
from .test_waiting import active

GIB = 1024**3
ANOTHER = "Changed-Passw0rd-11"


@dataclass
class ByOcc:
    """``stack``: its processing module has no password, but ``server``, which has the cloud's occ."""

    stack: Stack
    server: CloudHost


def form_of(server: CloudHost, cloud: StandinCloud, directory: Path) -> dict[str, str]:
    """What leads to the occ of ``cloud``, which is put below ``directory`` of the server."""
    occ = cloud.install_occ(directory)
    return {"transport": "occ", "occ_command": f"{occ.with_name('php')} {occ}", **server.params}


@pytest.fixture(scope="module")
def by_occ(sshd: None, tmp_path_factory: pytest.TempPathFactory, administrator: Path | None) -> Iterator[ByOcc]:
    """One for all tests; each leaves it as it was."""
    directory = tmp_path_factory.mktemp("by-occ")
    server = CloudHost(directory / "server")
    try:
        with running(directory, administrator) as stack:
            form = {"url": stack.cloud.url, **form_of(server, stack.standin, directory / "nextcloud")}
            module = stack.panel.add_cloud("By occ", form, {})
            yield ByOcc(replace(stack, module=module), server)
    finally:
        server.stop()


def shown(stack: Stack, service: int) -> tuple[bool, list[str], int | None]:
    """Whether the account is enabled, its groups, and the quota that its customer sees."""
    account = stack.cloud.account(f"user_{service}")
    assert account is not None
    return account["enabled"], sorted(account["groups"]), stack.quota(service)


def test_the_life_of_a_service(by_occ: ByOcc) -> None:
    """Opened, changed, suspended, resumed, counted and closed, with no password of the cloud known, and none of the
    customer in an argument. A run logs in at most once."""
    stack = by_occ.stack
    panel = stack.panel
    service = stack.opened(stack.small)
    assert 0 < by_occ.server.log_ins() <= stack.worker.log.read_text("utf-8").count("run ended")
    customer = stack.customer(service)
    assert customer.can_store()
    assert shown(stack, service) == (True, ["customers"], GIB)

    stack.run(service, panel.change_tariff(service, stack.large))
    assert shown(stack, service) == (True, ["premium"], 3 * GIB)
    stack.run(service, panel.change_password(service, ANOTHER))
    assert Customer(stack.cloud.url, customer.username, customer.password).status() == 401
    stack.run(service, panel.suspend(service))
    assert stack.customer(service).status() in (401, 503)
    stack.run(service, panel.resume(service))
    assert stack.customer(service).can_store()
    assert panel.call("stat", ["--module", str(stack.module), "--level", "30"]).exit_code == 0
    (row,) = panel.statistics()
    assert row["item"] == service
    stack.run(service, panel.close(service))
    assert stack.cloud.account(customer.username) is None
    secrets = (customer.password, ANOTHER)
    words = " ".join(" ".join(command["arguments"]) for command in stack.standin.commands())
    assert not [secret for secret in secrets if secret in words]
    assert files_with([stack.worker.state, stack.worker.runtime], secrets) == []


def test_a_host_key_that_has_changed(by_occ: ByOcc) -> None:
    """The cloud is held, nothing is done, and people are told the new key; once that is saved, it goes on by itself."""
    stack = by_occ.stack
    by_occ.server.renew()
    log_ins, commands = by_occ.server.log_ins(), stack.standin.commands()
    service = stack.order(stack.small)
    ((operation,),) = stack.sql("SELECT id FROM runningoperation WHERE item = ?", service)
    assert not stack.panel.run(service).finished
    told = stack.panel.wait(operation, or_error=True)["errorxml"]
    assert "nextcloud_host_key_not_verified" in told
    assert fingerprint(by_occ.server.host_key) in told
    assert stack.on_record("state", "held")
    assert (by_occ.server.log_ins(), stack.standin.commands()) == (log_ins, commands)
    stack.sql(
        "UPDATE processingparam SET value = ? WHERE processingmodule = ? AND intname = 'ssh_host_keys'",
        by_occ.server.host_key,
        stack.module,
    )
    until(lambda: active(stack, service))
    assert stack.customer(service).can_store()


def test_by_hand(by_occ: ByOcc) -> None:
    """The inventory leads to the server: what differs is shown, then mended."""
    stack = by_occ.stack
    service = stack.opened(stack.small)
    stack.cloud.change_by_hand(f"user_{service}", enabled=False, quota=7 * GIB)
    only = ("--diff", "--limit", f"cloud_{stack.module}")
    for arguments, found in ((("--check", *only), (False, ["customers"])), (only, (True, ["customers"]))):
        done = ansible(stack.worker, *DRIFT, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "changed=1" in recap(done)[0]
        account = stack.cloud.account(f"user_{service}")
        assert account is not None
        assert (account["enabled"], account["groups"]) == found
    assert shown(stack, service) == (True, ["customers"], GIB)
    probe = ansible(stack.worker, "ansible-playbook", *DRIFT[1:3], "playbooks/probe.yml", *only)
    assert "accounts can be changed by occ" in probe.stdout


def test_on_a_worker_host(set_up: SetUp, ssh_server: CloudHost, tmp_path: Path) -> None:
    """Its own file says where occ is run; the panel's form does not even know."""
    identity, known_hosts = tmp_path / "identity", tmp_path / "known_hosts"
    host = WorkerHost(tmp_path / "host", make_key(identity))
    try:
        known_hosts.write_text(host.known, encoding="utf-8")
        runs = {"workers": [host.url], "identity_file": str(identity), "known_hosts": str(known_hosts)}
        stack = set_up({"runs": runs})
        stack.sql("DELETE FROM processingcryptedparam WHERE processingmodule = ?", stack.module)
        form: dict[str, Any] = form_of(ssh_server, stack.standin, tmp_path / "nextcloud")
        host.trust(stack.cloud.url, None, **form | {"ssh_port": ssh_server.port})
        service = stack.opened()
        assert stack.customer(service).can_store()
        assert "user:add" in [command["arguments"][0] for command in stack.standin.commands()]
    finally:
        host.stop()
