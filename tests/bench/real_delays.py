# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a real server takes, for the stand-in: medians of a Nextcloud 31.0.6 (nginx, PHP-FPM, MariaDB, Redis) on two
cores, with the administrator's password and a session that is kept."""

from __future__ import annotations

from typing import Any

_USERS = "/cloud/users"

REAL: dict[str, Any] = {
    "login": 0.42,
    # Two to three of its requests go on at the same time: 5.3 creations and 32 quotas a second, with any more threads.
    "at_once": 2,
    "routes": [
        {"method": "POST", "path": f"{_USERS}$", "seconds": 0.326},
        {"method": "DELETE", "path": f"{_USERS}/", "seconds": 0.049},
        {"method": "PUT", "path": "/enable$", "seconds": 0.033},
        {"method": "PUT", "path": "/disable$", "seconds": 0.033},
        {"method": "PUT", "path": f"{_USERS}/", "seconds": 0.049},
        # Of a page of accounts: the least that was seen, 2.5 seconds for 500.
        {"method": "GET", "path": f"{_USERS}/details$", "each": 0.005},
        # Reads of an account. Of other requests there is no figure: they are taken for as slow.
        {"seconds": 0.045},
    ],
}
