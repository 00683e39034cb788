# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ownCloud 10 or 11 whose commands are run on its server, put together."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import OCC, OWNCLOUD
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud, TransportUsed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.dialect import Identity
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import Commands
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.log_ins import LogIns
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.accounts import OwncloudOccAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.actions import actions
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.directory import OwncloudDirectory
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.groups import OwncloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.inspection import OwncloudOccInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.owncloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def connected(server: Server, installation: Installation, api: ByApi | None, proofs: Proofs | None) -> Cloud:
    """Return an ownCloud that is reached by its occ; nothing is run yet.

    It hands no files over before an account is deleted: ``files:transfer-ownership`` does not look whether they were
    moved (``OCA\\Files\\Command\\TransferOwnership::transfer``, 10.15), so that they might be lost.

    :param server: where its occ is.
    :param installation: what occ says of itself.
    :param api: the same cloud over its API, for what occ cannot do: quotas, administrators of groups. None: there is no
        log-in to it, and asking for those is an error.
    :param proofs: tries log-ins as accounts. None: there is no address for them.
    :raises CloudError: ``not_an_answer`` when the release is not told.
    """
    commands = Commands(server)
    groups = OwncloudOccGroups(commands)
    directory = OwncloudDirectory(commands, groups)
    accounts = OwncloudOccAccounts(
        commands, groups, directory, release=_release(installation.identity), api=api, log_ins=LogIns(proofs)
    )
    return Cloud(
        OWNCLOUD,
        accounts,
        groups,
        OwncloudOccInspection(commands, api),
        partial(list_accounts, directory, groups),
        warnings=api.cloud.warnings if api is not None else (),
        credentials_end=api.cloud.credentials_end if api is not None else _never,
        actions=actions(commands),
        accounts_at_once=lambda: commands.at_once,
        prepare=accounts.prepare,
        transport=api.transport if api is not None else _occ_only,
    )


def _release(identity: Identity) -> tuple[int, ...]:
    """Return the release, for instance (10, 15, 2).

    :raises CloudError: ``not_an_answer``.
    """
    found = _VERSION.match(identity.version or "")
    if found is None:
        raise CloudError("not_an_answer", f"occ tells {identity.version!r} for its release.", request="occ status")
    return tuple(int(number) for number in found.group().split("."))


def _never() -> datetime | None:
    return None


def _occ_only() -> TransportUsed:
    return TransportUsed((OCC,))
