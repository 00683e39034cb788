# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of cloud offers to the modules: its accounts, its groups, and what can be found out about it.

A backend sends requests and raises :class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says
that a change may have taken effect. It decides nothing; what differs between products beyond the requests themselves is
said in its :class:`Abilities`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import API, TRANSFER_FILES
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.group_plan import Group
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.release import Release


@dataclass(frozen=True)
class EditLimit:
    """How often one acting account may set fields of existing accounts; everything else is not limited."""

    edits: int
    seconds: int

    def warning(self, planned: int) -> str:
        """Say what becomes of more edits than that, in a task that plans so many."""
        runs = -(-planned // self.edits) - 1
        return (
            f"{planned} edits are planned; the cloud allows {self.edits} in {self.seconds // 60} minutes to one acting"
            " account (old releases of Nextcloud any number). Quotas come first; the rest needs about"
            f" {runs} further run{'s' if runs > 1 else ''}, {self.seconds // 60} minutes apart"
        )


GIVE_LOG_IN = "Give api_url, api_username and api_password as well: then the API does it."
"""What to do where occ alone has nothing for a wish."""


@dataclass(frozen=True)
class Abilities:
    """What a product can do with accounts. Fields are those of a plan."""

    product: str
    """Its name, for messages."""
    created_with: frozenset[str]
    """The fields that the creation of an account sets; all others are set one by one afterwards."""
    cannot: frozenset[str] = frozenset()
    """The options of an account that the product has nothing for; asking for one is an error."""
    api_only: frozenset[str] = frozenset()
    """Those of them that the API of the product has, which no log-in was given for."""
    ignores: frozenset[str] = frozenset()
    """Those of which it has nothing either, and whose lack harms nobody: they are left alone with a warning."""
    creates_at_once: bool = False
    """A creation whose caller is gone has ended: no account is met half-made."""
    removes_emails: bool = True
    """Whether an account that has an e-mail address can be left without one."""
    smallest_quota: int = 0
    """The smallest quota that an account can have, in bytes."""
    longest_display_name: int | None = None
    """How many characters a display name may have at most; None: the cloud itself says when one is too long."""
    edit_limit: EditLimit | None = None
    """None: there is none."""
    example_files: int | None = None
    """Bytes of the files that an account gets with its first log-in, which fails when its quota is smaller; None: that
    is not known. Those of Nextcloud 31 are 17,544,006 bytes (17: 6,264,618), so 20 MiB leave room for later ones."""
    group_display_names: bool = True
    """Whether a group can have a display name besides its name."""


class Accounts(t.Protocol):
    """The accounts of one cloud, seen by an administrator."""

    @property
    def abilities(self) -> Abilities:
        """What the product can do. May send a request, the first time."""

    @property
    def may_try_passwords(self) -> bool:
        """Whether the cloud takes passwords, and another failed log-in would be harmless. May send a request."""

    def check_name(self, name: str) -> None:
        """Check a name by the product's rules, without a request.

        :raises CloudError: ``invalid_name``.
        """

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators and the acting account.
        """

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud answers with an account in another notation.
        """

    def read_acting(self) -> Account | None:
        """Return the account that is logged in, which need not be allowed to read others; None: nobody is (occ)."""

    def create(self, wish: Wish) -> None:
        """Create an account with the fields that a creation sets. Without a password it is invited by e-mail."""

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set ``quota``, ``email``, ``display_name``, ``language``, ``manager`` or ``password`` to what is wished.

        :raises CloudError: ``not_yet`` when it cannot be set before the account has logged in.
        """

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account."""

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group. A membership that exists already is fine."""

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group. One that is gone already is fine."""

    def add_group_admin(self, name: str, group: str) -> None:
        """Make an account an administrator of a group."""

    def remove_group_admin(self, name: str, group: str) -> None:
        """End an account's rights over a group; an account that has none is fine."""

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""

    def proves(self, name: str, password: str) -> bool:
        """Whether one log-in with this name and password succeeds.

        :raises CloudError: ``rate_limited``, without a log-in, after too many failed ones in this task; or a fault that
            says nothing about the password.
        """


class Groups(t.Protocol):
    """The groups of one cloud."""

    def exists(self, name: str) -> bool:
        """Whether there is a group of exactly this name. It is asked once; groups made here are known."""

    def names(self) -> list[str]:
        """Return the names of all groups, sorted."""

    def read(self, name: str) -> Group | None:
        """Return a group with its display name, or None when there is none of exactly this name."""

    def create(self, name: str, display_name: str | None = None) -> bool:
        """Create a group. Returns False when there is one already."""

    def rename(self, name: str, display_name: str) -> None:
        """Set the display name of a group; its name stays."""

    def delete(self, name: str) -> None:
        """Delete a group; the accounts of its members stay. One that is gone already is fine."""

    def members(self, name: str) -> frozenset[str]:
        """Return the names of all members.

        :raises CloudError: ``group_missing``.
        """


class GroupQuotas(t.Protocol):
    """Quotas that all members of a group share."""

    def read(self, group: str) -> Quota | None:
        """Return the quota kept for a name, whether there is a group of it or not. None: a text that is none.

        :raises CloudError: ``unsupported`` when the cloud has no such quotas now; ``invalid_value`` for a name that
            cannot have one.
        """

    def set(self, group: str, quota: Quota) -> None:
        """Set the quota of a group."""


class Settings(t.Protocol):
    """The settings that the apps of a Nextcloud keep."""

    @property
    def release(self) -> Release:
        """The cloud's release, which decides what a setting means."""

    def read(self, app: str, key: str) -> str:
        """Return a setting as text; empty when it is not set. It is asked for once."""

    def read_if_told(self, app: str, key: str) -> str | None:
        """The same, or None when this cloud does not tell it."""

    def write(self, app: str, key: str, value: str) -> None:
        """Set a setting; an empty value removes it."""

    def mails_new_accounts(self) -> bool | None:
        """Whether the cloud writes to the e-mail address of a new account; None: it does not tell."""


@dataclass
class Listing:
    """The accounts that were found."""

    accounts: list[Account] = field(default_factory=list)
    """Sorted by name."""
    unreadable: list[str] = field(default_factory=list)
    """Names that the cloud lists without showing the account (remnants of LDAP accounts, for instance)."""
    use_left_out: bool = False
    """The space in use is not in it; an account that is looked up for itself may show it."""


class Inspection(t.Protocol):
    """What can be found out about a cloud. Nothing is changed by it."""

    def read_capabilities(self) -> dict[str, t.Any]:
        """Return the capabilities that the cloud announces, as its own object."""

    def prove_write(self) -> None:
        """Send a writing request that can have no effect.

        :raises CloudError: ``write_not_permitted`` when the acting account may not change accounts.
        """

    def limits(self, capabilities: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return what limits accounts; ``unknown`` and None stand for what the cloud does not tell.

        Keys: ``quota_default``, ``quota_maximum``, ``quota_allow_unlimited``, ``password_min_length``,
        ``email_required``, ``mails_new_accounts``, ``login_delay_milliseconds``.
        """

    def free_space(self) -> int | None:
        """Return the free bytes of the cloud's disk, or None where it does not tell."""


class ListAccounts(t.Protocol):
    """Reads many accounts of a cloud."""

    def __call__(
        self,
        *,
        search: str | None = None,
        group: str | None = None,
        progress: t.Callable[[str], object] = lambda text: None,
    ) -> Listing:
        """Read the accounts: all, those of a group, or those that a search finds; not both.

        :param search: a part of name, display name or e-mail address.
        :param group: only members of this group.
        :param progress: is told how far it is.
        :raises CloudError: ``group_missing``, and for every answer that is not one: there is no listing with gaps.
        """


@dataclass(frozen=True)
class TransportUsed:
    """Which way a cloud was spoken to, and why."""

    ways: tuple[str, ...] = (API,)
    """``api``, ``occ`` or both, in the order of their use."""
    reasons: tuple[str, ...] = ()
    """Why not only the one that was asked for, in words."""

    def shown(self) -> dict[str, t.Any]:
        """Return the item ``transport`` of a result."""
        return {"used": list(self.ways), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Cloud:
    """One cloud, as the modules see it: its parts share one log-in."""

    dialect: str
    """One of ``dialect.DIALECTS``."""
    accounts: Accounts
    groups: Groups
    inspection: Inspection
    list_accounts: ListAccounts
    settings: Settings | None = None
    """The settings of its apps; None: the product shows none by its API."""
    warnings: tuple[str, ...] = ()
    """What should be known of the connection."""
    credentials_end: t.Callable[[], datetime | None] = lambda: None
    """Asks when the log-in ends; None: never, or the cloud does not tell."""
    quota_waits: t.Callable[[str, str | None], bool] = lambda name, password: False
    """Asks whether the quota of an account, by its name, cannot be set before its first log-in, and no log-in can be
    tried with what is known: its password, or None."""
    actions: t.Mapping[str, t.Callable[[str], None]] = field(default_factory=dict)
    """What the product can do to an account beyond making it what it should be, by the names of
    ``argument_spec.ACTIONS``. Each is given the name of an account, sends one request and leaves no trace that could be
    read back; it raises :class:`CloudError` as those of :class:`Accounts` do."""
    on_server: t.Mapping[str, str] = field(default_factory=dict)
    """How actions, and ``transfer_files_to``, that the product's API does not have are done on its server, in words."""
    transfer_files: t.Callable[[str, str], None] | None = None
    """Makes the files of an account, named first, those of another one. None: the product has nothing for it, but see
    ``on_server``."""
    group_quotas: GroupQuotas | None = None
    """None: the product has no quotas of groups."""
    accounts_at_once: t.Callable[[], int] = lambda: 1
    """Asks how many accounts may be worked on at the same time, each in a thread of its own."""
    stop: t.Callable[[CloudError], None] = lambda fault: None
    """Told the fault that ends the task. A backend may send nothing any more then, and raise that fault instead."""
    prepare: t.Callable[[t.Sequence[Wish]], None] = lambda wishes: None
    """Told which accounts are going to be read first, and what is wished of them: a backend may read all in one go.
    What it could not read is read one by one, so it raises :class:`CloudError` only for what makes that pointless, or
    harmful: a log-in that is refused must not be tried again."""
    only_reads: t.Callable[[], None] = lambda: None
    """Told that nothing is going to be changed, so that no change tells what a list did not."""
    expect_edits: t.Callable[[int], None] = lambda edits: None
    """Told how many edits are planned, before the first of them is sent."""
    transport: t.Callable[[], TransportUsed] = TransportUsed
    """Asks which way was used so far."""

    def action(self, name: str) -> t.Callable[[str], None]:
        """Return one of the actions.

        :raises CloudError: ``unsupported`` when the product has nothing for it, with what can be done on its server.
        """
        found = self.actions.get(name)
        if found is None:
            raise self._unsupported(name)
        return found

    def file_transfer(self) -> t.Callable[[str, str], None]:
        """Return what makes the files of one account those of another one.

        :raises CloudError: as :meth:`action`.
        """
        if self.transfer_files is None:
            raise self._unsupported(TRANSFER_FILES)
        return self.transfer_files

    def _unsupported(self, name: str) -> CloudError:
        product = self.accounts.abilities.product
        if name in self.on_server:
            return CloudError("unsupported", f"{product} has {name} on its server only: {self.on_server[name]}.")
        return CloudError("unsupported", f"{product} has nothing for {name}.")
