# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of one account, written once for both modules that have them."""

from __future__ import annotations

import re
import textwrap

_NEWER = (
    "update_password",
    "invite",
    "manager",
    "group_admin_of",
    "group_admin_of_absent",
    "wipe",
    "transfer_files_to",
)
"""Options that nextcloud_users has since 0.2.0; nextcloud_user itself is not older than that."""


def _as_suboptions(fragment: str) -> str:
    """Return options as suboptions of ``accounts``; the options that their words name become suboptions, too."""
    options = fragment.split("options:\n", 1)[1]
    names = "|".join(re.findall(r"^  (\w+):$", options, re.MULTILINE))
    options = re.sub(rf"\bO\(({names})(?=[=)])", r"O(accounts[].\1", options)
    options = re.sub(rf"^  ({'|'.join(_NEWER)}):$", r"\g<0>\n    version_added: 0.2.0", options, flags=re.MULTILINE)
    return "options:\n  accounts:\n    suboptions:\n" + textwrap.indent(options, "    ")


class ModuleDocFragment:
    """The fragments ``bill.nextcloud.account``, the options of a module for one account, and
    ``bill.nextcloud.account.list``, the same as suboptions of ``accounts``."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the account. Letters, digits, spaces and V(_.@-') only, at most 64 characters.
        V(details), V(disabled) and V(recent) are refused on Nextcloud, because its API has other meanings for them;
        not with O(transport=occ).
      - On ownCloud, V(+) as well, and at least 3 characters.
      - Names that differ only in upper and lower case are the same account for the cloud.
        An account that the cloud has in another notation is a conflict and is not touched.
      - oCIS and OpenCloud take neither a space nor a digit at the beginning, unless C(GRAPH_USERNAME_MATCH) is C(none)
        there.
    type: str
    required: true
  state:
    description:
      - V(present), the account exists and is enabled. It is created if it is missing (see O(create)),
        and enabled if it is disabled.
      - V(exists), the account has to exist. It is not created, and whether it is enabled is left alone.
      - V(disabled), the account has to exist and is disabled. Its data stays.
        Its sessions end, and its devices are refused. On Nextcloud they stay registered, and go on by themselves when
        the account is enabled again. Over HTTP nothing but O(wipe) ends that.
      - V(absent), the account and B(all its files) are deleted.
    type: str
    choices: [present, exists, disabled, absent]
    default: present
  create:
    description:
      - If V(false), a missing account is a failure instead of being created.
      - Does nothing to an existing account.
    type: bool
    default: true
  password:
    description:
      - Password of the account when it is created. Needed then, unless O(invite=true).
      - An existing account keeps its password, unless O(update_password) says otherwise.
        It is tried for a proof, see O(ownership).
    type: str
  update_password:
    description:
      - V(on_create), an existing account keeps its password.
      - V(always), an existing account gets O(password), too, unless it is right already.
        To tell that, one log-in as the account is tried, in check mode as well. It counts as the account's last log-in,
        and the cloud makes the account's home at the first one.
      - V(set), an existing account gets O(password), too, without being tried before. So a task is never idempotent
        with it. It is for a new password that is not right yet. A trial of that fails, and each failed log-in brings
        Nextcloud nearer to blocking the controller's address.
      - A password that was set is tried by one log-in. If that fails, the task only warns,
        because a second factor may be the cause. The next run sets it again.
      - A disabled account cannot log in, so its password is set at every run, with a warning.
      - Nextcloud delays the answers to an address after failed log-ins, and blocks it after ten.
        After five failed log-ins in one task no more are tried, and passwords are set without a trial, with a warning.
        So they are on oCIS and OpenCloud without C(PROXY_ENABLE_BASIC_AUTH), where no password can be tried.
      - V(always) and V(set) need O(password), and cannot be combined with O(ownership=proven) or O(invite=true).
    type: str
    choices: [on_create, always, set]
    default: on_create
  invite:
    description:
      - If V(true), a missing account is created without O(password).
        The cloud makes up a password and mails a link to O(email), by which the account's user sets one.
      - Needs O(email). Cannot be combined with O(password).
      - Does nothing to an existing account. No second invitation is sent. An existing account without an e-mail address
        that was never used is a failure, since it is what a refused invitation leaves behind.
      - Refused when the cloud's setting C(newUser.sendEmail) is C(no), because nobody would get the link.
        Before Nextcloud 18 that setting means nothing, and the task only warns. Whether the mail arrives is not known.
      - With O(transport=occ) it needs Nextcloud 29. When the mail cannot be handed over there, the account is deleted
        again and the task fails.
      - An error on ownCloud, and on oCIS and OpenCloud, which send no such mail.
    type: bool
    default: false
  display_name:
    description:
      - Display name, on Nextcloud and ownCloud at most 64 characters.
        Set on an existing account, too, unless it is listed in O(create_only).
      - If not given, it is left alone.
    type: str
  email:
    description:
      - E-mail address. Compared ignoring case.
        Set on an existing account, too, unless it is listed in O(create_only).
      - If not given, it is left alone. Empty removes the address, which oCIS and OpenCloud do not allow.
      - A new account gets a welcome mail from Nextcloud, unless the cloud's setting C(newUser.sendEmail) is C(no)
        (Nextcloud 18 and later). The other products send none, and with O(transport=occ) none is sent without
        O(invite=true).
      - With O(transport=occ) the address is checked by the task, by the rules that Nextcloud's API has for an edit.
    type: str
  language:
    description:
      - Language code, for instance V(de) or V(ru).
        Set on an existing account, too, unless it is listed in O(create_only).
      - If not given, it is left alone.
      - ownCloud, oCIS and OpenCloud let nobody but the account itself set it, so it is left alone there, with a
        warning.
      - With O(transport=occ) the task knows the languages of all releases, not those of a theme, and takes the cloud to
        have each of them. Results show null for an account that has not chosen one, and where none is asked for.
    type: str
  manager:
    description:
      - Name of the account that is shown as the manager. Set on an existing account, too.
      - It has to exist before the task. The cloud itself would take any text.
      - Fails with V(unsupported) on old releases of Nextcloud (17 for instance), which have no managers.
        With O(transport=occ) results show it only where it is asked for.
      - If not given, it is left alone. Empty removes the manager.
      - An error on ownCloud, oCIS and OpenCloud.
    type: str
  create_only:
    description:
      - Fields that are used when the account is created and left alone afterwards, so that the choices of the
        account's user survive.
    type: list
    elements: str
    choices: [display_name, email, language]
    default: []
  quota:
    description:
      - Quota in bytes (V(10737418240)), with a unit (V(10 GB), V(1.5 GiB)), or V(none) for unlimited.
      - Units are B, KB, MB, GB, TB, PB and KiB, MiB, GiB, TiB, PiB, in upper or lower case.
        Both kinds are powers of 1024, as Nextcloud counts, so V(10 GB) and V(10 GiB) are equal.
      - Everything else is refused, for instance V(1,5 GB), V(10G) and V(-1).
      - Set on an existing account, too. A quota below what is used is set and warned about.
        Nothing is deleted by it, but uploads fail.
      - A quota below 20 MB, unless it is 0, is warned about while the account has no files. The example files of its
        first log-in may not fit, and then that log-in fails.
      - When the cloud refuses a quota, the failure names the maximum of the instance, or says that unlimited quotas are
        forbidden on it.
      - Nextcloud and ownCloud round quotas to one decimal of the unit. A quota that is right after that is not set
        again. With O(transport=occ) Nextcloud keeps quotas to the byte, so one that was rounded is set again.
      - If not given, it is left alone. A new account then has the default of the cloud.
      - An account that follows the default shows it as its quota. Back to the default is possible on the cloud only.
      - ownCloud does not tell its default. An account that follows it shows a quota only after its first log-in, and
        only if the default is limited and not used up, otherwise V(unknown).
      - On oCIS and OpenCloud an account has no storage, and so no quota, before its first log-in. If O(password) is
        given, one log-in as the account makes the storage. Otherwise, or if that log-in fails, the quota stays
        C(pending), which is no failure. There V(0) is an error, as those clouds take it for unlimited.
    type: str
  groups:
    description:
      - Groups that the account is a member of. They have to exist, see O(create_groups). The group V(admin) is refused.
      - Since ownCloud 10.16 only a member of the group V(admin) may put accounts into groups.
      - All other groups of an existing account are left alone.
    type: list
    elements: str
    default: []
  groups_absent:
    description:
      - Groups that the account is not a member of.
    type: list
    elements: str
    default: []
  group_admin_of:
    description:
      - Groups that the account administers. They have to exist, see O(create_groups). The group V(admin) is refused.
      - It need not be a member of them. All other groups that an existing account administers are left alone.
      - ownCloud 11 has group administrators only where its C(config.php) has C('allow_subadmins' => true). Elsewhere
        this is an error, and the account stays as it is without these rights.
      - An error on oCIS and OpenCloud.
      - No command of occ does it. With O(transport=occ) it is done by the API, and is an error if no log-in to the API
        is given. Results show these groups only where they are asked for.
    type: list
    elements: str
    default: []
  group_admin_of_absent:
    description:
      - Groups that the account does not administer.
    type: list
    elements: str
    default: []
  ownership:
    description:
      - V(assumed), an account of this name is taken to be the right one.
      - V(proven), before anything is done to an account that exists already, its e-mail address must equal
        O(email), or be none when that is not given, and one log-in with its password must succeed.
        Otherwise it fails and is not touched. A disabled account cannot be proven.
        After five failed log-ins in one task no more are tried, since Nextcloud blocks the address after ten.
      - With O(invite=true) there is no password to try. Then the account must have the address O(email).
        So make sure beforehand that the name was free.
      - ownCloud is sent the e-mail address after the account was made, and so is Nextcloud with O(transport=occ). So a
        task that was killed can leave an account without one. There an account without an address is proven by its
        password alone. It then gets everything that a new account gets, also the fields of O(create_only).
      - V(new), there is no account of this name yet. One that exists fails and is not touched, without a log-in. One
        that appears while it is being created must be proven as with V(proven). For O(state=present) only.
      - On oCIS and OpenCloud without C(PROXY_ENABLE_BASIC_AUTH) no password can be tried, so with V(proven) every
        account that exists already is a conflict and is not touched.
    type: str
    choices: [assumed, proven, new]
    default: assumed
  wipe:
    description:
      - If V(true), and the account is enabled and O(state=disabled), all its devices and sessions are marked for remote
        wipe before it is disabled. When the cloud refuses that for good, the account is disabled nevertheless, and
        the failure is told. After any other fault neither is done, and the next run does both.
      - None of them is accepted any more, after the account is enabled again, too. Devices have to be set up anew.
      - A device deletes the account's files from itself when it next asks the cloud. It can while the account is
        disabled, for 60 days by default (C(token_auth_wipe_token_retention) of the cloud).
        Nextcloud's own clients obey. Others, and copies elsewhere, do not. The cloud does not tell what was deleted.
      - An account that is disabled already is not wiped again. M(bill.nextcloud.nextcloud_user_action) does that.
      - With O(state=absent) an account that is enabled is a failure. The cloud forgets devices with the account,
        so they would never be told. Disable it with this option, and delete it later.
      - Does nothing with the other states. Only Nextcloud has it. With other products it is a failure.
      - No command of occ does it. With O(transport=occ) it is done by the API, and is a failure if no log-in to the API
        is given.
    type: bool
    default: false
  transfer_files_to:
    description:
      - Name of another account that gets the files before this one is deleted. Only with O(state=absent).
      - It has to exist, and the same task must not delete it. The files come into a folder of it that is named after
        this account, and shares of them go on. What others have shared with this account, its trash bin and old
        versions are not transferred.
      - When the transfer fails, the account is not deleted. The other account may have too little space, for instance.
      - Does nothing if the account does not exist.
      - Only Nextcloud has it, on its server, so it needs O(transport=occ), or O(transport=auto), which runs occ for it.
    type: str
"""

    # With a type, because ansible-test's yamllint takes every plain assignment in this class for a literal text.
    LIST: str = _as_suboptions(DOCUMENTATION)
