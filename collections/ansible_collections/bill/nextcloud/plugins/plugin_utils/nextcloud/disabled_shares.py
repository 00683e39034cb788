# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether others can go on using what a disabled account has shared: one switch for a whole instance.

It is the setting ``hide_disabled_user_shares`` of the app files_sharing, since Nextcloud 28. Where it was never set, a
default counts, which became ``yes`` in point releases of July and August 2026; so it is not taken for either.
Source: ``OC\\Share20\\Manager::checkShare`` of Nextcloud 31 and later ones, pull request 62092 of nextcloud/server.
"""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import HIDDEN, LEFT
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import as_yaml
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud, Settings

SUBJECT = "shares of disabled accounts"
"""What it is, in words for people."""

_APP = "files_sharing"
_KEY = "hide_disabled_user_shares"
_TEXTS = {HIDDEN: "yes", LEFT: "no"}
_FIRST_RELEASE = 28


class DisabledShares:
    """The switch on its way to what is wished.

    :param wish: ``hidden`` or ``left``.
    """

    def __init__(self, wish: str) -> None:
        self._wish = wish
        self._before: str | None = None
        self._after: str | None = None
        self.changed = False
        self.failure: CloudError | None = None

    def converge(self, cloud: Cloud, *, check_mode: bool) -> None:
        """Read, and unless in check mode write and read back. Nothing is raised: ``failure`` tells what went wrong."""
        try:
            self._converge(cloud, check_mode=check_mode)
        except CloudError as error:
            self.changed = self.changed or error.outcome_unknown
            self.failure = error

    def _converge(self, cloud: Cloud, *, check_mode: bool) -> None:
        settings = cloud.settings
        product = cloud.accounts.abilities.product
        if settings is None:
            raise CloudError("unsupported", f"{product} has no such setting in its API.")
        release = settings.release.major
        if release < _FIRST_RELEASE:
            raise CloudError(
                "unsupported", f"{product} has this setting since {_FIRST_RELEASE}, and this is {release}."
            )
        self._before = self._after = _read(settings)
        if self._before == self._wish:
            return
        if check_mode:
            self._after = self._wish
        else:
            settings.write(_APP, _KEY, _TEXTS[self._wish])
        self.changed = True
        if not check_mode:
            self._after = _read(settings)
            if self._after != self._wish:
                raise CloudError("not_verified", f"The setting {_KEY} of {_APP} is another one still.")

    def result(self) -> dict[str, t.Any]:
        """Return the item ``disabled_shares`` of the result."""
        return {
            "changed": self.changed,
            "before": self._before,
            "after": self._after,
            "failure": self.failure.failure(None) if self.failure is not None else None,
        }

    def diff(self) -> list[dict[str, str]]:
        """Return what ``--diff`` prints."""
        if not self.changed:
            return []
        before, after = (as_yaml({"disabled_shares": value}) for value in (self._before, self._wish))
        return [{"before_header": SUBJECT, "after_header": SUBJECT, "before": before, "after": after}]


def _read(settings: Settings) -> str | None:
    """Return what is set; None when it is neither of the two, or was never set."""
    text = settings.read(_APP, _KEY)
    return next((wish for wish, stored in _TEXTS.items() if stored == text), None)
