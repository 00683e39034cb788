# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``cloud_usage``: reads what accounts use, however many; it changes nothing.

Names come from a file, and what their accounts use goes into one, see ``cloud_drift``. The cloud is told of all names
at once, so that it can be read by pages.

Options: those of the connection (see ``nextcloud_users``); ``lines``, a file with a line of JSON for each account:
``[number, name]``; ``rows``, a new file.

Result: ``rows``, how many lines of JSON the file ``rows`` has, in the order of the names: ``service`` (the number),
``missing``, whether there is no such account, ``used``, bytes (``None``: the cloud does not tell, or nobody has logged
in to it yet), and ``failure``, why it could not be read, or ``None``; ``parts`` of it (see
``bill_nextcloud.runs.rows``); ``failure``, the cloud's trouble that ended it, or ``None``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import Spec
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.action import CloudAction
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Accounts, Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.steps import Steps
from bill_nextcloud.runs.rows import AT_ONCE, Rows, passing, trouble


class ActionModule(CloudAction):
    """See the module's docstring."""

    SPEC: ClassVar[Spec] = Spec(
        {"lines": {"type": "path", "required": True}, "rows": {"type": "path", "required": True}}
    )

    def perform(self, parameters: dict[str, Any], host: Host) -> dict[str, Any]:
        """Read; return the result of the task."""

        def told(count: int) -> None:
            self._display.display(f"{count} accounts done")

        lines = Path(parameters["lines"]).read_bytes().splitlines()
        with Path(parameters["rows"]).open("xb") as file:
            rows = Rows(file)
            try:
                with connected(parameters, host) as cloud:
                    fault = read(cloud, lines, rows, told)
            except CloudError as error:  # of the connection
                fault = error
        failure = fault.failure(None) if fault is not None else None
        return {"changed": False, "rows": rows.count, "parts": rows.parts, "failure": failure}


def read(cloud: Cloud, lines: Sequence[bytes], rows: Rows, told: Callable[[int], None]) -> CloudError | None:
    """Read all accounts of ``lines`` (see the module's docstring), until the cloud is in trouble, which is returned.

    :param rows: takes what was found.
    :param told: is told how many were read so far.
    """
    # Whoever exists is as wished.
    cloud.prepare([Wish(json.loads(line)[1], "exists") for line in lines])
    answered = False
    for start in range(0, len(lines), AT_ONCE):
        sold: list[tuple[int, str]] = [json.loads(line) for line in lines[start : start + AT_ONCE]]
        accounts, failures = _read(cloud, [name for _, name in sold])
        fault = trouble(list(failures.values()), len(sold), answered=answered)
        answered = answered or bool(accounts)
        if fault is None:
            # A second time: what nobody reads today is never known.
            again = [name for name, failure in failures.items() if passing([failure])]
            found, still = _read(cloud, again)
            accounts |= found
            failures = {name: failure for name, failure in failures.items() if name not in found} | still
        for number, name in sold:
            failure = failures.get(name)
            if fault is None or failure is None:
                account = accounts.get(name)
                rows.add(
                    service=number,
                    missing=failure is None and account is None,
                    used=account.used if account is not None else None,
                    failure=failure.failure(name) if failure is not None else None,
                )
        rows.end_part()
        if fault is not None:
            return fault
        told(start + len(sold))
    return None


def _read(cloud: Cloud, names: Iterable[str]) -> tuple[dict[str, Account | None], dict[str, CloudError]]:
    """The accounts, ``None`` for one that does not exist, and why others could not be read."""
    accounts: dict[str, Account | None] = {}
    failures: dict[str, CloudError] = {}

    def take(name: str) -> None:
        accounts[name] = _account(cloud.accounts, name)

    steps = Steps(take, failures.__setitem__, cloud.accounts_at_once(), stop=cloud.stop)
    fault, left_out = steps.take(list(dict.fromkeys(names)))
    if fault is not None:
        failures |= dict.fromkeys(left_out, fault.for_others())
    return accounts, failures


def _account(accounts: Accounts, name: str) -> Account | None:
    accounts.check_name(name)
    try:
        account = accounts.read(name)
    except CloudError as error:
        if error.code != "protected_account":
            raise
        return accounts.look_up(name)
    # Lists of occ leave the space out.
    told = account is None or account.used is not None or account.last_login is None
    return account if told else accounts.look_up(name)
