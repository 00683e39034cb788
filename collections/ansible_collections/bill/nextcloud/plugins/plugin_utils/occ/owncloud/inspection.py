# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be found out about an ownCloud by its occ."""

from __future__ import annotations

import secrets
import typing as t

from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import (
    Commands,
    exception,
    require,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.owncloud.inspection import limits_of

_CAPABILITIES = "occ of ownCloud does not tell the capabilities"
_IMPOSSIBLE_NAME = "bill/nextcloud"
_ALLOWED = "+_.@-'"
"""The end of the characters that a name may have, which is in the refusal of such a name in every language."""


class OwncloudOccInspection:
    """See :class:`backend.Inspection`.

    :param api: None: there are no credentials for the API.
    """

    def __init__(self, commands: Commands, api: ByApi | None) -> None:
        self._commands = commands
        self._api = api

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities, which only the API tells; without it none."""
        if self._api is None:
            return {}
        return self._api.call(_CAPABILITIES, lambda cloud: cloud.inspection.read_capabilities())

    def prove_write(self) -> None:
        """Have an account made whose name has a slash, which no release allows.

        The name is looked at after the password (``OC\\Core\\Command\\User\\Add``), so its refusal shows that the
        command is there, may be run, and gets the password.

        :raises CloudError: see :meth:`Server.run`; ``refused`` when it was anything else than the name.
        """
        password = secrets.token_urlsafe(24)
        answer = self._commands.prove("user:add", "--password-from-env", "--", _IMPOSSIBLE_NAME, password=password)
        thrown = exception(answer)
        if answer.status != 0 and thrown is not None and _ALLOWED in thrown[1]:
            return
        require(answer, {})
        raise answer.error("refused", "A name with a slash was not refused.")

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what the capabilities tell of what limits accounts, see :func:`limits_of`."""
        return limits_of(capabilities)

    def free_space(self) -> int | None:
        """None: no command tells it."""
        return None
