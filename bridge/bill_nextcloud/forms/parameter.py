# SPDX-License-Identifier: GPL-3.0-or-later
"""``check_param``: whether a customer can have what he has typed into an order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bill_nextcloud.billmanager.asked import asked, modules_at
from bill_nextcloud.billmanager.claims import claims
from bill_nextcloud.billmanager.form import OK
from bill_nextcloud.billmanager.service import PASSWORD, USERNAME, Database
from bill_nextcloud.call import number
from bill_nextcloud.errors import (
    BadRequest,
    CloudParameterUnusable,
    ModuleUnknown,
    ServiceUnknown,
    UsernameFixed,
    UsernameTaken,
    UsernameUnusable,
)

# What Nextcloud, ownCloud (three letters and more) and oCIS (a letter first; a name, or an e-mail address) take alike.
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*(@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?")
_SHORTEST, _LONGEST = 3, 64
# Paths of Nextcloud's API beside those of accounts, and what lies in its data directory, where an account's files go.
_OTHERS = re.compile(
    r"(details|disabled|recent|appdata_.*|updater-.*|files_external|index\.html|(nextcloud|owncloud)\.(log|db))",
    re.IGNORECASE,
)


# By which the mapping that comes with the bridge names accounts, where a tariff has no pattern of its own.
_PATTERN, _NUMBER = "user_{id}", "{id}"


def check_param(database: Database, call: Mapping[str, Any]) -> str:
    """Whether the parameter ``call["param"]`` of the service ``call["item"]`` can be ``call["value"]``; parameters that
    are not ours always can, and so can those that are but allow everything.

    The service need not exist yet (an order that is being filled in): then the name must be free on every cloud of
    ours. Once the bridge has claimed a name for a service, that stays. Raises :class:`UsernameUnusable`,
    :class:`UsernameTaken`, :class:`UsernameFixed`, ``BadRequest``, ``BillmanagerUnavailable``.
    """
    name = call.get("param")
    if not isinstance(name, str) or not name:
        raise BadRequest(detail="--param is missing")
    item = number(call, "item", required=False)
    if name != USERNAME:
        return OK
    value = call.get("value")
    value = value if isinstance(value, str) else ""
    if not _usable(value):
        raise UsernameUnusable(account=value[:_LONGEST])
    if item and (fixed := _claimed(database, item)) not in (None, value):
        raise UsernameFixed(service=item, account=fixed)
    modules = _modules(database, item)
    if set(claims(database, value, modules)) - {item} or _is_made_of_a_number(database, value, modules, item):
        raise UsernameTaken(account=value)
    return OK


def _claimed(database: Database, item: int) -> str | None:
    """The account name that a service has for good, if any."""
    try:
        service = database.service(item)
    except ServiceUnknown:
        return None
    claimed = service.confirmed or service.invited or database.with_encrypted([item], PASSWORD)
    return service.account if claimed else None


def _is_made_of_a_number(database: Database, value: str, modules: list[int], item: int | None) -> bool:
    """Whether a tariff's pattern makes this name of the number of another service, also of one to come."""
    patterns = {tariff.params.get("username_pattern") or _PATTERN for tariff in database.tariffs_of(modules)}
    for pattern in {_PATTERN, *patterns}:
        before, number_, after = pattern.partition(_NUMBER)
        if not number_ or "{" in before + after:
            continue
        made = re.fullmatch(f"{re.escape(before)}([0-9]+){re.escape(after)}", value, re.IGNORECASE)
        if made and made[1] != str(item):
            return True
    return False


def _usable(value: str) -> bool:
    return (
        _SHORTEST <= len(value) <= _LONGEST
        and _USERNAME.fullmatch(value) is not None
        and _OTHERS.fullmatch(value) is None
    )


def _modules(database: Database, item: int | None) -> list[int]:
    """The processing modules among whose services the name has to be free."""
    try:
        module = asked(database, item, None).module if item else None
        if module:
            return modules_at(database, database.cloud(module, secret=False))
    except (ServiceUnknown, ModuleUnknown, CloudParameterUnusable):
        pass  # not there yet, or not filled in rightly
    return [module for module, _ in database.clouds()]
