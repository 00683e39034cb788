# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a Nextcloud: one method for each call of its provisioning API.

Every method sends one request, and where a refusal does not tell what is wrong another one to find out. It raises
:class:`CloudError`: a definite refusal, or a fault whose ``outcome_unknown`` says that the change may have taken
effect. Nothing here decides what to do then.
Codes: Nextcloud 31 and 26, ``apps/provisioning_api/lib/Controller/{Users,Groups}Controller.php``, and recorded answers
of 31 and 17.
"""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace
from urllib.parse import quote

from ansible_collections.bill.nextcloud.plugins.module_utils.account import Account, check_name, quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import sent_text
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Abilities, EditLimit, Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.listed import Listed
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.instance_quota import limit_words
from ansible_collections.bill.nextcloud.plugins.plugin_utils.ocs import UNAUTHORISED, Reply, require
from ansible_collections.bill.nextcloud.plugins.plugin_utils.proofs import Proofs
from ansible_collections.bill.nextcloud.plugins.plugin_utils.session import Session

API = "/ocs/v2.php/cloud"
"""The provisioning API, below the cloud's root."""

CREATE_SECONDS = 120.0
"""A welcome mail is sent within the request."""
DELETE_SECONDS = 600.0
"""The files are deleted within the request."""

NAME_TAKEN = 102
_NAME_NOT_TAKEN = {"Invalid ": "invalid_value", "Unlimited quota ": "invalid_value", "Subadmin group ": "group_missing"}
"""How answers begin that have the same code, up to release 27, and what they mean. They are never translated there."""
_ACCOUNT_LIMIT = "user limit has been reached"
"""OC\\Support\\Subscription\\Assertion. Its code, 107, is that of a bad password; translated, only the words tell."""
_MAIL_NOT_SENT = 109
"""What old releases say when the mail to a new account failed, and others of a missing group to administer."""

# own code of the call -> code of errors.TABLE; anything else is "refused"
_CREATE = {
    101: "invalid_value",
    NAME_TAKEN: "account_conflict",
    103: "invalid_value",
    104: "group_missing",
    107: "password_refused",
    108: "password_refused",
    109: "group_missing",
    110: "invalid_value",
    111: "backend_refused",
    112: "backend_refused",
}
_EDIT = {
    101: "invalid_value",
    102: "invalid_value",  # up to release 27
    103: "invalid_value",  # the same: a bad quota (17), or a field that is not to be set
    107: "password_refused",
    112: "backend_refused",
    113: "invalid_value",
}
_EDIT_PASSWORD = {**_EDIT, 101: "password_refused", 103: "password_refused"}
_ENABLE = {101: "account_missing"}  # for the acting account, too, but that is never asked for
_GROUP = {101: "invalid_value", 102: "group_missing", 103: "account_missing"}
_ADD_GROUP_ADMIN = {101: "account_missing", 102: "group_missing", 103: "invalid_value"}
_NO_GROUP_ADMIN = 102
_NOT_DELETED = 101

_MISSING = 404
_LISTS = ("details", "disabled", "recent")  # GET users/{id} is another call for these: such an account cannot be read

_KEYS = {
    "quota": "quota",
    "email": "email",
    "display_name": "displayname",
    "language": "language",
    "manager": "manager",
    "password": "password",
}
"""Field of an account -> key of ``PUT users/{id}``."""


_ABILITIES = Abilities(
    "Nextcloud",
    frozenset({"enabled", "groups", "group_admin_of", "quota", "email", "display_name", "language", "manager"}),
    longest_display_name=64,  # OC\\User\\Database::setDisplayName; 17 fails on a longer one without saying why
    edit_limit=EditLimit(50, 600),
    example_files=20 * 1024**2,
)
_WITHOUT_MANAGER = replace(_ABILITIES, product="This release of Nextcloud", cannot=frozenset({"manager"}))


class NextcloudAccounts:
    """The accounts of one Nextcloud, see :class:`backend.Accounts`.

    :param session: logged in as an administrator.
    :param acting_name: the administrator's log-in name; this account is never changed. None: the cloud is asked for it.
    :param proofs: tries log-ins as the accounts.
    :param settings: of the cloud, which explain a refusal.
    :param listed: what lists have shown already.
    """

    def __init__(
        self,
        session: Session,
        acting_name: str | None,
        proofs: Proofs,
        settings: Settings,
        listed: Listed,
    ) -> None:
        self._session = session
        self._acting_name = acting_name
        self._settings = settings
        self._abilities = _ABILITIES
        self._edits_are_over = False
        self._editing = threading.Lock()  # during each edit: none is sent while the limit may be reached by another
        self._asking = threading.Lock()  # while it is asked who acts, so that two threads do not
        self._proofs = proofs
        self._listed = listed

    @property
    def abilities(self) -> Abilities:
        """Everything that there is an option for, but for what the records that were read so far lack."""
        return self._abilities

    def check_name(self, name: str) -> None:
        """Check a name by Nextcloud's rules (``OC\\User\\Manager::validateUserId``).

        :raises CloudError: ``invalid_name``.
        """
        check_name(name)
        if "+" in name:
            raise CloudError("invalid_name", f"The name is {quoted(name)}.")
        if name in _LISTS:
            raise CloudError("invalid_name", f"The API has a list of accounts where it should have the account {name}.")

    def read(self, name: str) -> Account | None:
        """Return an account that may be changed, or None when there is none of this name.

        :raises CloudError: as :meth:`look_up`; ``protected_account`` for administrators and the acting account.
        """
        listed = self._listed.take(name)
        if listed is not None and not self._acts(name):
            return listed
        account, reply = self._read(name)
        if account is None:
            return None
        if account.is_admin:
            raise reply.error("protected_account", "It is a member of group admin.")
        if self._acts(name):
            raise reply.error("protected_account", "It is the acting account.")
        return account

    def _acts(self, name: str) -> bool:
        """Whether it is the acting account, whose name is asked for once if it is not known."""
        with self._asking:
            if self._acting_name is None:
                self._acting_name = self.read_acting().name
        return name.lower() == self._acting_name.lower()

    def look_up(self, name: str) -> Account | None:
        """Return any account, or None when there is none of this name.

        :raises CloudError: ``account_conflict`` when the cloud answers with another account (its look-up ignores case).
        """
        return self._read(name)[0]

    def read_acting(self) -> Account:
        """Return the account that is logged in, which need not be allowed to read others."""
        reply = self._session.request("GET", API + "/user")
        require(reply, {})
        return account_of(reply, _of_oneself(reply.data))

    def _read(self, name: str) -> tuple[Account | None, Reply]:
        self.check_name(name)
        reply = self._session.request("GET", _user(name))
        if reply.code == _MISSING:
            return None, reply
        if reply.missing or reply.code == UNAUTHORISED:
            # Recorded: a missing account is 404, one out of reach 998 (since 17: 997). It must not pass for missing.
            message = "The account is out of the acting account's reach, which may be no administrator any more."
            raise reply.error("write_not_permitted", message)
        require(reply, {})
        is_acting = name.lower() == (self._acting_name or "").lower()
        account = account_of(reply, _of_oneself(reply.data) if is_acting else reply.data)
        if "manager" not in reply.data:
            self._abilities = _WITHOUT_MANAGER
        if account.name != name:
            raise reply.error("account_conflict", f"The cloud has it as {account.name}.")
        return account, reply

    def create(self, wish: Wish) -> None:
        """Create an account with everything that is wished, in one request (creation is not rate-limited).

        Without a password the cloud makes one up and invites by e-mail, as its very last step.
        """
        form = [("userid", wish.name)]
        form += [
            (key, value)
            for key, value in (
                ("password", wish.password),
                ("displayName", wish.display_name),
                ("email", wish.email),
                ("quota", sent_text(wish.quota)),
                ("language", wish.language),
                ("manager", wish.manager),
            )
            if value
        ]
        form += [("groups[]", group) for group in wish.groups]
        form += [("subadmin[]", group) for group in wish.group_admin_of]
        reply = self._session.request("POST", API + "/users", form=form, read_seconds=CREATE_SECONDS)
        if reply.code == NAME_TAKEN:
            for beginning, code in _NAME_NOT_TAKEN.items():
                if reply.message.startswith(beginning):
                    raise reply.error(code)
        if (reply.code == _MAIL_NOT_SENT and not wish.group_admin_of) or _ACCOUNT_LIMIT in reply.message:
            raise reply.error("refused")
        require(reply, _CREATE)

    def set_field(self, name: str, field: str, wish: Wish) -> None:
        """Set one field (a key of ``_KEYS``) to what is wished.

        The cloud limits such edits (``edit_limit``). After its first refusal none is sent any more: it has no end that
        the cloud would tell, and other calls are not limited.

        :raises CloudError: ``rate_limited``, without a request, after one was.
        """
        value = sent_text(wish.quota) if field == "quota" else getattr(wish, field)
        reply = self._edit(name, [("key", _KEYS[field]), ("value", value or "")])
        if reply.missing or (reply.code == UNAUTHORISED and self._is_missing(name)):
            raise reply.error("account_missing")
        if reply.code == UNAUTHORISED:
            raise reply.error("invalid_value", f"The cloud does not let {field} be set for this account.")
        code = (_EDIT if field != "password" else _EDIT_PASSWORD).get(reply.code, "refused")
        if not reply.ok and field != "password" and not reply.message:
            raise reply.error(code, f"It is {field} {quoted(value or '')}.")
        if not reply.ok and field == "quota" and wish.quota is not None and code == "invalid_value":
            refusal = reply.error(code)
            words = f"{refusal.message} {limit_words(self._settings, wish.quota)}".strip()
            raise refusal.recoded(code, words, outcome_unknown=False)
        require(reply, {reply.code: code})

    def _edit(self, name: str, form: list[tuple[str, str]]) -> Reply:
        with self._editing:
            if self._edits_are_over:
                field = dict(form)["key"]
                message = f"The edit of {field} was not sent: the cloud has refused one of this task already."
                raise CloudError("rate_limited", message)
            try:
                return self._session.request("PUT", _user(name), form=form, limited=True)
            except CloudError as error:
                self._edits_are_over = error.code == "rate_limited"
                raise

    def _is_missing(self, name: str) -> bool:
        """Whether an account does not exist, which refusals of old releases do not tell."""
        reply = self._session.request("GET", _user(name))
        return reply.missing or reply.code == UNAUTHORISED

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable an account."""
        require(self._session.request("PUT", _user(name) + ("/enable" if enabled else "/disable")), _ENABLE)

    def add_group(self, name: str, group: str) -> None:
        """Make an account a member of a group."""
        _require_group(self._session.request("POST", _user(name) + "/groups", form=[("groupid", group)]), group)

    def remove_group(self, name: str, group: str) -> None:
        """End an account's membership of a group. The group is in the query: proxies drop the body of a DELETE."""
        _require_group(self._session.request("DELETE", _user(name) + "/groups", query={"groupid": group}), group)

    def add_group_admin(self, name: str, group: str) -> None:
        """Make an account an administrator of a group."""
        reply = self._session.request("POST", _user(name) + "/subadmins", form=[("groupid", group)])
        if _ADD_GROUP_ADMIN.get(reply.code) == "group_missing":
            raise reply.error("group_missing", f'It is "{group}".')
        require(reply, _ADD_GROUP_ADMIN)

    def remove_group_admin(self, name: str, group: str) -> None:
        """End an account's rights over a group; an account that has none is fine."""
        reply = self._session.request("DELETE", _user(name) + "/subadmins", query={"groupid": group})
        if reply.code != _NO_GROUP_ADMIN:
            require(reply, {})

    def delete(self, name: str) -> None:
        """Delete an account and its files; one that is gone already is fine."""
        reply = self._session.request("DELETE", _user(name), read_seconds=DELETE_SECONDS)
        gone = reply.missing or (reply.code == _NOT_DELETED and self._is_missing(name))
        if not gone:
            require(reply, {_NOT_DELETED: "backend_refused"})

    @property
    def may_try_passwords(self) -> bool:
        """Whether another failed log-in would be harmless."""
        return self._proofs.may_try

    def proves(self, name: str, password: str) -> bool:
        """Whether a log-in with this name and password succeeds, see :class:`Proofs`."""
        return self._proofs.proves(name, password)


def _user(name: str) -> str:
    return f"{API}/users/{quote(name, safe='')}"


def _of_oneself(record: t.Any) -> t.Any:
    """Return the record of who is logged in, whom release 17 does not tell that the account is enabled."""
    return {"enabled": True, **record} if isinstance(record, dict) else record


def account_of(reply: Reply, record: t.Any) -> Account:
    """Return the account of a record in an answer.

    :raises CloudError: ``not_an_answer``.
    """
    try:
        return Account.from_record(record)
    except ValueError as error:
        raise reply.error("not_an_answer", f"{error}.") from error


def _require_group(reply: Reply, group: str) -> None:
    """The same for a group, which the cloud's refusal does not name."""
    if not reply.ok and _GROUP.get(reply.code) == "group_missing":
        raise reply.error("group_missing", f'It is "{group}".')
    require(reply, _GROUP)
