# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that a Nextcloud's apps keep (``occ config:app:get``), and how the provisioning API reads and sets them.

Source: Nextcloud 31, ``apps/provisioning_api/lib/Controller/AppConfigController.php``.
"""

from __future__ import annotations

import abc
import threading
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import Release
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

_CONFIG = "/ocs/v2.php/apps/provisioning_api/api/v1/config/apps"
NOT_TOLD = ("write_not_permitted", "not_an_answer", "refused")
"""Codes that say no more than that a cloud does not tell a setting to this account."""


class AppSettings(abc.ABC):
    """The apps' settings of one cloud, see :class:`backend.Settings`. Each is read once, whichever threads ask; what is
    written here is known.

    :param release: of the cloud, which decides what a setting means.
    """

    def __init__(self, release: Release) -> None:
        self._release = release
        self._known: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()  # while one is read, so that two threads do not

    @property
    def release(self) -> Release:
        """The cloud's release."""
        return self._release

    def read(self, app: str, key: str) -> str:
        """Return a setting as text; empty when it is not set.

        :raises CloudError: for instance ``write_not_permitted`` when the acting account is no administrator.
        """
        with self._lock:
            if (app, key) not in self._known:
                self._known[app, key] = self._fetch(app, key)
            return self._known[app, key]

    def read_if_told(self, app: str, key: str) -> str | None:
        """The same, or None when this cloud does not tell it to the acting account."""
        try:
            return self.read(app, key)
        except CloudError as error:
            if error.of_another or error.code not in NOT_TOLD:
                raise
            return None

    def write(self, app: str, key: str, value: str) -> None:
        """Set a setting; an empty value removes it."""
        self._known.pop((app, key), None)  # whatever comes of it
        self._store(app, key, value)

    def mails_new_accounts(self) -> bool | None:
        """Whether the cloud writes to the e-mail address of a new account; None: it does not tell.

        Old releases write whatever the setting says; their settings tell nothing.
        """
        value = self.read_if_told("core", "newUser.sendEmail")
        if value is None or value in ("", "yes"):
            return None if value is None else True
        return False if self._release.heeds_mail_setting else None

    @abc.abstractmethod
    def _fetch(self, app: str, key: str) -> str:
        """Read a setting from the cloud; empty when it is not set."""

    @abc.abstractmethod
    def _store(self, app: str, key: str, value: str) -> None:
        """Set a setting on the cloud, or remove it when the value is empty."""


class ApiSettings(AppSettings):
    """The settings, by the provisioning API.

    :param session: logged in as an administrator.
    :param release: of the cloud.
    """

    def __init__(self, session: Session, release: Release) -> None:
        super().__init__(release)
        self._session = session

    def _fetch(self, app: str, key: str) -> str:
        reply = self._session.request("GET", _path(app, key))
        require(reply, {})
        value = reply.data.get("data") if isinstance(reply.data, dict) else None
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise reply.error("not_an_answer", "It holds no value.")
        return str(value)

    def _store(self, app: str, key: str, value: str) -> None:
        if value:
            reply = self._session.request("POST", _path(app, key), form=[("value", value)])
        else:
            reply = self._session.request("DELETE", _path(app, key))
        require(reply, {})


def _path(app: str, key: str) -> str:
    return f"{_CONFIG}/{quote(app, safe='')}/{quote(key, safe='')}"
