# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec of the module, shared by its documentation stub and its action plugin."""

from __future__ import annotations

import typing as t

STATES = ("present", "exists", "disabled", "absent")
CREATE_ONLY_FIELDS = ("display_name", "email", "language")

ARGUMENT_SPEC: dict[str, t.Any] = {
    "api_url": {"type": "str", "required": True},
    "api_username": {"type": "str", "required": True},
    "api_password": {"type": "str", "required": True, "no_log": True},
    "ca_path": {"type": "path"},
    "accounts": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(STATES), "default": "present"},
            "create": {"type": "bool", "default": True},
            "password": {"type": "str", "no_log": True},
            "display_name": {"type": "str"},
            "email": {"type": "str"},
            "language": {"type": "str"},
            "create_only": {"type": "list", "elements": "str", "choices": list(CREATE_ONLY_FIELDS), "default": []},
            "quota": {"type": "str"},
            "groups": {"type": "list", "elements": "str", "default": []},
            "groups_absent": {"type": "list", "elements": "str", "default": []},
            "ownership": {"type": "str", "choices": ["assumed", "proven"], "default": "assumed"},
        },
    },
    "passwords": {"type": "dict", "no_log": True},
    "max_deletions": {"type": "int"},
    "max_suspensions": {"type": "int"},
}
