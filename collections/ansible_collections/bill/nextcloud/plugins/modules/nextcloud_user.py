#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_user; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_user
short_description: Make one account of a Nextcloud what it should be
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Creates, changes, invites, disables, enables or deletes one account of a Nextcloud through its provisioning API.
  - The account is read and planned first, then changed and read back.
    Only what differs is written, and it counts as done only when it shows what was asked for.
  - B(The task fails if the account is not what was asked for.) RV(failure) tells programs why, RV(msg) tells people.
  - Members of the group V(admin), and the account that acts, are never changed.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
  - bill.nextcloud.account
attributes:
  check_mode:
    support: full
    details:
      - Reads the cloud and shows the same plan that would be carried out.
        What only the cloud can refuse, for instance a weak password, is not foreseen.
      - With O(ownership=proven) and with O(update_password=always) it logs in as the account, and the cloud notes that
        as its last log-in.
      - A group that an earlier task of the same play would have made is missing in check mode. O(create_groups=true)
        avoids that.
  diff_mode:
    support: full
    details:
      - After a failure half-way it shows the whole plan.
  idempotent:
    support: partial
    details:
      - An account whose quota the cloud cannot tell (a storage error on its side) has its quota set at every run.
      - With O(update_password=always) the password of an account that is disabled, or that cannot
        log in with the right password (a second factor), is set at every run.
      - With O(update_password=set) the password is set at every run.
options:
  create_groups:
    description:
      - If V(true), groups that are named in O(groups) or O(group_admin_of)
        and needed for a change are created if they are missing. Otherwise a missing group is a failure.
    type: bool
    default: false
notes:
  - No task-level C(no_log) is needed, results, diffs and messages hold no password.
    Values in C(loop) items are shown by Ansible itself.
  - For many accounts M(bill.nextcloud.nextcloud_users) needs one log-in instead of one for each,
    and can limit how many are deleted.
  - Nextcloud allows 50 changes of quota, e-mail, display name, language, manager and password in 600 seconds for each
    acting account. Creating (with all fields), enabling, disabling, deleting and groups do not count.
  - The first change of an account that is refused ends the changes of this account. What was done before is told.
seealso:
  - module: bill.nextcloud.nextcloud_users
    description: Many accounts in one task, each with its own failure.
  - module: bill.nextcloud.nextcloud_user_action
    description: What is done to an account once, for instance another welcome mail.
  - module: bill.nextcloud.nextcloud_user_info
"""

EXAMPLES = r"""
- name: An account with a password and ten gigabytes
  bill.nextcloud.nextcloud_user:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_12
    password: "{{ user_12_password }}"  # used at creation only
    display_name: Anna
    email: anna@example.org
    quota: 10 GB
    groups: [customers]

- name: An account whose user is invited by mail and sets the password
  bill.nextcloud.nextcloud_user:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: boris
    invite: true
    email: boris@example.org
    groups: [project_x]
    create_groups: true

- name: A new password for an account that exists
  bill.nextcloud.nextcloud_user:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_13
    state: exists
    password: "{{ user_13_password }}"
    update_password: always

- name: Lock an account and keep its files, but not on its devices
  bill.nextcloud.nextcloud_user:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_14
    state: disabled
    wipe: true
    group_admin_of_absent: [customers]

- name: Delete an account with all its files, if it exists
  bill.nextcloud.nextcloud_user:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_11
    state: absent
"""

RETURN = r"""
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
    manager:
      description: Name of the account that is shown as its manager, or null.
      returned: always
      type: str
      sample: user_13
    backend:
      description: The user backend that holds it, for instance V(Database), V(LDAP) or null.
      returned: always
      type: str
      sample: Database
    last_login:
      description: Time of its last log-in in UTC. Null if there was none, or the cloud does not tell.
      returned: always
      type: str
      sample: "2026-05-04T09:30:00Z"
    administrator:
      description:
        - Whether it is an administrator of the cloud, by group C(admin) or, on oCIS and OpenCloud, by its role.
      returned: always
      type: bool
      sample: false
pending:
  description:
    - Fields that cannot be set before the account has logged in for the first time. A run after that sets them.
    - Only the quota, and only on oCIS and OpenCloud, where the first log-in makes the storage.
    - Check mode tells it of accounts that exist, and takes a password that is given for the right one.
  returned: always
  type: list
  elements: str
  sample: []
groups_created:
  description: Groups that were created because of O(create_groups) (in check mode, would be created), sorted.
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
        - What happened, a fixed key. All are listed at
          RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
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
msg:
  description:
    - What failed, in words, with the request and what to do next. For people; use RV(failure) in conditions.
    - If options are missing or of a wrong kind, this is all that is returned.
  returned: failure
  type: str
  sample: >-
    account user_12: A group does not exist on the cloud. Missing: "customers". Create the group, or correct its
    name.
transport:
  description:
    - Which way the cloud was spoken to, see O(transport). Null if that was not begun.
  returned: always
  type: dict
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**USER.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_user runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
