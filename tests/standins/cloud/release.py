# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between releases of Nextcloud, as far as recordings show it; the table is in `releases`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from standins.cloud.files import Skeleton
from standins.cloud.ocs import OcsError


@dataclass(frozen=True)
class Refusal:
    """A refusal: OCS code and text. The text may have places such as {name}. early: see `OcsError`."""

    code: int
    text: str = ""
    early: bool = False

    def error(self, **places: str) -> OcsError:
        """The error to raise."""
        return OcsError(self.code, self.text.format(**places), early=self.early)


@dataclass(frozen=True)
class Refusals:
    """Refusals whose code or text differs between releases, by what is wrong.

    unexpected: what the server itself does not expect. out_of_reach: an account that the acting one may not manage,
    and, for edits, one that does not exist. The `managed` groups are those that a group admin manages.
    """

    unexpected: Refusal
    not_subadmin: Refusal
    not_admin: Refusal
    not_plain_admin: Refusal
    not_delegated: Refusal
    not_confirmed: Refusal
    out_of_reach: Refusal
    unknown_on_delete: Refusal
    bad_id: Refusal
    no_password_nor_email: Refusal
    unknown_group: Refusal
    foreign_group: Refusal
    no_group: Refusal
    unknown_managed_group: Refusal
    admin_as_managed_group: Refusal
    foreign_managed_group: Refusal
    not_managing: Refusal
    own_managed_group: Refusal
    last_managed_group: Refusal
    fixed_key: Refusal
    bad_display_name: Refusal
    bad_email: Refusal
    bad_language: Refusal
    bad_locale: Refusal
    bad_quota: Refusal
    fixed_password: Refusal
    weak_password: Refusal


@dataclass(frozen=True)
class DavTexts:
    """What WebDAV tells. maintenance: exception and message. root: the path of the account's folder in the message that
    a file does not fit."""

    disabled: str
    maintenance: tuple[str, str]
    root: str


@dataclass(frozen=True)
class Release:
    """One release of Nextcloud.

    version: of four parts. missing_routes: method and path (see `api`) of what it does not have.

    legacy_router: answers that no controller gives (`OcsError.early`) are made by `ocs.legacy_router_answer`.
    maintenance_header: answers in maintenance say so in a header. brief_capabilities: nothing is told of the app
    provisioning_api, nor of one policy for each use of passwords. wrong_login_is_none: whoever logs in wrongly is
    taken for somebody who did not log in, and never blocked. edits_limited: 50 edits in ten minutes, no more.

    hidden_fields: of account records, what it does not have. scopes: records of oneself tell whom the fields of the
    profile are shown to. enabled_for_managers: only those who may manage an account see whether it is enabled.
    storage_for_all: not only administrators see where its files are. own_display_name: what the field `displayname`
    is called in `GET user`. storage_quota: quota as the account's storage tells it (`records`). profile: fields of
    the profile and their scopes. further_keys: what else may be edited, beyond what all releases have. phone_checked:
    a telephone number must be one.

    default_language: of accounts that have none of their own. group_names: a group may have another name than its id.
    creation_undone: a bad display name takes a new account back. broken_by_bad_email: an e-mail address of a new
    account that is none is stored, and answered with `unexpected`. max_password: bytes. min_password: characters,
    unless it was set. short_hint: that a password is too short. skeleton: example files of new accounts.

    quota_limits: it knows the settings `max_quota` and `allow_unlimited_quota`. negative_quota_is_zero: or else it
    breaks. exact_quota: see `quota.in_bytes`.
    """

    version: tuple[int, int, int, int]
    refusals: Refusals
    missing_routes: frozenset[tuple[str, str]]
    legacy_router: bool
    maintenance_header: bool
    brief_capabilities: bool
    wrong_login_is_none: bool
    edits_limited: bool
    hidden_fields: frozenset[str]
    scopes: bool
    enabled_for_managers: bool
    storage_for_all: bool
    own_display_name: str
    storage_quota: bool
    profile: Mapping[str, str]
    further_keys: frozenset[str]
    phone_checked: bool
    default_language: str
    group_names: bool
    creation_undone: bool
    broken_by_bad_email: bool
    quota_limits: bool
    negative_quota_is_zero: bool
    exact_quota: bool
    max_password: int | None
    min_password: int
    short_hint: str
    skeleton: Skeleton
    dav: DavTexts

    @property
    def version_text(self) -> str:
        """The version as people write it, without the last part."""
        return ".".join(str(part) for part in self.version[:3])

    @property
    def full_version(self) -> str:
        """The version with all its parts."""
        return ".".join(str(part) for part in self.version)
