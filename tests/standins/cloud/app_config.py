# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of apps (Nextcloud's table `appconfig`), and what those that concern accounts mean.

What was never set is absent, as on a new server; the defaults are those of the code that reads a setting
(lib/private/User/User.php, provisioning_api's UsersController, password_policy's PasswordPolicyConfig).
"""

from __future__ import annotations

from standins.cloud import php, quota
from standins.cloud.release import Release

_APPS = ("core", "dav", "files", "files_sharing", "files_trashbin", "password_policy", "provisioning_api", "settings")
_TRUE = ("1", "true", "yes", "on")


class AppConfig:
    """Texts by app and key."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._values: dict[str, dict[str, str]] = {
            app: {} if app == "core" else {"enabled": "yes", "types": ""} for app in _APPS
        }

    def apps(self) -> list[str]:
        """Apps that have settings, sorted."""
        return sorted(app for app, values in self._values.items() if values)

    def keys(self, app: str) -> list[str]:
        """The keys of an app that are set, sorted."""
        return sorted(self._values.get(app, {}))

    def get(self, app: str, key: str, default: str = "") -> str:
        """The value, or the default when it is not set."""
        return self._values.get(app, {}).get(key, default)

    def set(self, app: str, key: str, value: str | None) -> None:
        """Set a value; None removes it."""
        if value is None:
            self._values.get(app, {}).pop(key, None)
        else:
            self._values.setdefault(app, {})[key] = value

    def flag(self, app: str, key: str, default: str) -> bool:
        """A setting read as yes or no (`getValueBool`)."""
        return self.get(app, key, default).lower() in _TRUE

    @property
    def default_quota(self) -> str:
        """The quota text of accounts whose own is `default`; never rounded, unlike an account's own."""
        fallback = "none"
        if not self.unlimited_allowed:
            presets = [preset.strip() for preset in self.get("files", "quota_preset", "1 GB, 5 GB, 10 GB").split(",")]
            fallback = next((one for one in presets if one not in ("", "0", "none", "default")), "none")
        return self.get("files", "default_quota", fallback)

    @property
    def default_quota_bytes(self) -> int | float:
        """Bytes of the default quota, -3 when unlimited."""
        return quota.in_bytes(self.default_quota, exact=self.release.exact_quota)

    @property
    def max_quota(self) -> int:
        """Bytes that an account's quota must not exceed; -1: no limit. A text with a unit loses it: "10 GB" is 10."""
        return php.integer(self.get("files", "max_quota", "-1")) if self.release.quota_limits else -1

    @property
    def unlimited_allowed(self) -> bool:
        """Whether `none` may be set."""
        return not self.release.quota_limits or self.get("files", "allow_unlimited_quota", "1") == "1"

    @property
    def email_required(self) -> bool:
        """Whether an account needs an e-mail address when it is made."""
        return self.get("core", "newUser.requireEmail", "no") == "yes"

    @property
    def email_sent(self) -> bool:
        """Whether a new account with an e-mail address gets a mail."""
        return self.get("core", "newUser.sendEmail", "yes") == "yes"

    @property
    def ids_generated(self) -> bool:
        """Whether an account made without an id gets a random one."""
        return self.get("core", "newUser.generateUserID", "no") == "yes"
