# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quotas of a whole instance: the default of its accounts, the maximum, and whether a quota may be unlimited.

Source: Nextcloud 31, ``lib/private/User/User.php`` (``getQuota``), ``UsersController::editUser``; settings
``default_quota``, ``max_quota``, ``allow_unlimited_quota`` and ``quota_preset`` of the app files.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.bill.nextcloud.plugins.module_utils.account import quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import Change
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota, default_text, read_stored, shown
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import wished_quota
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.settings import NOT_TOLD

_PRESETS = "1 GB, 5 GB, 10 GB"
_NO_MAXIMUM = "-1"
_WHOLE_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]{1,18})")
"""What PHP takes of a text for ``(int)``: all that comes after the digits is left out ("100 TB" is 100)."""
_UNLIMITED_ALLOWED = ("", "1")


@dataclass(frozen=True)
class InstanceQuota:
    """What an instance has, or should have; None: not known, or left alone."""

    default: Quota | None = None
    maximum: Quota | None = None
    allow_unlimited: bool | None = None
    from_preset: bool = False
    """No default is set: it is that of the first preset as long as unlimited is forbidden, and unlimited otherwise."""

    @property
    def given(self) -> bool:
        """Whether anything is wished."""
        return self != InstanceQuota()

    def shown(self) -> dict[str, t.Any]:
        """Return it as results show it."""
        return {
            "default": shown(self.default),
            "maximum": shown(self.maximum),
            "allow_unlimited": self.allow_unlimited,
        }


def parse_instance_wish(parameters: t.Mapping[str, t.Any]) -> InstanceQuota:
    """Read the options ``default``, ``maximum`` and ``allow_unlimited``.

    :raises CloudError: ``invalid_value``.
    """
    return InstanceQuota(
        wished_quota("default", parameters["default"]),
        wished_quota("maximum", parameters["maximum"]),
        parameters["allow_unlimited"],
    )


def require_limits(settings: Settings, wish: InstanceQuota) -> None:
    """Refuse a limit that the release does not know, and would keep without any effect.

    :raises CloudError: ``unsupported``.
    """
    limits = wish.maximum not in (None, Quota(None)) or wish.allow_unlimited is False
    if limits and not settings.release.knows_quota_limits:
        raise CloudError("unsupported", "Before release 23 Nextcloud has nothing for maximum and allow_unlimited.")


def limit_words(settings: Settings, quota: Quota) -> str:
    """Say in words which limit of the instance a refused quota is beyond; empty: none, or the cloud does not tell.

    :raises CloudError: what concerns the cloud.
    """
    try:
        if quota.size is None:
            forbidden = settings.read("files", "allow_unlimited_quota") not in _UNLIMITED_ALLOWED
            return "Unlimited quotas are forbidden on this instance." if forbidden else ""
        maximum = settings.read("files", "max_quota")
    except CloudError as error:  # the refusal itself is known, which matters more
        if error.cloud_wide and error.code not in NOT_TOLD:
            raise
        return ""
    limit = _read_maximum(maximum)
    if limit is None or limit.size is None or quota.size <= limit.size:
        return ""
    kept = "" if maximum == str(limit.size) else f", since it takes the setting max_quota ({quoted(maximum)}) for bytes"
    return f"The instance's maximum is {limit.size} bytes{kept}."


def _read_maximum(text: str) -> Quota | None:
    """Read the setting ``max_quota`` as Nextcloud does (``editUser``); None when no number is in force that is a quota.

    Nextcloud casts it to a whole number of bytes, whatever unit it was given with.
    """
    if text in ("", _NO_MAXIMUM):
        return Quota(None)
    found = _WHOLE_NUMBER.match(text)
    number = int(found[1]) if found is not None else None
    if number == int(_NO_MAXIMUM):
        return Quota(None)
    return Quota(number) if number is not None and number >= 0 else None


def read_instance(settings: Settings) -> InstanceQuota:
    """Read what the instance has.

    :raises CloudError: see :meth:`Settings.read`.
    """
    allow_unlimited = settings.read("files", "allow_unlimited_quota") in _UNLIMITED_ALLOWED
    default = settings.read("files", "default_quota")
    from_preset = not default and not allow_unlimited
    if not default:
        default = "none" if allow_unlimited else _first_preset(settings.read("files", "quota_preset"))
    return InstanceQuota(
        read_stored(default),
        _read_maximum(settings.read("files", "max_quota")),
        allow_unlimited,
        from_preset,
    )


def plan_instance(current: InstanceQuota, wish: InstanceQuota) -> tuple[Change, ...]:
    """Compare what is with what is wished; the changes come in an order in which the cloud takes each of them.

    :raises CloudError: ``invalid_value`` when the parts would contradict each other afterwards.
    """
    changes = []
    lost = current.from_preset and wish.allow_unlimited
    if wish.default is not None and (lost or wish.default != current.default):
        changes.append(Change("default", shown(current.default), shown(wish.default)))
    if wish.maximum is not None and wish.maximum != current.maximum:
        changes.append(Change("maximum", shown(current.maximum), shown(wish.maximum)))
    if wish.allow_unlimited is not None and wish.allow_unlimited is not current.allow_unlimited:
        change = Change("allow_unlimited", current.allow_unlimited, wish.allow_unlimited)
        changes.insert(0 if wish.allow_unlimited else len(changes), change)
    if changes:
        _check_together(
            wish.default or current.default,
            wish.maximum or current.maximum,
            current.allow_unlimited if wish.allow_unlimited is None else wish.allow_unlimited,
        )
    return tuple(changes)


def apply_instance(settings: Settings, wish: InstanceQuota, changes: t.Sequence[Change]) -> t.Iterator[Change]:
    """Carry the changes out one by one; yield each when it was sent.

    :raises CloudError: at the first that fails.
    """
    for change in changes:
        if change.field == "default" and wish.default is not None:
            settings.write("files", "default_quota", default_text(wish.default))
        elif change.field == "maximum" and wish.maximum is not None:
            settings.write("files", "max_quota", "" if wish.maximum.size is None else str(wish.maximum.size))
        else:
            settings.write("files", "allow_unlimited_quota", "1" if wish.allow_unlimited else "0")
        yield change


def _check_together(default: Quota | None, maximum: Quota | None, allow_unlimited: bool | None) -> None:
    if default is None:  # the cloud keeps a text that is no quota
        return
    if default.size is None and allow_unlimited is False:
        raise CloudError(
            "invalid_value",
            "Unlimited quotas are, or would be, forbidden, and the default would be unlimited: give default, too.",
        )
    if default.size is not None and maximum is not None and maximum.size is not None and default.size > maximum.size:
        raise CloudError(
            "invalid_value", f"The default would be {default.size} bytes, above the maximum of {maximum.size} bytes."
        )


def _first_preset(presets: str) -> str:
    """Return what counts as default where none is set and unlimited is forbidden."""
    offered = [text.strip() for text in (presets or _PRESETS).split(",")]
    return next((text for text in offered if text and text not in ("default", "none")), "none")
