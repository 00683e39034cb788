# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Nextcloud whose commands are run on its server, put together."""

from __future__ import annotations

from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import NEXTCLOUD, OCC
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud, TransportUsed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.group_quotas import NextcloudGroupQuotas
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import Commands
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.installation import Installation
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.log_ins import LogIns
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.accounts import NextcloudOccAccounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.actions import actions, transfer_files
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.directory import NextcloudDirectory
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.groups import NextcloudOccGroups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.inspection import NextcloudOccInspection
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.listing import list_accounts
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.nextcloud.settings import OccSettings, StatusRelease
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Server
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs


def connected(
    server: Server,
    installation: Installation,
    api: ByApi | None,
    proofs: Proofs | None,
) -> Cloud:
    """Return a Nextcloud that is reached by its occ; nothing is run yet.

    :param server: where its occ is.
    :param installation: what occ says of itself.
    :param api: the same cloud by its HTTP API, for what occ cannot do. None: there are no credentials.
    :param proofs: tries log-ins as accounts. None: there is no address for them.
    :raises CloudError: ``not_an_answer`` when the status does not tell the release.
    """
    commands = Commands(server)
    release = StatusRelease(installation.status)
    settings = OccSettings(commands, release)
    groups = NextcloudOccGroups(commands, api)
    directory = NextcloudDirectory(commands, groups)
    accounts = NextcloudOccAccounts(
        commands,
        directory,
        groups,
        settings,
        LogIns(proofs),
        release=release.major,
        api=api,
    )
    return Cloud(
        NEXTCLOUD,
        accounts,
        groups,
        NextcloudOccInspection(commands, settings, installation.status, api),
        partial(list_accounts, directory, groups),
        settings,
        warnings=api.cloud.warnings if api is not None else (),
        actions=actions(commands, api),
        transfer_files=partial(transfer_files, commands),
        group_quotas=NextcloudGroupQuotas(settings),
        accounts_at_once=lambda: commands.at_once,
        prepare=accounts.prepare,
        only_reads=accounts.only_reads,
        transport=api.transport if api is not None else lambda: TransportUsed((OCC,)),
    )
