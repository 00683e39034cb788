# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which product an occ belongs to, and the backend that speaks to it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import Identity, dialect_of
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud import backend as nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud import backend as owncloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server, request_name
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs

Connected = t.Callable[
    [Server, t.Mapping[str, t.Any], t.Optional[Cloud], t.Optional[Proofs], t.Optional[str]],  # noqa: UP045 - evaluated
    Cloud,
]

BACKENDS: dict[str, Connected] = {NEXTCLOUD: nextcloud.connected, OWNCLOUD: owncloud.connected}
"""By dialect; oCIS and OpenCloud have no occ."""

_STATUS = ("status",)
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
    status = server.read_json(*_STATUS)
    if not isinstance(status, dict) or "installed" not in status:
        raise CloudError("not_an_answer", "It does not tell whether it is installed.", request=request_name(_STATUS))
    if status["installed"] is not True:
        raise CloudError("occ_unusable", "The cloud is not installed yet.", request=request_name(_STATUS))
    dialect = dialect_of(status)
    identity = Identity(
        dialect,
        status.get("productname") or (_NAMES.get(dialect) if dialect is not None else None),
        status.get("versionstring"),
        bool(status.get("maintenance")),
        bool(status.get("needsDbUpgrade")),
    )
    return Installation(identity, status)


def opened(
    server: Server,
    installation: Installation,
    dialect: str,
    api: Cloud | None,
    proofs: Proofs | None,
    acting_name: str | None,
) -> Cloud:
    """Open the cloud that an occ belongs to.

    :param installation: what it says of itself.
    :param dialect: that of the task.
    :param api: the same cloud over its API, for what occ cannot do; None: there is no log-in to it.
    :param proofs: tries log-ins as accounts; None: there is no address at which they could be tried.
    :param acting_name: the log-in name at the API, whose account is never changed.
    :raises CloudError: ``maintenance``; ``unsupported`` for a product without occ; ``invalid_value`` when the dialect
        is not that of the occ.
    """
    identity = installation.identity
    if identity.maintenance or identity.needs_upgrade:
        raise CloudError("maintenance", "", request=request_name(_STATUS))
    if dialect not in BACKENDS:
        raise CloudError("unsupported", f"There is no occ for the dialect {dialect}.", cloud_wide=True)
    if identity.dialect not in (None, dialect):
        told = f"{identity.product} {identity.version}, which is {identity.dialect}"
        raise CloudError("invalid_value", f"dialect is {dialect}, and occ belongs to {told}.", cloud_wide=True)
    return BACKENDS[dialect](server, installation.status, api, proofs, acting_name)
