# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that are killed between any two requests, with every product: the next one finishes the work."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer as Said
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.transport import Answer, Transport

from dialects.cloud import PASSWORD, CloudUnderTest
from dialects.test_accounts import EMAIL, GB, forget_requests, of_case, shown

MOST_WRITES = 20

WISH: dict[str, Any] = {
    "email": EMAIL,
    "display_name": "Anna Ω",
    "quota": "5 GB",
    "groups": ["customers"],
    "create_only": ["email", "display_name"],
}
"""What only a new account gets is lost if the next task takes it for one that is complete."""


class Killed(BaseException):
    """The process ends here: nothing that the task would do about a fault is done."""


class Executioner:
    """Kills a task at one of its writes. after: when that has been carried out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
        self.spared = MOST_WRITES
        send = Transport.send

        def watched(transport: Transport, method: str, path: str, **more: Any) -> Answer:
            if method == "GET":
                return send(transport, method, path, **more)
            self.spared -= 1
            if self.spared < 0 and not after:
                raise Killed
            answer = send(transport, method, path, **more)
            if self.spared < 0:
                raise Killed
            return answer

        monkeypatch.setattr(Transport, "send", watched)
        run = Server.run

        def watched_run(server: Server, *arguments: str, changes: bool, **more: Any) -> Said:
            if not changes:
                return run(server, *arguments, changes=changes, **more)
            self.spared -= 1
            if self.spared < 0 and not after:
                raise Killed
            said = run(server, *arguments, changes=changes, **more)
            if self.spared < 0:
                raise Killed
            return said

        monkeypatch.setattr(Server, "run", watched_run)


@pytest.mark.parametrize("after", [False, True], ids=["before it was done", "after it was done"])
def test_a_task_that_is_killed_at_any_write(
    cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """The account is proven ours, gets everything, and is then left alone; it is never a conflict."""
    if cloud.product.by_occ and not after:
        return  # each is begun after another has ended: the same moments as after that one
    executioner = Executioner(monkeypatch, after=after)
    wish = {**of_case(cloud, WISH), "password": PASSWORD, "ownership": "proven"}
    wanted = of_case(cloud, {"email": EMAIL, "display_name": "Anna Ω", "quota": 5 * GB, "groups": ["customers"]})
    killed_at = 0
    for writes in range(MOST_WRITES):
        name = f"anna-{writes}"
        executioner.spared = writes
        try:
            cloud.user(name, **wish)
        except Killed:
            killed_at += 1
        else:
            break
        finally:
            executioner.spared = MOST_WRITES
        done = cloud.user(name, **wish)
        assert done["failure"] is None, (writes, done["msg"])
        assert shown(done, wanted) == wanted, writes
        forget_requests(cloud)
        assert cloud.user(name, **wish)["changed"] is False
        assert cloud.writes() == []
        cloud.with_connection(transport="api").group("customers", state="absent")
    assert 2 <= killed_at < MOST_WRITES
