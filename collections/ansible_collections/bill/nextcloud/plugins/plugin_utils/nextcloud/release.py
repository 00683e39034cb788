# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a Nextcloud is. It is asked for only where an answer does not show by itself what a release lacks."""

from __future__ import annotations

import abc
import threading
import typing as t

from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import Reply, read_capabilities, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

_CAPABILITIES = "/ocs/v2.php/cloud/capabilities"
_QUOTA_LIMITS = 23
_MAIL_SETTING = 18
_GROUP_NAMES = 18


class Release(abc.ABC):
    """The release of one cloud, and what it knows."""

    @property
    @abc.abstractmethod
    def major(self) -> int:
        """The first number of its version: a setting that a release lacks reads like one that was never set.

        :raises CloudError: ``not_an_answer`` when the cloud does not tell.
        """

    @property
    def knows_quota_limits(self) -> bool:
        """Whether it has ``max_quota`` and ``allow_unlimited_quota`` (nextcloud/server#28009, which came with 23)."""
        return self.major >= _QUOTA_LIMITS

    @property
    def heeds_mail_setting(self) -> bool:
        """Whether ``newUser.sendEmail`` surely decides on the mail to a new account (nextcloud/server#19702: 18)."""
        return self.major >= _MAIL_SETTING

    @property
    def names_groups(self) -> bool:
        """Whether a group can have a display name (``OCP\\Group\\Backend\\ISetDisplayNameBackend``, since 18)."""
        return self.major >= _GROUP_NAMES


class AnnouncedRelease(Release):
    """The release that a cloud announces. The capabilities, which tell it, are asked for once.

    :param session: logged in as any account.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reply: Reply | None = None
        self._lock = threading.Lock()  # while it is asked, so that two threads do not

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities, which depend on the apps.

        :raises CloudError: ``not_an_answer``.
        """
        return read_capabilities(self._answer())

    @property
    def major(self) -> int:
        """See :attr:`Release.major`."""
        reply = self._answer()
        version = reply.data.get("version") if isinstance(reply.data, dict) else None
        major = version.get("major") if isinstance(version, dict) else None
        if isinstance(major, bool) or not isinstance(major, int):
            raise reply.error("not_an_answer", "It does not tell the cloud's release.")
        return major

    def _answer(self) -> Reply:
        with self._lock:
            if self._reply is None:
                reply = self._session.request("GET", _CAPABILITIES)
                require(reply, {})
                self._reply = reply
            return self._reply
