# SPDX-License-Identifier: GPL-3.0-or-later
"""One account, and the backend it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from standins.cloud import quota
from standins.cloud.app_config import AppConfig
from standins.cloud.files import Files
from standins.cloud.release import Release


@dataclass(frozen=True)
class Backend:
    """Where accounts come from. name: as records show it; the others say what may be changed from here."""

    name: str
    set_display_name: bool = False
    set_password: bool = False
    delete: bool = False


DATABASE = Backend("Database", set_display_name=True, set_password=True, delete=True)


@dataclass(frozen=True)
class AppPassword:
    """What is known of an app password. id: unique in the cloud; last_activity: seconds since 1970."""

    id: int
    name: str
    last_activity: int


@dataclass(slots=True)
class Account:
    """One account. `chosen_name` is None until a display name was set; quota is the stored text, and so is language,
    which is empty until it was set.

    profile: fields that were edited. preferences: further settings, by app and key. app_passwords: by the password.
    second_factors: whether each provider is enabled, of those that know the account. invited: a mail with a link to
    set the password was sent. gone: its backend knows it no more, so lists still have its id while nothing else finds
    it. created: seconds since 1970.
    """

    id: str
    password: str
    config: AppConfig = field(repr=False)
    backend: Backend = DATABASE
    enabled: bool = True
    gone: bool = False
    invited: bool = False
    chosen_name: str | None = None
    email: str | None = None
    language: str = ""
    locale: str = ""
    quota: str = "default"
    manager: str = ""
    notify_email: str | None = None
    additional_mail: list[str] = field(default_factory=list)
    profile: dict[str, str] = field(default_factory=dict)
    preferences: dict[str, dict[str, str]] = field(default_factory=dict)
    app_passwords: dict[str, AppPassword] = field(default_factory=dict)
    second_factors: dict[str, bool] = field(default_factory=dict)
    created: int = 0
    first_login: int = 0
    last_login: int = 0
    files: Files = field(default_factory=Files)

    @property
    def release(self) -> Release:
        """The release of the cloud that it is an account of."""
        return self.config.release

    @property
    def display_name(self) -> str:
        """The chosen name, or the id."""
        return self.chosen_name or self.id

    @property
    def language_shown(self) -> str:
        """The language as records show it."""
        return self.language or self.release.default_language

    @property
    def quota_bytes(self) -> int | float:
        """Bytes of the quota in force, -3 when unlimited."""
        if self.quota == "default":
            return self.config.default_quota_bytes
        return quota.in_bytes(self.quota, exact=self.release.exact_quota)

    def profile_value(self, name: str) -> str:
        """A field of the profile."""
        return self.profile.get(name, "1" if name == "profile_enabled" else "")

    def matches(self, text: str) -> bool:
        """Nextcloud's search: part of id, display name or e-mail, ignoring case. text: in lower case."""
        return any(text in value.lower() for value in (self.id, self.chosen_name or "", self.email or ""))
