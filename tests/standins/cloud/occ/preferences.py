# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of one Nextcloud account as `user:setting` knows them, by app and key.

Some are what the API shows as well, and live in the account itself. A quota of "default" counts as not set.
"""

from __future__ import annotations

import json

from standins.cloud.account import Account
from standins.cloud.php import integer

_UNSET_QUOTA = "default"


class Preferences:
    """Reads and writes settings. Nothing is checked, as on a real server."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def _own(self) -> dict[tuple[str, str], str | None]:
        """Settings that the account itself holds; None: not set."""
        account = self._account
        enabled = account.preferences.get("core", {}).get("enabled")
        if not account.enabled:
            enabled = "false"
        elif enabled is not None:
            enabled = "true"
        return {
            ("core", "enabled"): enabled,
            ("core", "lang"): account.language or None,
            ("core", "locale"): account.locale or None,
            ("files", "quota"): None if account.quota == _UNSET_QUOTA else account.quota,
            ("login", "firstLogin"): str(account.first_login) if account.first_login else None,
            ("login", "lastLogin"): str(account.last_login) if account.last_login else None,
            ("settings", "email"): account.email or None,
            ("settings", "manager"): json.dumps([account.manager]) if account.manager else None,
        }

    def all(self) -> dict[str, dict[str, str]]:
        """All that are set, sorted by app and key."""
        found = {
            (app, key): value for app, values in self._account.preferences.items() for key, value in values.items()
        }
        found |= {place: value for place, value in self._own().items() if value is not None}
        shown: dict[str, dict[str, str]] = {}
        for (app, key), value in sorted(found.items()):
            shown.setdefault(app, {})[key] = value
        return shown

    def get(self, app: str, key: str) -> str | None:
        """One setting; None when it is not set."""
        return self.all().get(app, {}).get(key)

    def set(self, app: str, key: str, value: str) -> None:
        """Set one. Of what is to be a list of managers and is none, nobody is the manager."""
        account = self._account
        if (app, key) not in self._own() or (app, key) == ("core", "enabled"):
            account.preferences.setdefault(app, {})[key] = value
        match (app, key):
            case ("core", "enabled"):
                account.enabled = value == "true"
            case ("core", "lang"):
                account.language = value
            case ("core", "locale"):
                account.locale = value
            case ("files", "quota"):
                account.quota = value
            case ("login", "firstLogin"):
                account.first_login = integer(value)
            case ("login", "lastLogin"):
                account.last_login = integer(value)
            case ("settings", "email"):
                account.email = value or None
            case ("settings", "manager"):
                account.manager = _first(value)

    def delete(self, app: str, key: str) -> None:
        """Unset one."""
        account = self._account
        account.preferences.get(app, {}).pop(key, None)
        match (app, key):
            case ("core", "enabled"):
                account.enabled = True
            case ("core", "lang"):
                account.language = ""
            case ("core", "locale"):
                account.locale = ""
            case ("files", "quota"):
                account.quota = _UNSET_QUOTA
            case ("login", "firstLogin"):
                account.first_login = 0
            case ("login", "lastLogin"):
                account.last_login = 0
            case ("settings", "email"):
                account.email = None
            case ("settings", "manager"):
                account.manager = ""


def _first(value: str) -> str:
    try:
        names = json.loads(value)
    except ValueError:
        return ""
    return str(names[0]) if isinstance(names, list) and names else ""
