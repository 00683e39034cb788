# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a cloud or an account, in one table.

Whoever finds a fault raises :class:`CloudError` with one of the codes of :data:`TABLE`. The code decides whether the
fault is temporary (try later), held (the cloud's trouble: it concerns every account of it) or final (somebody has to
change something), and which words a person reads. ``failure()`` turns it into data, once, at the very end.
"""

from __future__ import annotations

import typing as t

TEMPORARY = "temporary"
HELD = "held"
FINAL = "final"


class Meaning(t.NamedTuple):
    """One row of the table."""

    kind: str
    """``temporary``, ``held`` or ``final``."""
    meaning: str
    """What happened, as a sentence."""
    hint: str
    """What to do next."""
    cloud_wide: bool = False
    """Whether this fault, at any request, makes further requests to the same cloud pointless or harmful."""


TABLE: dict[str, Meaning] = {
    # temporary
    "unreachable": Meaning(
        TEMPORARY,
        "The cloud cannot be reached.",
        "Check that the server runs and that name, port and network are right.",
    ),
    "timeout": Meaning(TEMPORARY, "The cloud did not answer in time.", "Try again later; look at the server's load."),
    "not_an_answer": Meaning(
        TEMPORARY,
        "What came back is not an answer of the provisioning API.",
        "Look for a proxy, a login page or a PHP error in front of the cloud; check the path in api_url, and dialect if"
        " it is given.",
    ),
    "rate_limited": Meaning(
        TEMPORARY,
        "The cloud, or what stands before it, takes no more such requests for now.",
        "Try again later; where edits are limited, after ten minutes (Nextcloud: 50 in 600 seconds for each acting"
        " account).",
    ),
    "server_error": Meaning(
        TEMPORARY, "The cloud had an internal error.", "Look into the cloud's log (nextcloud.log)."
    ),
    "outcome_unknown": Meaning(
        TEMPORARY,
        "A change was sent, and it is not known whether it took effect.",
        "Run again: the account is read first, and only what is missing is done.",
    ),
    "not_yet": Meaning(
        TEMPORARY,
        "This cannot be set before the account has logged in for the first time.",
        "Run again after the log-in; nothing else waits for it.",
    ),
    "not_verified": Meaning(
        TEMPORARY,
        "The cloud accepted the change, but the account does not show it.",
        "Run again; if it stays so, something else on the cloud (an app, LDAP, a forced setting) sets this field.",
    ),
    # held
    "maintenance": Meaning(
        HELD, "The cloud is in maintenance mode.", "End the maintenance or the upgrade on the cloud.", cloud_wide=True
    ),
    "wrong_credentials": Meaning(
        HELD,
        "The cloud refused the log-in of the acting account.",
        "Correct api_username and api_password, or renew api_token. Do not try often: failed log-ins lock the caller's"
        " address.",
        cloud_wide=True,
    ),
    "login_blocked": Meaning(
        HELD,
        "The cloud blocks log-ins from this address after too many failed ones.",
        "Find who logs in wrongly, wait 30 minutes or run 'occ security:bruteforce:reset ADDRESS' on the cloud.",
        cloud_wide=True,
    ),
    "write_not_permitted": Meaning(
        HELD,
        "The acting account may not change accounts.",
        "Use an administrator. On Nextcloud that is a member of group admin with its real password: an app password may"
        " be allowed to read only.",
        cloud_wide=True,
    ),
    "certificate_not_verified": Meaning(
        HELD,
        "The cloud's TLS certificate cannot be verified.",
        "Renew the certificate, or give the CA that signed it in ca_path.",
        cloud_wide=True,
    ),
    "host_key_not_verified": Meaning(
        HELD,
        "The host key of the cloud's server is not known, or not the known one.",
        "Compare its fingerprint on the server (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub): another machine may"
        " answer in its place. If the key is right, put it into known_hosts, or where the host keys of this cloud are"
        " kept.",
        cloud_wide=True,
    ),
    "host_refused": Meaning(
        HELD,
        "The cloud's server refused the log-in over SSH.",
        "Check the user, the key and its file, and authorized_keys on the server.",
        cloud_wide=True,
    ),
    "occ_unusable": Meaning(
        HELD,
        "occ cannot be run on the cloud's server.",
        "Correct what the message names: occ_path, php_path, occ_command, or the rights of the SSH user (sudoers).",
        cloud_wide=True,
    ),
    # final
    "invalid_url": Meaning(
        FINAL,
        "The address of the cloud cannot be used.",
        "Give api_url as https://host[:port][/path], without user, query and fragment.",
        cloud_wide=True,
    ),
    "unknown_product": Meaning(
        FINAL,
        "It is not known what product the cloud is.",
        "Check api_url, or say in dialect which API the cloud has.",
        cloud_wide=True,
    ),
    "redirected": Meaning(
        FINAL,
        "The cloud redirects to another address.",
        "Put the final address into api_url: credentials are never sent after a redirect.",
        cloud_wide=True,
    ),
    "invalid_name": Meaning(
        FINAL,
        "The cloud cannot take this name for an account.",
        "Use Latin letters, digits and _ . @ - only, at most 64 characters (spaces, ' and + with some products).",
    ),
    "invalid_value": Meaning(FINAL, "A value cannot be used.", "Correct the value that the message names."),
    "duplicate_name": Meaning(
        FINAL,
        "The same account is asked for more than once.",
        "List each account once; upper and lower case are equal.",
    ),
    "password_refused": Meaning(
        FINAL,
        "The cloud refused the password.",
        "Read the cloud's message; choose another password, a longer one for instance. If the account was to be"
        " created, a limit of accounts that is reached may be the reason as well.",
    ),
    "group_missing": Meaning(FINAL, "A group does not exist on the cloud.", "Create the group, or correct its name."),
    "account_missing": Meaning(FINAL, "The account does not exist.", "Check the name; or ask for it to be created."),
    "account_conflict": Meaning(
        FINAL,
        "An account of this name exists and is not known to be ours.",
        "Nothing was touched. Write the name as the cloud has it, or choose another one; for an account of your own,"
        " ownership is proven (by the e-mail address and the password given) or assumed.",
    ),
    "protected_account": Meaning(
        FINAL,
        "Administrators and the acting account are never changed.",
        "Choose another name, or take away the account's rights of an administrator by hand.",
    ),
    "protected_group": Meaning(
        FINAL,
        "The group of the administrators is never changed.",
        "Choose another group, or make the change by hand.",
    ),
    "limit_reached": Meaning(
        FINAL,
        "More would be deleted, suspended or removed than is allowed at once.",
        "Look at the plan in check mode; if it is right, raise the limit (max_...).",
    ),
    "backend_refused": Meaning(
        FINAL,
        "The account's user backend (LDAP, for instance) does not allow this change.",
        "Make the change in that backend.",
    ),
    "unsupported": Meaning(
        FINAL,
        "The cloud's product cannot do this.",
        "Do without it on this cloud, or do what the message says.",
    ),
    "refused": Meaning(FINAL, "The cloud refused.", "Read the cloud's message and its log."),
}


class CloudError(Exception):
    """A fault of a cloud, of one request or of one account.

    :param code: key of :data:`TABLE`.
    :param message: what happened here, in words; must not hold a secret.
    :param request: method and path of the request, for instance ``PUT /ocs/v2.php/cloud/users/anna``.
    :param http_status: HTTP status of the answer, if there was one.
    :param ocs_code: ``ocs.meta.statuscode`` of the answer, if there was one.
    :param outcome_unknown: a change was sent and may or may not have taken effect.
    :param cloud_wide: overrides the table, for faults that are cloud-wide only sometimes.
    :param of_another: it was another request's fault, which ended the task: this one was not sent, so it tells nothing
        of what was asked.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request: str | None = None,
        http_status: int | None = None,
        ocs_code: int | None = None,
        outcome_unknown: bool = False,
        cloud_wide: bool | None = None,
        of_another: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request = request
        self.http_status = http_status
        self.ocs_code = ocs_code
        self.outcome_unknown = outcome_unknown
        self.of_another = of_another
        self.cloud_wide = TABLE[code].cloud_wide if cloud_wide is None else cloud_wide

    @property
    def kind(self) -> str:
        """``temporary``, ``held`` or ``final``."""
        return TABLE[self.code].kind

    def recoded(self, code: str, message: str, *, outcome_unknown: bool) -> CloudError:
        """Return the same fault of the same request under another code."""
        return CloudError(
            code,
            message,
            request=self.request,
            http_status=self.http_status,
            ocs_code=self.ocs_code,
            outcome_unknown=outcome_unknown,
        )

    def for_others(self) -> CloudError:
        """Return this fault of the cloud for accounts of which nothing was sent: the request was another account's.

        The words about a command may name it with all of its arguments, so they are said to be another account's.
        """
        words = self.message
        if words and self.request is not None and self.request.startswith("occ "):
            words = f"At another account: {words}"
        return CloudError(self.code, words, cloud_wide=self.cloud_wide, of_another=True)

    def failure(self, account: str | None) -> dict[str, t.Any]:
        """Return the ``failure`` of a result: code, kind, words, and what is known of the request.

        :param account: name of the account; None when it concerns no single one.
        """
        row = TABLE[self.code]
        return {
            "code": self.code,
            "kind": row.kind,
            "message": f"{row.meaning} {self.message}" if self.message else row.meaning,
            "detail": self.message or None,
            "hint": row.hint,
            "account": account,
            "request": self.request,
            "http_status": self.http_status,
            "ocs_code": self.ocs_code,
            "outcome_unknown": self.outcome_unknown,
        }

    def words(self, subject: str) -> str:
        """Return all of it as one text for people: what failed, for whom, the request with its codes, what to do.

        :param subject: what it concerns, for instance ``account anna``.
        """
        row = TABLE[self.code]
        parts = [row.meaning, self.message]
        if self.outcome_unknown and self.code != "outcome_unknown":
            parts.append(TABLE["outcome_unknown"].meaning)
        answer = [
            f"{what} {value}"
            for what, value in (("HTTP status", self.http_status), ("OCS code", self.ocs_code))
            if value is not None
        ]
        if self.request is not None:
            parts.append(f"[{', '.join([self.request, *answer])}]")
        text = " ".join(part for part in [*parts, row.hint] if part)
        return f"{subject}: {text}"
