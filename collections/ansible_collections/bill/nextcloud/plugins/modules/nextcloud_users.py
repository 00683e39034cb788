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
  - All accounts are read and planned first, then changed one by one and read back.
    Only what differs is written, and an account counts as done only when it shows what was asked for.
  - B(A task does not fail because of an account or of the cloud.)
    Every account has its own RV(accounts[].failure). Let a later task fail when RV(summary.failed) is not zero.
  - Members of the group V(admin), and the account that acts, are never changed.
  - The work is done by an action plugin on the controller, whatever host the task is for. Connections are not needed.
requirements:
  - requests and urllib3 2 in the controller's Python.
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
    details:
      - Reads the cloud and shows the same plan that would be carried out.
      - With O(accounts[].ownership=proven) it logs in as the account, and the cloud notes that as its last log-in.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
    details:
      - One entry for each account. After a failure half-way it shows the whole plan.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: partial
    details:
      - An account whose quota the cloud cannot tell (a storage error on its side) has its quota set at every run.
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
    details:
      - On Linux the writing process is ended with C(ansible-playbook), so that nothing is written after a killed run.
  async:
    description: Supports use with the C(async) keyword.
    support: none
options:
  api_url:
    description:
      - Address of the cloud, V(https://host[:port][/path]), without user, query and fragment.
      - Redirects are never followed.
      - With V(http://) to another machine the password travels unencrypted, and the task warns.
    type: str
    required: true
  api_username:
    description:
      - Log-in name of the account that acts. It must be a member of the group V(admin).
        Group administrators do not see all accounts and take those for missing.
    type: str
    required: true
  api_password:
    description:
      - Its real password. App passwords may not change accounts in current releases of Nextcloud.
    type: str
    required: true
  ca_path:
    description:
      - PEM file (or directory) of the CA that signed the cloud's certificate, on the controller.
      - Without it the CAs of the Python package certifi are trusted. Certificates are always verified.
    type: path
  accounts:
    description: The accounts. Accounts that are not listed are not looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the account. Letters, digits, spaces and V(_.@-') only, at most 64 characters.
          - Names that differ only in upper and lower case are the same account for Nextcloud.
            An account that the cloud has in another notation is a conflict and is not touched.
        type: str
        required: true
      state:
        description:
          - V(present), the account exists and is enabled. It is created if it is missing (see O(accounts[].create)),
            and enabled if it is disabled.
          - V(exists), the account has to exist. It is not created, and whether it is enabled is left alone.
          - V(disabled), the account has to exist and is disabled. Its data stays.
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
          - Password of the account when it is created. Needed then. Preferred to O(passwords).
          - An existing account keeps its password. It is only tried for a proof, see O(accounts[].ownership).
        type: str
      display_name:
        description:
          - Display name. Set on an existing account, too, unless it is listed in O(accounts[].create_only).
          - If not given, it is left alone.
        type: str
      email:
        description:
          - E-mail address. Compared ignoring case.
            Set on an existing account, too, unless it is listed in O(accounts[].create_only).
          - If not given, it is left alone. Empty removes the address.
        type: str
      language:
        description:
          - Language code, for instance V(de) or V(ru).
            Set on an existing account, too, unless it is listed in O(accounts[].create_only).
          - If not given, it is left alone.
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
          - Quota in bytes, as decimal digits, or V(none) for unlimited. Units are not accepted.
          - Set on an existing account, too. A quota below what is used is set and warned about.
            Nothing is deleted by it, but uploads fail.
          - Nextcloud rounds quotas to one decimal of the unit. A quota that is right after that is not set again.
          - If not given, it is left alone.
        type: str
      groups:
        description:
          - Groups that the account is a member of. They have to exist. The group V(admin) is refused.
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
      ownership:
        description:
          - V(assumed), an account of this name is taken to be the right one.
          - V(proven), before anything is done to an account that exists already, its e-mail address must equal
            O(accounts[].email), or be none when that is not given, and one log-in with its password must succeed.
            Otherwise it fails and is not touched. A disabled account cannot be proven.
          - After five failed log-ins in one task no more are tried, since Nextcloud blocks the address after ten.
        type: str
        choices: [assumed, proven]
        default: assumed
  passwords:
    description:
      - Passwords by name of the account, for lists of accounts that hold no secrets.
    type: dict
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
  - No task-level C(no_log) is needed, results, diffs and messages hold no password. Values in C(loop) items are shown
    by Ansible itself, so give all accounts to one task instead of using a loop.
  - Nextcloud allows 50 changes of quota, e-mail, display name and language in 600 seconds for each acting account.
    Creating (with all fields), enabling, disabling, deleting and groups do not count.
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
        quota: "10737418240"
        groups: [customers]
        groups_absent: [premium]
      - name: user_13
        state: disabled
  register: cloud_accounts

- name: Delete closed accounts, but never more than ten at once
  bill.nextcloud.nextcloud_users:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    accounts: "{{ closed_accounts }}"  # each with name, and state absent
    max_deletions: 10

- name: Show what failed
  ansible.builtin.assert:
    that: cloud_accounts.summary.failed == 0
    fail_msg: "{{ cloud_accounts.accounts | map(attribute='failure') | select }}"
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
        - Creation and deletion begin with the field V(state). A password is shown as V((set)).
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
              V(not_verified); V(maintenance), V(wrong_credentials), V(login_blocked), V(write_not_permitted),
              V(certificate_not_verified); V(invalid_url), V(redirected), V(invalid_name), V(invalid_value),
              V(duplicate_name), V(password_refused), V(group_missing), V(account_missing), V(account_conflict),
              V(protected_account), V(limit_reached), V(backend_refused), V(refused).
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
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import ARGUMENT_SPEC  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_users runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
