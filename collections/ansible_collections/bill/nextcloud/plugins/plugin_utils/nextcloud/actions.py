# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Nextcloud can do to an account beyond making it what it should be.

Source: Nextcloud 31, ``apps/provisioning_api/lib/Controller/UsersController.php`` (``resendWelcomeMessage``,
``wipeUserDevices``), and tried.
"""

from __future__ import annotations

import typing as t
from functools import partial
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    RESET_SECOND_FACTOR,
    REVOKE_APP_PASSWORDS,
    SEND_WELCOME,
    TRANSFER_FILES,
    WIPE_DEVICES,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.accounts import API, CREATE_SECONDS
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import Reply, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

ON_SERVER = {
    RESET_SECOND_FACTOR: "'occ twofactorauth:state NAME' shows the account's second factors, and"
    " 'occ twofactorauth:disable NAME PROVIDER' takes one away; with transport: occ or auto this module does both",
    TRANSFER_FILES: "'occ files:transfer-ownership NAME OTHER' does it; with transport: occ or auto this module does",
    REVOKE_APP_PASSWORDS: "'occ user:auth-tokens:list NAME' shows the account's app passwords, and"
    " 'occ user:auth-tokens:delete NAME ID' takes one away; with transport: occ or auto this module does both",
}
"""See :attr:`backend.Cloud.on_server`."""

_NO_EMAIL = 101
_NOT_SENT = 102


def actions(session: Session) -> dict[str, t.Callable[[str], None]]:
    """Return the actions, by name, see :attr:`backend.Cloud.actions`.

    :param session: logged in as an administrator.
    """
    return {SEND_WELCOME: partial(_send_welcome, session), WIPE_DEVICES: partial(_wipe_devices, session)}


def _send_welcome(session: Session, name: str) -> None:
    """Have the welcome mail sent, within the request.

    :raises CloudError: ``invalid_value`` when the account has no e-mail address; ``server_error`` when the cloud cannot
        send mail.
    """
    reply = _post(session, name, "welcome", CREATE_SECONDS)
    require(reply, {_NO_EMAIL: "invalid_value", _NOT_SENT: "server_error"})


def _wipe_devices(session: Session, name: str) -> None:
    """Mark all app passwords and sessions of an account: none is accepted any more, and a device that asks why is told
    to delete the account's files from itself. To do it again has no further effect.
    """
    require(_post(session, name, "wipe"), {})


def _post(session: Session, name: str, action: str, read_seconds: float | None = None) -> Reply:
    reply = session.request("POST", f"{API}/users/{quote(name, safe='')}/{action}", read_seconds=read_seconds)
    if reply.missing:
        raise reply.error("account_missing")
    return reply
