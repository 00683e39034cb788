# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Nextcloud's occ can do to an account beyond making it what it should be.

Source: Nextcloud 31, ``core/Command/User/Welcome.php`` and ``AuthTokens``, ``core/Command/TwoFactorAuth``,
``apps/files/lib/Command/TransferOwnership.php``, and tried.
"""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    RESET_SECOND_FACTOR,
    REVOKE_APP_PASSWORDS,
    SEND_WELCOME,
    WIPE_DEVICES,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    refusal,
    require,
    require_change,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import Answer

_WIPE = "devices are wiped by the API, since occ can only shut them out"
_MAIL_SECONDS = 120.0
_TRANSFER_SECONDS = 3600.0
_ENABLED_PROVIDERS = "Enabled providers:"
_APP_PASSWORD = 1
"""OCP\\Authentication\\Token\\IToken::PERMANENT_TOKEN; others are sessions, and devices that are being wiped."""

_SEND = {
    "User does not exist": "account_missing",
    "does not have an email address": "invalid_value",
    "Failed to send email": "server_error",
}
_FACTOR = {"Invalid UID": "account_missing", "does not support this operation": "unsupported"}
_TRANSFER = {"Unknown source user": "account_missing", "Unknown destination user": "invalid_value"}
_TOKEN = {"user not found": "account_missing"}


def actions(commands: Commands, api: ByApi | None) -> dict[str, t.Callable[[str], None]]:
    """Return the actions, by name, see :attr:`backend.Cloud.actions`.

    :param api: None: there are no credentials for the API, so devices cannot be wiped.
    """
    found: dict[str, t.Callable[[str], None]] = {
        SEND_WELCOME: partial(_send_welcome, commands),
        RESET_SECOND_FACTOR: partial(_reset_second_factor, commands),
        REVOKE_APP_PASSWORDS: partial(_revoke_app_passwords, commands),
    }
    if api is not None:
        found[WIPE_DEVICES] = lambda name: api.call(_WIPE, lambda cloud: cloud.action(WIPE_DEVICES)(name))
    return found


def transfer_files(commands: Commands, name: str, other: str) -> None:
    """Make all files of an account those of another one, in a folder that is named after the former, with the shares of
    them. What others have shared with the account, its trash bin and old versions are not transferred.

    :raises CloudError: ``refused`` when the other account has too little space, for instance; nothing was done then.
    """
    answer = commands.change("files:transfer-ownership", "--", name, other, seconds=_TRANSFER_SECONDS)
    require_change(answer, _TRANSFER)


def _send_welcome(commands: Commands, name: str) -> None:
    """Have the welcome mail sent, within the command; as the API's, it has no link to set a password."""
    require(commands.change("user:welcome", "--", name, seconds=_MAIL_SECONDS), _SEND)


def _reset_second_factor(commands: Commands, name: str) -> None:
    """Take all second factors from an account.

    :raises CloudError: ``unsupported`` when one of them lets nobody but its owner take it away; ``not_verified``.
        Others may be gone then, which ``outcome_unknown`` says.
    """
    for number, provider in enumerate(_second_factors(commands, name)[0]):
        answer = commands.change("twofactorauth:disable", "--", name, provider)
        if answer.status != 0:
            error = refusal(answer, _FACTOR)
            raise error.recoded(error.code, f"It is {provider}. {error.message}", outcome_unknown=number > 0)
    left, answer = _second_factors(commands, name)
    if left:
        raise answer.error("not_verified", "There are still: {}.".format(", ".join(left)), outcome_unknown=True)


def _second_factors(commands: Commands, name: str) -> tuple[list[str], Answer]:
    """Return the second factors that an account has, and the answer that told them; the command prints text only."""
    answer = commands.read("twofactorauth:state", "--", name)
    require(answer, _FACTOR)
    enabled = answer.output.partition(f"{_ENABLED_PROVIDERS}\n")[2]
    found = []
    for line in enabled.splitlines():
        if not line.startswith("- "):
            break
        found.append(line.removeprefix("- ").strip())
    return found, answer


def _revoke_app_passwords(commands: Commands, name: str) -> None:
    """Take all app passwords from an account. Its sessions in browsers go on.

    :raises CloudError: ``unsupported`` before release 29; ``not_verified``.
    """
    for number in _app_passwords(commands, name)[0]:
        commands.change("user:auth-tokens:delete", "--", name, str(number))  # one that is gone already is fine
    left, answer = _app_passwords(commands, name)
    if left:
        raise answer.error("not_verified", f"{len(left)} app passwords are there still.", outcome_unknown=True)


def _app_passwords(commands: Commands, name: str) -> tuple[list[int], Answer]:
    """Return the numbers of an account's app passwords, and the answer that told them."""
    answer = commands.read("user:auth-tokens:list", "--output=json", "--", name)
    require(answer, _TOKEN)
    found = answer.read_json()
    rows = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows):
        raise answer.error("not_an_answer", "It is no list of tokens.")
    return [row["id"] for row in rows if row.get("type") == _APP_PASSWORD], answer
