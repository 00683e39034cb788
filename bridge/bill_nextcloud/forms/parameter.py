# SPDX-License-Identifier: GPL-3.0-or-later
"""``check_param``: whether a customer can have what he has typed into an order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bill_nextcloud.billmanager.asked import asked, modules_at
from bill_nextcloud.billmanager.claims import claims
from bill_nextcloud.billmanager.form import OK
from bill_nextcloud.billmanager.service import USERNAME, Database
from bill_nextcloud.call import number
from bill_nextcloud.errors import (
    BadRequest,
    CloudParameterMissing,
    ModuleUnknown,
    ServiceUnknown,
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


# What the mapping that comes with the bridge makes of the numbers of services, also of those to come.
_NUMBERED = re.compile(r"user_[0-9]+", re.IGNORECASE)


def check_param(database: Database, call: Mapping[str, Any]) -> str:
    """Whether the parameter ``call["param"]`` of the service ``call["item"]`` can be ``call["value"]``; parameters that
    are not ours always can, and so can those that are but allow everything.

    The service need not exist yet (an order that is being filled in): then the name must be free on every cloud of
    ours. Raises :class:`UsernameUnusable`, :class:`UsernameTaken`, ``BadRequest``, ``BillmanagerUnavailable``.
    """
    name = call.get("param")
    if not isinstance(name, str) or not name:
        raise BadRequest(detail="--param is missing")
    item = number(call, "item", required=False)
    if name != USERNAME:
        return OK
    value = call.get("value")
    value = value if isinstance(value, str) else ""
    if not _usable(value) or (_NUMBERED.fullmatch(value) and value.lower() != f"user_{item}"):
        raise UsernameUnusable(account=value[:_LONGEST])
    if set(claims(database, value, _modules(database, item))) - {item}:
        raise UsernameTaken(account=value)
    return OK


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
    except (ServiceUnknown, ModuleUnknown, CloudParameterMissing):
        pass  # not there yet
    return [module for module, _ in database.clouds()]
