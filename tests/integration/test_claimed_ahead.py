# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders whose names are claimed while their cloud is busy with another batch: they are what other orders are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from harness.processes import kill_worker, until
from harness.stack import Stack
from standins.billmanager import Run


class Waiting:
    """Orders that wait while the cloud is busy."""

    def __init__(self, stack: Stack, pool: ThreadPoolExecutor) -> None:
        self._stack, self._pool = stack, pool

    def order(self, **params: str) -> tuple[int, Future[Run]]:
        """A paid one, with ``params`` typed into it: its service, and what will become of it."""
        stack = self._stack
        service = stack.order(stack.small)
        for name, value in params.items():
            stack.mgrctl("service.saveparam", elid=service, name=name, value=value, sok="ok")
        return service, self._pool.submit(stack.panel.run, service)

    def claimed(self, service: int) -> str:
        """Wait until the name of ``service`` is claimed; the password that goes with it."""
        until(lambda: {"username", "userpassword"} <= self._stack.panel.service(service)["params"].keys())
        password: str = self._stack.panel.service(service)["params"]["userpassword"]
        return password


@contextmanager
def busy(stack: Stack) -> Iterator[Waiting]:
    """The cloud does not answer to the end of a suspension before the block ends."""
    service = stack.opened(stack.small)
    with ThreadPoolExecutor(4) as pool:
        stack.standin.fault("hold", method="GET", path="/cloud/users")
        seen = len(stack.standin.arrivals())
        suspension = pool.submit(stack.run, service, stack.panel.suspend(service))
        until(lambda: any("/cloud/users" in one["path"] for one in stack.standin.arrivals()[seen:]))
        try:
            yield Waiting(stack, pool)
        finally:
            stack.standin.clear_faults()
        assert suspension.result(60).status_name == "suspended"


def refused(found: Future[Run]) -> bool:
    """Whether it was, since the account is another's."""
    run = found.result(60)
    return run.error is not None and run.error.type == "nextcloud_account_conflict"


def creations(stack: Stack) -> list[tuple[str, str]]:
    """The requests that make an account."""
    return [write for write in stack.writes() if write[0] == "POST" and write[1].endswith("/cloud/users")]


def test_it_is_opened(stack: Stack) -> None:
    """With the name and the password that were claimed, once."""
    with busy(stack) as waiting:
        before = len(creations(stack))
        service, found = waiting.order()
        password = waiting.claimed(service)
    assert found.result(60).status_name == "active"
    assert stack.customer(service).password == password
    assert stack.customer(service).can_store()
    assert len(creations(stack)) == before + 1


def test_an_account_that_appears_meanwhile_is_a_strangers(stack: Stack) -> None:
    """Whatever its password and its address are. Nothing stays claimed, and of a typed name only the claim goes."""
    with busy(stack) as waiting:
        (service, found), (typed, other) = waiting.order(), waiting.order(username="carl")
        stack.cloud.create(f"user_{service}", waiting.claimed(service), email="ivan@example.org")
        stack.cloud.create("carl", waiting.claimed(typed), email="ivan@example.org")
        before = stack.writes()
    assert refused(found)
    assert refused(other)
    assert not {"username", "userpassword"} & stack.panel.service(service)["params"].keys()
    assert stack.panel.service(typed)["params"]["username"] == "carl"
    assert "userpassword" not in stack.panel.service(typed)["params"]
    assert not [write for write in stack.writes()[len(before) :] if "carl" in write[1] or f"user_{service}" in write[1]]


def test_several_want_one_name(stack: Stack) -> None:
    """One has it, the others have nothing of it."""
    with busy(stack) as waiting:
        orders = [waiting.order(username=name) for name in ("carl", "Carl", "carl")]
        until(lambda: [one for one, _ in orders if "userpassword" in stack.panel.service(one)["params"]])
    have = [service for service, found in orders if not refused(found)]
    assert len(have) == 1
    assert stack.customer(have[0]).can_store()
    assert [one for one, _ in orders if "userpassword" in stack.panel.service(one)["params"]] == have


def test_an_order_that_ends_before_its_batch(stack: Stack) -> None:
    """BILLmanager does not ask for it any more: its claim goes, and no account is made."""
    with busy(stack) as waiting:
        before = len(creations(stack))
        service, found = waiting.order()
        waiting.claimed(service)
        stack.sql("DELETE FROM runningoperation WHERE item = ?", service)
    found.result(60)
    until(lambda: not {"username", "userpassword"} & stack.panel.service(service)["params"].keys())
    assert len(creations(stack)) == before


def test_a_cloud_that_is_held_before_their_batch(stack: Stack) -> None:
    """Whatever else was under way waits as well: the cloud is not even looked at, and nothing stays claimed."""
    with busy(stack) as waiting:
        service, found = waiting.order()
        waiting.claimed(service)
        assert stack.administer("hold", cloud=stack.module, reason="disks")["status"] == "done"
        after, _ = waiting.order()
    told = stack.panel.wait(found.result(60).operation or 0, or_error=True)
    assert told["error"]["type"] == "nextcloud_held_by_administrator"
    until(lambda: len(stack.on_record("id", "held")) == 2)
    assert not [one for one in stack.standin.arrivals() if f"user_{service}" in one["path"]]
    assert not {"username", "userpassword"} & stack.panel.service(service)["params"].keys()
    with sqlite3.connect(stack.worker.state / "record.sqlite") as record:
        assert record.execute("SELECT held_by FROM cloud").fetchall() == [("tester",)]
    operations = [stack.panel.service(one)["operations"][0] for one in (service, after)]
    stack.administer("release", cloud=stack.module)
    for operation in operations:
        stack.panel.wait(operation)
    assert stack.customer(service).can_store()
    assert stack.customer(after).can_store()


def test_a_worker_that_is_killed(stack: Stack) -> None:
    """What is claimed is taken for a claim of an earlier attempt: the account is made with that password, once."""
    before = 0
    with ThreadPoolExecutor(2) as pool:
        service = stack.opened(stack.small)
        stack.standin.fault("hold", method="GET", path="/cloud/users")
        seen = len(stack.standin.arrivals())
        pool.submit(stack.panel.run, service, stack.panel.suspend(service))
        until(lambda: any("/cloud/users" in one["path"] for one in stack.standin.arrivals()[seen:]))
        waiting = Waiting(stack, pool)
        order, _ = waiting.order()
        password = waiting.claimed(order)
        before = len(creations(stack))
        (operation,) = stack.panel.service(order)["operations"]
        kill_worker(stack.worker)
    stack.standin.clear_faults()
    stack.worker.start()
    stack.panel.wait(operation)
    assert stack.customer(order).password == password
    assert stack.customer(order).can_store()
    assert len(creations(stack)) == before + 1


def test_a_batch_that_fails_before_its_run(stack: Stack) -> None:
    """Nothing stays claimed of it; when it can be carried out, it is."""
    with busy(stack) as waiting:
        service, found = waiting.order()
        waiting.claimed(service)
        # What counts suspensions and deletions, which is read before each run.
        (count,) = stack.worker.state.rglob("*.damage.json")
        count.unlink()
        count.mkdir()
    until(lambda: not {"username", "userpassword"} & stack.panel.service(service)["params"].keys())
    until(lambda: "code=engine_unavailable" in stack.worker.log.read_text())
    (operation,) = stack.panel.service(service)["operations"]
    count.rmdir()
    stack.panel.wait(operation)
    assert found.result(60).exit_code == 0
    assert stack.customer(service).can_store()


def test_a_cloud_that_cannot_be_used_any_more(stack: Stack) -> None:
    """Somebody takes its address away: for a person; nothing stays claimed, and an administrator's retry opens it."""
    ((address,),) = stack.sql("SELECT value FROM processingparam WHERE intname = 'url'")
    with busy(stack) as waiting:
        service, found = waiting.order()
        waiting.claimed(service)
        stack.sql("UPDATE processingparam SET value = '' WHERE intname = 'url'")
    run = found.result(60)
    assert run.error is not None
    assert run.error.type == "nextcloud_cloud_parameter_missing"
    assert not {"username", "userpassword"} & stack.panel.service(service)["params"].keys()
    stack.sql("UPDATE processingparam SET value = ? WHERE intname = 'url'", address)
    ((operation,),) = stack.on_record("id", "failed")
    assert stack.administer("retry", operation=operation)["status"] == "done"
    stack.panel.wait(run.operation or 0)
    assert stack.customer(service).can_store()
