# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``transport: auto``: the API reads, and writes as long as it lets us; what it does not let us do, occ does.

It does not when it answers a write with 403 although the log-in is fresh (an app password on Nextcloud 33 and later),
and when more edits are needed than its limit allows at once. Both are definite refusals, so that nothing is sent twice.
"""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import ACTIONS, API, OCC, TRANSFER_FILES
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import (
    Abilities,
    Cloud,
    GroupQuotas,
    Settings,
    TransportUsed,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import Release
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.by_api import ByApi

T = t.TypeVar("T")


class Choice:
    """Which of the two ways is taken, from any thread.

    :param api: the cloud over its API.
    :param open_occ: opens the same cloud by occ, the first time that it is needed.
    """

    def __init__(self, api: Cloud, open_occ: t.Callable[[ByApi], Cloud]) -> None:
        self._api = api
        self._open_occ = open_occ
        self._occ: Cloud | None = None
        self._by_api = ByApi(api)
        self._lock = threading.RLock()
        self._reasons: list[str] = []
        self._writes_by_occ = False
        self._edits_by_occ = False
        self._refusal: CloudError | None = None

    @property
    def api(self) -> Cloud:
        """The cloud over its API."""
        return self._api

    def read(self, ask: t.Callable[[Cloud], T]) -> T:
        """Ask the API."""
        return ask(self._api)

    def write(self, send: t.Callable[[Cloud], T], *, edit: bool = False) -> T:
        """Change something by the API, or by occ once the API has refused.

        :param edit: it is one of those that the API limits.
        """
        if not (self._writes_by_occ or (edit and self._edits_by_occ)):
            try:
                return self.read(send)
            except CloudError as error:
                if not self._turn_to_occ(error, edit=edit):
                    raise
        return send(self.occ)

    def expect_edits(self, edits: int) -> None:
        """Take occ for the edits, if there are more than the API allows at once."""
        limit = self._api.accounts.abilities.edit_limit if edits else None
        if limit is not None and edits > limit.edits and not self._edits_by_occ:
            self._edits_by_occ = True
            self._reasons.append(
                f"{edits} edits are needed, and the API allows {limit.edits} in {limit.seconds // 60} minutes"
            )

    def _turn_to_occ(self, error: CloudError, *, edit: bool) -> bool:
        """Whether a refusal of the API leaves the change to occ, for this one and those that follow."""
        if error.outcome_unknown or error.of_another:
            return False
        if error.code == "write_not_permitted":
            self._turn("_writes_by_occ", "the API does not let the acting account change accounts", error)
            return True
        if edit and error.code == "rate_limited":
            self._turn("_edits_by_occ", "the API's limit of edits is reached", error)
            return True
        return False

    def _turn(self, what: str, reason: str, error: CloudError) -> None:
        with self._lock:
            if not getattr(self, what):
                setattr(self, what, True)
                self._refusal = error
                self._reasons.append(reason)

    def by_occ_only(self, reason: str) -> Cloud:
        """Return the cloud by occ for what the API has nothing for.

        :raises CloudError: see :attr:`occ`.
        """
        with self._lock:
            if reason not in self._reasons:
                self._reasons.append(reason)
        return self.occ

    @property
    def occ(self) -> Cloud:
        """The cloud by occ.

        :raises CloudError: when it cannot be opened; its words say why occ was needed.
        """
        with self._lock:
            if self._occ is None:
                try:
                    self._occ = self._open_occ(self._by_api)
                except CloudError as error:
                    needed = "; ".join(self._reasons)
                    words = f"occ is needed, because {needed}. {error.message}" if needed else error.message
                    raise error.recoded(error.code, words, outcome_unknown=False) from self._refusal
            return self._occ

    @property
    def abilities(self) -> Abilities:
        """Those of the way that writes now."""
        if self._writes_by_occ and self._occ is not None:
            return self._occ.accounts.abilities
        abilities = self._api.accounts.abilities
        return replace(abilities, edit_limit=None) if self._edits_by_occ else abilities

    def accounts_at_once(self) -> int:
        """As many as the API takes; as many as occ does, when that does the work; one where it cannot be opened, which
        the first change tells."""
        if not (self._writes_by_occ or self._edits_by_occ):
            return self._api.accounts_at_once()
        try:
            return self.occ.accounts_at_once()
        except CloudError:
            return 1

    def transport(self) -> TransportUsed:
        """Return which way was used, see :attr:`backend.Cloud.transport`."""
        by_occ = self._writes_by_occ or self._edits_by_occ or self._occ is not None
        return TransportUsed((API, OCC) if by_occ else (API,), tuple(self._reasons))


def combined(api: Cloud, open_occ: t.Callable[[ByApi], Cloud]) -> Cloud:
    """Put a cloud together of its API and its occ.

    :param open_occ: opens it by occ, when that is needed.
    """
    choice = Choice(api, open_occ)
    return replace(
        api,
        accounts=_Accounts(choice),
        groups=_Groups(choice),
        inspection=_Inspection(choice),
        settings=_Settings(choice, api.settings) if api.settings is not None else None,
        actions={name: _action(choice, name) for name in ACTIONS if name in api.actions or name in api.on_server},
        transfer_files=_file_transfer(choice) if TRANSFER_FILES in api.on_server else None,
        on_server={},
        group_quotas=_GroupQuotas(choice, api.group_quotas) if api.group_quotas is not None else None,
        accounts_at_once=choice.accounts_at_once,
        expect_edits=choice.expect_edits,
        transport=choice.transport,
    )


def _action(choice: Choice, name: str) -> t.Callable[[str], None]:
    def act(account: str) -> None:
        if name in choice.api.actions:
            choice.write(lambda cloud: cloud.action(name)(account))
        else:
            choice.by_occ_only(f"{name} is done by occ only").action(name)(account)

    return act


def _file_transfer(choice: Choice) -> t.Callable[[str, str], None]:
    def transfer(name: str, other: str) -> None:
        choice.by_occ_only("files are handed to another account by occ only").file_transfer()(name, other)

    return transfer


class _Accounts:
    """See :class:`backend.Accounts`."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice

    @property
    def abilities(self) -> Abilities:
        return self._choice.abilities

    @property
    def may_try_passwords(self) -> bool:
        return self._choice.read(lambda cloud: cloud.accounts.may_try_passwords)

    def check_name(self, name: str) -> None:
        self._choice.api.accounts.check_name(name)

    def read(self, name: str) -> Account | None:
        return self._choice.read(lambda cloud: cloud.accounts.read(name))

    def look_up(self, name: str) -> Account | None:
        return self._choice.read(lambda cloud: cloud.accounts.look_up(name))

    def read_acting(self) -> Account | None:
        return self._choice.read(lambda cloud: cloud.accounts.read_acting())

    def create(self, wish: Wish) -> None:
        self._choice.write(lambda cloud: cloud.accounts.create(wish))

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        self._choice.write(lambda cloud: cloud.accounts.set_field(name, field, wish), edit=True)

    def set_enabled(self, name: str, enabled: bool) -> None:
        self._choice.write(lambda cloud: cloud.accounts.set_enabled(name, enabled))

    def add_group(self, name: str, group: str) -> None:
        self._choice.write(lambda cloud: cloud.accounts.add_group(name, group))

    def remove_group(self, name: str, group: str) -> None:
        self._choice.write(lambda cloud: cloud.accounts.remove_group(name, group))

    def add_group_admin(self, name: str, group: str) -> None:
        self._choice.write(lambda cloud: cloud.accounts.add_group_admin(name, group))

    def remove_group_admin(self, name: str, group: str) -> None:
        self._choice.write(lambda cloud: cloud.accounts.remove_group_admin(name, group))

    def delete(self, name: str) -> None:
        self._choice.write(lambda cloud: cloud.accounts.delete(name))

    def proves(self, name: str, password: str) -> bool:
        return self._choice.read(lambda cloud: cloud.accounts.proves(name, password))


class _Groups:
    """See :class:`backend.Groups`."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._made: set[str] = set()

    def exists(self, name: str) -> bool:
        return name in self._made or self._choice.read(lambda cloud: cloud.groups.exists(name))

    def names(self) -> list[str]:
        return self._choice.read(lambda cloud: cloud.groups.names())

    def read(self, name: str) -> Group | None:
        return self._choice.read(lambda cloud: cloud.groups.read(name))

    def create(self, name: str, display_name: str | None = None) -> bool:
        made = self._choice.write(lambda cloud: cloud.groups.create(name, display_name))
        self._made.add(name)
        return made

    def rename(self, name: str, display_name: str) -> None:
        self._choice.write(lambda cloud: cloud.groups.rename(name, display_name))

    def delete(self, name: str) -> None:
        self._choice.write(lambda cloud: cloud.groups.delete(name))
        self._made.discard(name)

    def members(self, name: str) -> frozenset[str]:
        return self._choice.read(lambda cloud: cloud.groups.members(name))


class _Inspection:
    """See :class:`backend.Inspection`."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice

    def read_capabilities(self) -> dict[str, t.Any]:
        return self._choice.read(lambda cloud: cloud.inspection.read_capabilities())

    def prove_write(self) -> None:
        self._choice.write(lambda cloud: cloud.inspection.prove_write())

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return self._choice.read(lambda cloud: cloud.inspection.limits(capabilities))

    def free_space(self) -> int | None:
        return self._choice.read(lambda cloud: cloud.inspection.free_space())


class _Settings:
    """See :class:`backend.Settings`."""

    def __init__(self, choice: Choice, api: Settings) -> None:
        self._choice = choice
        self._api = api

    @property
    def release(self) -> Release:
        return self._api.release

    def read(self, app: str, key: str) -> str:
        return self._choice.read(lambda cloud: self._api.read(app, key))

    def read_if_told(self, app: str, key: str) -> str | None:
        return self._choice.read(lambda cloud: self._api.read_if_told(app, key))

    def write(self, app: str, key: str, value: str) -> None:
        self._choice.write(lambda cloud: _settings_of(cloud).write(app, key, value))

    def mails_new_accounts(self) -> bool | None:
        return self._choice.read(lambda cloud: self._api.mails_new_accounts())


def _settings_of(cloud: Cloud) -> Settings:
    if cloud.settings is None:
        raise CloudError("unsupported", "Settings of apps are set by the API only.")
    return cloud.settings


class _GroupQuotas:
    """See :class:`backend.GroupQuotas`."""

    def __init__(self, choice: Choice, api: GroupQuotas) -> None:
        self._choice = choice
        self._api = api

    def read(self, group: str) -> Quota | None:
        return self._choice.read(lambda cloud: self._api.read(group))

    def set(self, group: str, quota: Quota) -> None:
        self._choice.write(lambda cloud: _group_quotas_of(cloud).set(group, quota))


def _group_quotas_of(cloud: Cloud) -> GroupQuotas:
    if cloud.group_quotas is None:
        raise CloudError("unsupported", "Quotas of groups are set by the API only.")
    return cloud.group_quotas
