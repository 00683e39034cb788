# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an occ says of the cloud that it belongs to."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import Identity, dialect_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server, request_name

STATUS = ("status",)
"""The command that tells it, in maintenance as well."""

_NAMES = {NEXTCLOUD: "Nextcloud", OWNCLOUD: "ownCloud"}


@dataclass(frozen=True)
class Installation:
    """What an occ says of the cloud that it belongs to."""

    identity: Identity
    status: t.Mapping[str, t.Any]
    """What ``occ status --output=json`` printed."""


def identify(server: Server) -> Installation:
    """Ask occ what it belongs to, in maintenance as well.

    :raises CloudError: as :meth:`Server.run`; ``not_an_answer``; ``occ_unusable`` when the cloud is not installed yet.
    """
    status = server.read_json(*STATUS)
    if not isinstance(status, dict) or "installed" not in status:
        raise CloudError("not_an_answer", "It does not tell whether it is installed.", request=request_name(STATUS))
    if status["installed"] is not True:
        raise CloudError("occ_unusable", "The cloud is not installed yet.", request=request_name(STATUS))
    dialect = dialect_of(status)
    identity = Identity(
        dialect,
        status.get("productname") or (_NAMES.get(dialect) if dialect is not None else None),
        status.get("versionstring"),
        bool(status.get("maintenance")),
        bool(status.get("needsDbUpgrade")),
    )
    return Installation(identity, status)
