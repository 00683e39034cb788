# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out the plan of one account.

Every write is sent at most once; when its outcome is unknown, the account is read.
"""

from __future__ import annotations

import time
import typing as t
from functools import partial

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import WIPE_DEVICES
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import FINAL, CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.plan import (
    CREATE,
    DELETE,
    DEVICES,
    UPDATE,
    Change,
    Plan,
    make_plan,
    same_email,
)
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ownership import (
    is_half_made,
    read_completed,
    require_proof,
    tries_password,
)

DELETE_POLLS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between the reads after a deletion whose end was not seen: two minutes in all."""

_Send = t.Callable[[], None]
_Shown = t.Callable[[Account], bool]


class Application:
    """The plan of one account being carried out.

    :param sleep: waits so many seconds.

    After :meth:`run_round`, whether it raised or not, ``account`` is the account as last read, ``written`` whether
    anything was changed (as far as known), ``warnings`` what else a person should know, and ``pending`` the fields that
    cannot be set yet: a later run sets them.
    """

    def __init__(
        self,
        cloud: Cloud,
        wish: Wish,
        current: Account | None,
        plan: Plan,
        *,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._cloud = cloud
        self._accounts = cloud.accounts
        self._wish = wish
        self._plan = plan
        self._sleep = sleep
        self._unread = False
        self._password_proven = False
        self._failed: tuple[Change, CloudError] | None = None
        self.account = current
        self.written = False
        self.warnings: list[str] = []
        self.pending: list[str] = []

    def run_round(self, number: int) -> None:
        """Carry out the changes of a round of the plan; after the last one that has any, read back.

        :raises CloudError: at the first change that failed; when the account is not as wished after the last round.
        """
        if self._plan.action == DELETE:
            self._hand_over()
            self._delete()
        elif self._plan.action == CREATE:
            self._create()
        else:
            self._write(self._plan.in_round(number), made_now=False, last=number == self._plan.last_round)

    # update

    def _write(self, changes: t.Sequence[Change], *, made_now: bool, last: bool = True) -> None:
        """Carry out changes one after the other and read back once.

        :param last: no more changes are to come; otherwise there is nothing to be read yet.
        :raises CloudError: at the first change that failed, after reading back what the others did.
        """
        failure: CloudError | None = None
        for change in self._in_order(changes):
            try:
                self._write_one(change, made_now=made_now)
            except CloudError as error:
                if error.cloud_wide:
                    raise
                failure = failure or error
                self._failed = self._failed or (change, error)
                if change.field == DEVICES and error.kind == FINAL and error.code != "account_missing":
                    continue  # whoever is to be shut out is, whatever becomes of the devices
                break
        if self._unread and (last or failure is not None):
            try:
                self._read_back()
            except CloudError as error:
                if failure is None or error.cloud_wide:
                    raise
        if failure is not None:
            raise failure
        if not last:
            return
        if self.account is None:
            raise CloudError("not_verified", "The account is gone.")
        self._verify(made_now=made_now)

    def _in_order(self, changes: t.Sequence[Change]) -> t.Sequence[Change]:
        """Return changes in the order of the plan, or in another where a creation does not set the e-mail address.

        The address then comes after all that only a new account gets. So whenever a run is killed, an account that has
        its address lacks nothing that no later run would set (:func:`is_half_made`). Groups are last: where they cannot
        be given, the rest is done.
        """
        if "email" in self._accounts.abilities.created_with:
            return changes
        after = {"email": 1, "groups": 2, "group_admin_of": 2}
        return sorted(changes, key=lambda change: after.get(change.field, 0))

    def _write_one(self, change: Change, *, made_now: bool) -> None:
        for send, shown in self._requests(change, made_now=made_now):
            try:
                send()
            except CloudError as error:
                if error.code == "not_yet":
                    self.pending.append(change.field)
                    return
                if not error.outcome_unknown:
                    raise
                self.written = True  # as far as anybody knows
                account = self._read_back(error)
                if account is None or not shown(account):
                    raise
            else:
                self.written = self._unread = True

    def _requests(self, change: Change, *, made_now: bool) -> t.Iterator[tuple[_Send, _Shown]]:
        """Yield the requests of one change, each with what tells whether an account shows its effect."""
        accounts, wish, name = self._accounts, self._wish, self._wish.name
        if change.field == DEVICES:
            yield partial(self._cloud.action(WIPE_DEVICES), name), lambda account: False  # nothing shows it
            return
        if change.field in ("groups", "group_admin_of"):
            of_groups = change.field == "groups"
            add, remove = (
                (accounts.add_group, accounts.remove_group)
                if of_groups
                else (accounts.add_group_admin, accounts.remove_group_admin)
            )
            for group in sorted(set(change.after) - set(change.before)):
                yield partial(add, name, group), partial(_has_group, change.field, group, True)
            for group in sorted(set(change.before) - set(change.after)):
                yield partial(remove, name, group), partial(_has_group, change.field, group, False)
            return

        def shown(account: Account) -> bool:
            if change.field == "password":  # an account does not tell its password
                self._password_proven = account.enabled and self._password_works()
                return self._password_proven
            return change.field not in make_plan(account, wish, made_now=made_now).fields

        if change.field == "enabled":
            yield partial(accounts.set_enabled, name, change.after), shown
        else:
            yield partial(accounts.set_field, name, change.field, wish), shown

    def _verify(self, *, made_now: bool) -> None:
        """Compare what was read back with the wish."""
        planned = make_plan(self.account, self._wish, made_now=made_now).fields
        missing = [field for field in planned if field not in self.pending]
        if "quota" in missing and self.account is not None and self.account.quota is None:
            missing.remove("quota")
            self.warnings.append("the quota was accepted, but the cloud does not tell what it is now")
        if missing:
            raise CloudError("not_verified", "These fields differ still: {}.".format(", ".join(missing)))
        if self._plan.action == UPDATE and "password" in self._plan.fields and not self._password_proven:
            self._verify_password()

    def _password_works(self) -> bool:
        """Whether a log-in shows it; a fault that keeps it from being tried shows nothing."""
        try:
            return tries_password(self._accounts, self._wish.name, self._wish.password or "") is True
        except CloudError:  # the outcome stays unknown, which the caller's own error says
            return False

    def _verify_password(self) -> None:
        """Log in with the password that was set. A failure is no proof: a second factor can be the cause."""
        if self.account is None or not self.account.enabled:
            self.warnings.append("the password was set; the account is disabled, so no log-in could show that it works")
            return
        proven = tries_password(self._accounts, self._wish.name, self._wish.password or "")
        if proven is None:
            self.warnings.append(
                "the password was set; it could not be tried, because the cloud takes no passwords, or too many log-ins"
                " failed in this task"
            )
        elif not proven:
            self.warnings.append(
                "the cloud accepted the password, but a log-in with it fails: a second factor, or an app that keeps"
                " this account out, may be the cause; the next run sets it again"
            )

    def _read_back(self, fault: CloudError | None = None) -> Account | None:
        """Read the account again.

        :param fault: the unknown outcome that is to be settled by reading.
        """
        self._unread = False  # a failed read is not repeated either
        try:
            self.account = self._accounts.read(self._wish.name)
        except CloudError as error:
            if fault is None or error.cloud_wide or error.kind == FINAL:
                raise
            message = f"{fault.message} Reading the account afterwards failed: {error.message or error.code}"
            raise fault.recoded("outcome_unknown", message, outcome_unknown=True) from error
        return self.account

    # creation

    def _create(self) -> None:
        try:
            self._accounts.create(self._wish)
        except CloudError as error:
            if error.cloud_wide or error.code == "rate_limited":
                raise
            self._settle_creation(error)
        else:
            self.written = True
            account = self._read_back()
            if account is None:
                raise CloudError("not_verified", "The account does not exist after its creation.")
            created_with = self._accounts.abilities.created_with
            changes = make_plan(account, self._wish, made_now=True).changes
            further = [change for change in changes if change.field not in created_with]
            if further:
                self._complete(further)
            else:
                self._verify(made_now=True)

    def _settle_creation(self, refusal: CloudError) -> None:
        """After a creation that was refused, or whose outcome is unknown: find out what is, and mend it if it is ours.

        Creation is not atomic: a bad quota or language is refused, yet the account exists.
        """
        if refusal.request is None and not refusal.outcome_unknown:
            raise refusal  # nothing was sent: what has this name now is somebody else's
        self.written = True  # until it is known better
        try:
            account = self._read_back(refusal)
        except CloudError as error:
            self.written = error.code not in ("account_conflict", "protected_account")
            raise
        if account is None:
            self.written = False
            if not refusal.outcome_unknown:
                raise refusal
            message = f"{refusal.message} The account does not exist now."
            raise refusal.recoded("outcome_unknown", message.strip(), outcome_unknown=True)
        taken = refusal.code == "account_conflict" and not refusal.outcome_unknown
        if taken:  # perhaps by an earlier run of ours that was killed a moment ago
            self.account = account = read_completed(self._accounts, account, self._wish, self._sleep)
            if account is None:
                self.written = False
                raise refusal
        unused = account.last_login is None and (not account.email or same_email(account.email, self._wish.email))
        if self._wish.invite and not taken and not refusal.outcome_unknown and unused:
            # It was not there a moment ago, the cloud has refused it, and nobody was told of it: it would be open for
            # nobody, and no later run could prove it ours. Old releases set the address and refuse at the mail.
            self._take_back(refusal)
        try:
            require_proof(self._accounts, account, self._wish, email=taken)
        except CloudError as error:
            if taken or error.code != "account_conflict":
                self.written = not taken
                raise
            untried = not self._accounts.may_try_passwords  # the cloud takes none
            # It did not exist a moment ago: most likely it is ours, so it is no conflict; but it cannot be shown.
            message = f"{refusal.message} The account exists now and could not be proven ours: {error.message}"
            self.written = untried or self._wish.invite  # as far as anybody knows
            if self._wish.invite:
                message += " If its invitation was not sent, delete the account and run again."
            raise refusal.recoded("outcome_unknown", message.strip(), outcome_unknown=True) from error
        self.written = not taken
        made_now = not taken or is_half_made(self._accounts, account, self._wish)
        changes = make_plan(account, self._wish, made_now=made_now).changes
        if taken or refusal.outcome_unknown:
            self._write(changes, made_now=made_now)
        else:
            self._complete(changes, refusal)
            self.warnings.append(
                f"the cloud refused a part of the creation ({refusal.message}); it was done afterwards"
            )

    def _complete(self, changes: t.Sequence[Change], refusal: CloudError | None = None) -> None:
        """Complete an account that was made a moment ago; remove it if that is impossible.

        The e-mail address comes first, but see :meth:`_in_order`: with it a later run can prove the account ours. A
        group that cannot be given is never a reason to delete.

        :param refusal: the cloud made it although it refused the creation.
        """
        ordered = sorted(changes, key=lambda change: change.field != "email")
        try:
            self._write(ordered, made_now=True)
        except CloudError as error:
            failed = self._failed[0].field if self._failed is not None and self._failed[1] is error else None
            if failed in (None, "groups", "group_admin_of") or error.kind != FINAL or error.code == "account_missing":
                raise
            if refusal is not None:
                words = error.message
                if not words.startswith(refusal.message):
                    words = f"{refusal.message} Setting {failed} afterwards failed: {words or error.code}"
                error = refusal.recoded(refusal.code, words.strip(), outcome_unknown=False)
            self._take_back(error)

    def _take_back(self, refusal: CloudError) -> t.NoReturn:
        """Delete the account that this very task made and proved ours; report why."""
        try:
            self._delete()
        except CloudError as error:
            message = f"{refusal.message} The half-made account could not be removed: {error.message or error.code}"
            raise refusal.recoded(refusal.code, message, outcome_unknown=error.outcome_unknown) from error
        self.written = False
        raise refusal

    # deletion

    def _hand_over(self) -> None:
        """Have another account get the files, if it should.

        :raises CloudError: when it was not done, or nobody knows; the account is not to be deleted then.
        """
        receiver = self._wish.transfer_files_to
        if receiver is None:
            return
        try:
            self._cloud.file_transfer()(self._wish.name, receiver)
        except CloudError as error:
            self.written = error.outcome_unknown
            message = f"Its files were not transferred to {receiver}, so it was not deleted. {error.message}"
            raise error.recoded(error.code, message.strip(), outcome_unknown=error.outcome_unknown) from error
        self.written = True

    def _delete(self) -> None:
        try:
            self._accounts.delete(self._wish.name)
        except CloudError as error:
            if not error.outcome_unknown:
                raise
            self.written = True  # as far as anybody knows
            self._await_deletion(error)
        else:
            self.written = True
            if self._read_back() is not None:
                raise CloudError("not_verified", "The account exists still.")

    def _await_deletion(self, fault: CloudError) -> None:
        """Read until the account is gone; big accounts are deleted on after the answer timed out."""
        ended = fault.ocs_code is not None  # the cloud itself answered, so it is not busy with it any more
        for seconds in (0.0,) if ended else (0.0, *DELETE_POLLS):
            self._sleep(seconds)
            if self._read_back(fault) is None:
                return
        raise fault.recoded(
            "outcome_unknown", (f"{fault.message} The account exists still.").strip(), outcome_unknown=True
        )


def _has_group(field: str, group: str, wanted: bool, account: Account) -> bool:
    return (group in getattr(account, field)) is wanted
