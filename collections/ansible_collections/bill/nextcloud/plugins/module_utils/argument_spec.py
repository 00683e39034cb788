# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specs of the modules, shared by their documentation stubs and their action plugins."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

STATES = ("present", "exists", "disabled", "absent")
CREATE_ONLY_FIELDS = ("display_name", "email", "language")

SEND_WELCOME = "send_welcome"
WIPE_DEVICES = "wipe_devices"
RESET_SECOND_FACTOR = "reset_second_factor"
REVOKE_APP_PASSWORDS = "revoke_app_passwords"
TRANSFER_FILES = "transfer_files_to"
ACTIONS = (SEND_WELCOME, WIPE_DEVICES, RESET_SECOND_FACTOR, REVOKE_APP_PASSWORDS)

ON_CREATE = "on_create"
ALWAYS = "always"
SET = "set"

HIDDEN = "hidden"
LEFT = "left"

AUTO = "auto"
NEXTCLOUD = "nextcloud"
OWNCLOUD = "owncloud"
LIBREGRAPH = "libregraph"
DIALECTS = (NEXTCLOUD, OWNCLOUD, LIBREGRAPH)

API = "api"
OCC = "occ"
TRANSPORTS = (API, OCC, AUTO)

CONNECTION: dict[str, t.Any] = {
    "transport": {"type": "str", "choices": list(TRANSPORTS), "default": API},
    "api_url": {"type": "str"},
    "api_username": {"type": "str"},
    "api_password": {"type": "str", "no_log": True},
    "api_token": {"type": "str", "no_log": True},
    "ca_path": {"type": "path"},
    "api_requests": {"type": "int", "default": 4},
    "session_path": {"type": "path"},
    "dialect": {"type": "str", "choices": [AUTO, *DIALECTS], "default": AUTO},
    "occ_path": {"type": "str"},
    "php_path": {"type": "str"},
    "occ_command": {"type": "list", "elements": "str"},
    "occ_processes": {"type": "int", "default": 4},
}
"""Where the cloud is and who acts; the same for every module, so that an action group can give it once."""

BOUNDS = {"api_requests": (1, 8)}
"""The least and the most of numbers of the connection, which a spec cannot say. A password that is changed during a
task fails once with each request that is under way, and after ten Nextcloud blocks the address."""

_LOG_IN = ("api_password", "api_token")
"""The options of which a connection has exactly one; by occ none is needed."""
_OCC_PLACES = (("occ_command", "occ_path"), ("occ_command", "php_path"))
_BY_API = tuple(
    ("transport", transport, *need) for transport in (API, AUTO) for need in ((["api_url"],), (list(_LOG_IN), True))
)

ACCOUNT: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "create": {"type": "bool", "default": True},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": [ON_CREATE, ALWAYS, SET], "default": ON_CREATE, "no_log": False},
    "invite": {"type": "bool", "default": False},
    "display_name": {"type": "str"},
    "email": {"type": "str"},
    "language": {"type": "str"},
    "manager": {"type": "str"},
    "create_only": {"type": "list", "elements": "str", "choices": list(CREATE_ONLY_FIELDS), "default": []},
    "quota": {"type": "str"},
    "groups": {"type": "list", "elements": "str", "default": []},
    "groups_absent": {"type": "list", "elements": "str", "default": []},
    "group_admin_of": {"type": "list", "elements": "str", "default": []},
    "group_admin_of_absent": {"type": "list", "elements": "str", "default": []},
    "ownership": {"type": "str", "choices": ["assumed", "proven", "new"], "default": "assumed"},
    "wipe": {"type": "bool", "default": False},
    "transfer_files_to": {"type": "str"},
}
"""What one account should be."""


def account_options(**given: t.Any) -> dict[str, t.Any]:
    """Return the options of one account as a validated task has them: those given, and the defaults of all others."""
    return {**{name: option.get("default") for name, option in ACCOUNT.items()}, **given}


@dataclass(frozen=True)
class Spec:
    """The argument spec of one module, without the connection."""

    options: t.Mapping[str, t.Any]
    required_one_of: tuple[tuple[str, ...], ...] = ()
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    not_negative: tuple[str, ...] = ()
    """Numbers that must not be below zero, which a spec cannot say."""

    @property
    def keywords(self) -> dict[str, t.Any]:
        """Arguments of ``AnsibleModule`` and of ``ArgumentSpecValidator``."""
        return {
            "argument_spec": {**CONNECTION, **self.options},
            "required_one_of": [list(options) for options in self.required_one_of],
            "mutually_exclusive": [list(options) for options in (_LOG_IN, *_OCC_PLACES, *self.mutually_exclusive)],
            "required_by": {
                "api_password": ["api_username", "api_url"],
                "api_token": ["api_url"],
            },
            "required_if": [list(need) for need in _BY_API],
        }


USERS = Spec(
    {
        "accounts": {"type": "list", "elements": "dict", "required": True, "options": ACCOUNT},
        "passwords": {"type": "dict", "no_log": True},
        "create_groups": {"type": "bool", "default": False},
        "disabled_shares": {"type": "str", "choices": [HIDDEN, LEFT]},
        "max_deletions": {"type": "int"},
        "max_suspensions": {"type": "int"},
    },
    not_negative=("max_deletions", "max_suspensions"),
)

USER = Spec({**ACCOUNT, "create_groups": {"type": "bool", "default": False}})

USER_ACTION = Spec(
    {
        "name": {"type": "str", "required": True},
        "action": {"type": "str", "required": True, "choices": list(ACTIONS)},
    }
)

QUOTA = Spec(
    {
        "accounts": {
            "type": "list",
            "elements": "dict",
            "options": {"name": {"type": "str", "required": True}, "quota": {"type": "str"}},
        },
        "quota": {"type": "str"},
        "default": {"type": "str"},
        "maximum": {"type": "str"},
        "allow_unlimited": {"type": "bool"},
    },
    required_one_of=(("accounts", "default", "maximum", "allow_unlimited"),),
)

GROUP = Spec(
    {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "display_name": {"type": "str"},
        "quota": {"type": "str"},
        "members": {"type": "list", "elements": "str"},
        "members_absent": {"type": "list", "elements": "str"},
        "members_exact": {"type": "bool", "default": False},
        "max_removals": {"type": "int"},
    },
    not_negative=("max_removals",),
)

USER_INFO = Spec(
    {
        "names": {"type": "list", "elements": "str"},
        "search": {"type": "str"},
        "group": {"type": "str"},
        "enabled": {"type": "bool"},
        "min_used_percent": {"type": "int"},
    },
    mutually_exclusive=(("names", "search"), ("names", "group")),
    not_negative=("min_used_percent",),
)

PROBE = Spec(
    {
        "write_proof": {"type": "bool", "default": True},
        "read_limits": {"type": "bool", "default": True},
        "list_groups": {"type": "bool", "default": False},
        "read_space": {"type": "bool", "default": False},
    }
)
