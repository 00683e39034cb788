# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for names of ownCloud's accounts, beyond those that all products share.

Source: ``OC\\User\\Manager::createUser``, ownCloud 10.15 and 11.0.
"""

from __future__ import annotations

from ansible_collections.bill.nextcloud.plugins.module_utils.account import check_name, quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

_SHORTEST_NAME = 3
# OCP\User\Constants, FILES_THAT_ARE_NOT_USERS and DIRECTORIES_THAT_ARE_NOT_USERS
_NOT_ACCOUNTS = frozenset(
    {
        "avatars",
        "meta",
        "files_external",
        "files_encryption",
        ".htaccess",
        ".ocdata",
        "htaccesstest.txt",
        "owncloud.db",
        "owncloud.log",
        "index.html",
    }
)


def check_owncloud_name(name: str) -> None:
    """Check a name, without a request.

    :raises CloudError: ``invalid_name``.
    """
    check_name(name)
    if len(name) < _SHORTEST_NAME:
        raise CloudError("invalid_name", f"ownCloud's names have {_SHORTEST_NAME} characters or more: {quoted(name)}.")
    if name.lower() in _NOT_ACCOUNTS:
        raise CloudError("invalid_name", f"ownCloud keeps {quoted(name)} for itself.")
