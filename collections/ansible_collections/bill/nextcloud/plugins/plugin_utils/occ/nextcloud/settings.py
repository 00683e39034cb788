# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that a Nextcloud's apps keep, and its release, by occ.

Source: Nextcloud 31, ``core/Command/Config/App``, ``core/Command/Status.php``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import Release
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import AppSettings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.commands import Commands, require

_BOOLEANS = {"true": "1", "false": "0"}
"""How a setting that has the type of a boolean is shown, and kept."""


class StatusRelease(Release):
    """The release that ``occ status`` tells.

    :param status: what that printed as JSON.
    """

    def __init__(self, status: t.Mapping[str, t.Any]) -> None:
        self._version = status.get("version")

    @property
    def major(self) -> int:
        """See :attr:`Release.major`."""
        number = self._version.partition(".")[0] if isinstance(self._version, str) else ""
        if not number.isdecimal():
            raise CloudError("not_an_answer", "It does not tell the cloud's release.", request="occ status")
        return int(number)


class OccSettings(AppSettings):
    """The settings, by ``config:app``."""

    def __init__(self, commands: Commands, release: Release) -> None:
        super().__init__(release)
        self._commands = commands

    def _fetch(self, app: str, key: str) -> str:
        answer = self._commands.read("config:app:get", "--default-value=", "--", app, key)
        require(answer, {})
        lines = answer.output.splitlines()  # notices of PHP may be before it
        text = lines[-1] if lines else ""
        return _BOOLEANS.get(text, text)

    def _store(self, app: str, key: str, value: str) -> None:
        if value:
            answer = self._commands.change("config:app:set", f"--value={value}", "--", app, key)
        else:
            answer = self._commands.change("config:app:delete", "--", app, key)
        require(answer, {})
