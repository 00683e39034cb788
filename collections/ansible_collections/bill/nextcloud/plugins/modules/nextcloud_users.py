#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_users; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_users
short_description: Make the accounts of a Nextcloud what they should be
version_added: 0.1.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Creates, changes, disables, enables and deletes the accounts of one Nextcloud through its provisioning API.
  - All accounts are read and planned first, then changed and read back, several at the same time.
    Only what differs is written, and an account counts as done only when it shows what was asked for.
  - Many accounts are looked for in pages of all accounts where that is quicker. A page only shows that nothing is to be
    done with an account, everything else is decided after a request for that account.
  - B(A task does not fail because of an account or of the cloud.)
    Every account has its own RV(accounts[].failure). Let a later task fail when RV(messages) is not empty.
  - Members of the group V(admin), and the account that acts, are never changed.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
  - bill.nextcloud.account.list
attributes:
  check_mode:
    support: full
    details:
      - Reads the cloud and shows the same plan that would be carried out.
        What only the cloud can refuse, for instance a weak password, is not foreseen.
      - With O(accounts[].ownership=proven) and with O(accounts[].update_password=always) it logs in as the account,
        and the cloud notes that as its last log-in.
      - A group that an earlier task of the same play would have made is missing in check mode. O(create_groups=true)
        avoids that.
  diff_mode:
    support: full
    details:
      - One entry for each account. After a failure half-way it shows the whole plan.
  idempotent:
    support: partial
    details:
      - An account whose quota the cloud cannot tell (a storage error on its side) has its quota set at every run.
      - With O(accounts[].update_password=always) the password of an account that is disabled, or that cannot
        log in with the right password (a second factor), is set at every run.
      - With O(accounts[].update_password=set) the password is set at every run.
options:
  accounts:
    description: The accounts. Accounts that are not listed are not looked at.
    type: list
    elements: dict
    required: true
  passwords:
    description:
      - Passwords by name of the account, for lists of accounts that hold no secrets.
        O(accounts[].password) is preferred.
    type: dict
  create_groups:
    description:
      - If V(true), groups that are named in O(accounts[].groups) or O(accounts[].group_admin_of)
        and needed for a change are created if they are missing. Otherwise a missing group is a failure.
    type: bool
    default: false
    version_added: 0.2.0
  disabled_shares:
    description:
      - Whether others can use what a disabled account has shared. B(A switch of the whole cloud), for all its disabled
        accounts. It is set before anything else. If that fails, no account is disabled, and each that would be fails.
      - V(hidden), nothing that a disabled account has shared is there any more, until it is enabled again.
      - V(left), what it has shared with other accounts stays. Its public links stay, too, with releases of July 2026
        and later. Older ones never serve public links of a disabled account.
      - If not given, it is left alone. Then the release decides if it was never set, and releases differ.
      - It is the setting C(hide_disabled_user_shares) of the app files_sharing, and needs Nextcloud 28 or later.
        With older ones and other products it is a failure (V(unsupported)).
    type: str
    choices: [hidden, left]
    version_added: 0.2.0
  max_deletions:
    description:
      - If more accounts than this would be deleted by the task, none of them is, and each fails with V(limit_reached).
        Everything else is done.
      - If not given, there is no limit.
    type: int
  max_suspensions:
    description:
      - The same for accounts that are enabled and would be disabled.
    type: int
notes:
  - Give all accounts of a cloud to one task. From 50 accounts on, and at least every second one of the cloud, those
    that are as they should be take a Nextcloud one request for 500 of them, oCIS and OpenCloud two for all. ownCloud
    lists no accounts, so each takes one there instead of three. Accounts that are deleted, that are proven to be yours,
    or whose password is set, are always asked for one by one.
  - No task-level C(no_log) is needed, results, diffs and messages hold no password. Values in C(loop) items are shown
    by Ansible itself, so give all accounts to one task instead of using a loop.
  - Units in O(accounts[].quota) are accepted since 0.2.0.
  - Nextcloud allows 50 changes of quota, e-mail, display name, language, manager and password in 600 seconds for each
    acting account. Creating (with all fields), enabling, disabling, deleting and groups do not count.
  - The first change of an account that is refused ends the changes of this account. What was done before is told.
seealso:
  - module: bill.nextcloud.nextcloud_user
    description: One account; the task fails with it.
  - module: bill.nextcloud.nextcloud_user_action
    description: What is done to an account once, for instance another welcome mail.
  - module: bill.nextcloud.nextcloud_user_info
  - ref: ansible_collections.bill.nextcloud.docsite.guide_accounts_as_code
    description: From an existing cloud to accounts as code in ten minutes (C(docs/docsite) of the collection).
"""

EXAMPLES = r"""
- name: Make two accounts what they should be
  bill.nextcloud.nextcloud_users:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    accounts:
      - name: user_12
        password: "{{ user_12_password }}"
        email: anna@example.org
        language: de
        create_only: [language]
        quota: 10 GB
        groups: [customers]
        groups_absent: [premium]
      - name: user_13
        state: disabled
    disabled_shares: hidden  # for all accounts of the cloud that are disabled
  register: cloud_accounts

- name: Delete closed accounts, but never more than ten at once
  bill.nextcloud.nextcloud_users:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    accounts: "{{ closed_accounts }}"  # each with name, and state absent
    max_deletions: 10
  register: deleted_accounts

- name: Fail if an account failed, and say why
  ansible.builtin.assert:
    that: (cloud_accounts.messages + deleted_accounts.messages) | length == 0
    fail_msg: "{{ cloud_accounts.messages + deleted_accounts.messages }}"
"""

RETURN = r"""
accounts:
  description: One item for each account asked for, in the same order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name as asked for.
      returned: always
      type: str
      sample: user_12
    state:
      description: State as asked for.
      returned: always
      type: str
      sample: present
    changed:
      description: Whether anything was changed (in check mode, would be changed), as far as known.
      returned: always
      type: bool
      sample: true
    action:
      description: What was done, V(created), V(updated), V(deleted) or V(none). In check mode, what would be done.
      returned: always
      type: str
      sample: updated
    changes:
      description:
        - The plan. Quotas are bytes, null for unlimited, V(unknown) if the cloud does not tell. Groups are sorted.
        - Creation and deletion begin with the field V(state).
          A password is shown as V((set)), an invitation as V((sent)).
      returned: always
      type: list
      elements: dict
      sample: [{"field": "quota", "before": 5368709120, "after": 10737418240}]
    account:
      description: The account as read back (in check mode and after failures, as last read). Null if it does not exist.
      returned: always
      type: dict
      contains:
        name:
          description: Name.
          returned: always
          type: str
          sample: user_12
        enabled:
          description: Whether it can log in.
          returned: always
          type: bool
          sample: true
        quota:
          description: Bytes, null for unlimited, V(unknown) if the cloud does not tell.
          returned: always
          type: raw
          sample: 10737418240
        used:
          description: Bytes used, null if the cloud does not tell.
          returned: always
          type: int
          sample: 17545030
        groups:
          description: All groups, sorted.
          returned: always
          type: list
          elements: str
          sample: [customers]
        email:
          description: E-mail address or null.
          returned: always
          type: str
          sample: anna@example.org
        display_name:
          description: Display name or null.
          returned: always
          type: str
          sample: Anna
        language:
          description: Language code or null.
          returned: always
          type: str
          sample: de
        group_admin_of:
          description: All groups that it administers, sorted.
          returned: always
          type: list
          elements: str
          sample: []
          version_added: 0.2.0
        manager:
          description: Name of the account that is shown as its manager, or null.
          returned: always
          type: str
          sample: user_13
          version_added: 0.2.0
        backend:
          description: The user backend that holds it, for instance V(Database), V(LDAP) or null.
          returned: always
          type: str
          sample: Database
          version_added: 0.2.0
        last_login:
          description: Time of its last log-in in UTC. Null if there was none, or the cloud does not tell.
          returned: always
          type: str
          sample: "2026-05-04T09:30:00Z"
          version_added: 0.2.0
        administrator:
          description:
            - Whether it is an administrator of the cloud, by group C(admin) or, on oCIS and OpenCloud, by its role.
          returned: always
          type: bool
          sample: false
          version_added: 0.2.0
    pending:
      description:
        - Fields that cannot be set before the account has logged in for the first time. A run after that sets them.
        - Only the quota, and only on oCIS and OpenCloud, where the first log-in makes the storage.
        - Check mode tells it of accounts that exist, and takes a password that is given for the right one.
      returned: always
      type: list
      elements: str
      sample: []
      version_added: 0.2.0
    warnings:
      description: What went well but should be known, for instance a quota below what is used.
      returned: always
      type: list
      elements: str
      sample: []
    failure:
      description: Null if all went well.
      returned: always
      type: dict
      contains:
        code:
          description:
            - What happened, a fixed key.
            - V(unreachable), V(timeout), V(not_an_answer), V(rate_limited), V(server_error), V(outcome_unknown),
              V(not_verified), V(not_yet); V(maintenance), V(wrong_credentials), V(login_blocked),
              V(write_not_permitted), V(certificate_not_verified), V(host_key_not_verified),
              V(host_refused), V(occ_unusable); V(invalid_url), V(unknown_product), V(redirected), V(invalid_name),
              V(invalid_value), V(duplicate_name), V(password_refused), V(group_missing),
              V(account_missing), V(account_conflict), V(protected_account), V(protected_group), V(limit_reached),
              V(backend_refused), V(unsupported), V(refused).
          returned: always
          type: str
          sample: group_missing
        kind:
          description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
          returned: always
          type: str
          sample: final
        message:
          description: What happened, in words, with the cloud's own message.
          returned: always
          type: str
          sample: 'A group does not exist on the cloud. The cloud says: "Group customers does not exist".'
        detail:
          description: What happened here, without the words that every failure of this code has; null when that is all.
          returned: always
          type: str
          sample: 'The cloud says: "Group customers does not exist".'
        hint:
          description: What to do next.
          returned: always
          type: str
          sample: Create the group, or correct its name.
        account:
          description: Name as asked for.
          returned: always
          type: str
          sample: user_12
        request:
          description: Method and path of the request, null if there was none.
          returned: always
          type: str
          sample: POST /ocs/v2.php/cloud/users
        http_status:
          description: HTTP status of the answer, null if there was none.
          returned: always
          type: int
          sample: 400
        ocs_code:
          description: The API's own code, null if there was none.
          returned: always
          type: int
          sample: 104
        outcome_unknown:
          description: A change was sent, and it is not known whether it took effect.
          returned: always
          type: bool
          sample: false
disabled_shares:
  description:
    - The switch O(disabled_shares). Null if it was not given.
    - Its failure does not fail the task, but is the first of RV(messages). It does not count in RV(summary).
  returned: success
  type: dict
  version_added: 0.2.0
  contains:
    changed:
      description: Whether it was set (in check mode, would be set), as far as known.
      returned: always
      type: bool
      sample: true
    before:
      description: What was set. Null if it was never set, or could not be read.
      returned: always
      type: str
      sample: left
    after:
      description: What is set now (in check mode, would be). Null as in RV(disabled_shares.before).
      returned: always
      type: str
      sample: hidden
    failure:
      description: Null if all went well. Otherwise as RV(accounts[].failure), of no account.
      returned: always
      type: dict
      sample: null
groups_created:
  description: Groups that were created because of O(create_groups) (in check mode, would be created), sorted.
  returned: success
  type: list
  elements: str
  sample: []
  version_added: 0.2.0
messages:
  description:
    - What failed, one text for each account that did, for people, and before them one for O(disabled_shares).
      Empty if all went well.
    - A failed account does not fail the task, but makes it warn.
  returned: success
  type: list
  elements: str
  sample: ['account user_13: The account does not exist. Check the name; or ask for it to be created.']
  version_added: 0.2.0
summary:
  description: Numbers of accounts. One that was changed in part counts as changed and as failed.
  returned: success
  type: dict
  contains:
    total:
      description: All accounts asked for.
      returned: always
      type: int
      sample: 2
    changed:
      description: Those that were changed (in check mode, would be changed).
      returned: always
      type: int
      sample: 1
    failed:
      description: Those with a failure.
      returned: always
      type: int
      sample: 0
    unchanged:
      description: Those that were right already.
      returned: always
      type: int
      sample: 1
transport:
  description:
    - Which way the cloud was spoken to, see O(transport). Null if that was not begun.
  returned: success
  type: dict
  version_added: 0.2.0
  contains:
    used:
      description: V(api), V(occ) or both, in the order of their use.
      returned: always
      type: list
      elements: str
      sample: [api]
    reasons:
      description: Why not only the one that was asked for, in words. Empty if it was the only one.
      returned: always
      type: list
      elements: str
      sample: []
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USERS  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**USERS.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_users runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
