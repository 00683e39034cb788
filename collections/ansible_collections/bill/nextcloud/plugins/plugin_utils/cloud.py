# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud, as the modules see it: its parts share one log-in."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.plugin_utils.endpoint import Endpoint
from ansible_collections.bill.nextcloud.plugins.plugin_utils.groups import Groups
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud import Nextcloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session
from ansible_collections.bill.nextcloud.plugins.plugin_utils.settings import Settings


@dataclass(frozen=True)
class Cloud:
    """The parts of one cloud."""

    session: Session
    accounts: Nextcloud
    groups: Groups
    settings: Settings
    warnings: tuple[str, ...] = ()
    """What should be known of the connection."""

    @classmethod
    def of(
        cls, session: Session, username: str, log_in: t.Callable[[str, str], Session], *, warnings: tuple[str, ...] = ()
    ) -> Cloud:
        """Put the parts together.

        :param session: logged in as an administrator.
        :param username: the administrator's log-in name.
        :param log_in: makes a session with other credentials.
        """
        return cls(session, Nextcloud(session, username, log_in), Groups(session), Settings(session), warnings)


@contextlib.contextmanager
def connected(parameters: t.Mapping[str, t.Any]) -> t.Iterator[Cloud]:
    """Open the cloud of a task's connection options; nothing is sent yet.

    :param parameters: arguments that passed the argument spec.
    :raises CloudError: ``invalid_url``; ``certificate_not_verified`` when ``ca_path`` cannot be read.
    """
    endpoint = Endpoint.parse(parameters["api_url"], parameters.get("ca_path"))
    username = parameters["api_username"]
    session = Session(endpoint, username, parameters["api_password"])
    warning = endpoint.clear_text_warning
    try:
        yield Cloud.of(
            session,
            username,
            lambda name, password: Session(endpoint, name, password, kept=False),
            warnings=(warning,) if warning else (),
        )
    finally:
        session.close()
