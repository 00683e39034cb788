# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which product an occ belongs to, and the backend that speaks to it."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import STATUS, Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud import backend as nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud import backend as owncloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server, request_name
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs

Connected = t.Callable[[Server, Installation, "ByApi | None", "Proofs | None"], Cloud]

BACKENDS: dict[str, Connected] = {NEXTCLOUD: nextcloud.connected, OWNCLOUD: owncloud.connected}
"""By dialect; oCIS and OpenCloud have no occ."""


def opened(
    server: Server,
    installation: Installation,
    dialect: str,
    api: ByApi | None,
    proofs: Proofs | None,
) -> Cloud:
    """Open the cloud that an occ belongs to.

    :param installation: what it says of itself.
    :param dialect: that of the task.
    :param api: the same cloud over its API, for what occ cannot do; None: there is no log-in to it.
    :param proofs: tries log-ins as accounts; None: there is no address at which they could be tried.
    :raises CloudError: ``maintenance``; ``unsupported`` for a product without occ; ``invalid_value`` when the dialect
        is not that of the occ.
    """
    identity = installation.identity
    if identity.maintenance or identity.needs_upgrade:
        raise CloudError("maintenance", "", request=request_name(STATUS))
    if dialect not in BACKENDS:
        raise CloudError(
            "unsupported", f"There is no occ for the dialect {dialect}. Use transport: api.", cloud_wide=True
        )
    if identity.dialect not in (None, dialect):
        told = f"{identity.product} {identity.version}, which is {identity.dialect}"
        raise CloudError("invalid_value", f"dialect is {dialect}, and occ belongs to {told}.", cloud_wide=True)
    return BACKENDS[dialect](server, installation, api, proofs)
