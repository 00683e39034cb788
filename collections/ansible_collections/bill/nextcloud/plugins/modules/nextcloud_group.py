#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_group; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_group
short_description: Make a group of a Nextcloud what it should be
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Creates, renames or deletes one group of a Nextcloud, and adds and removes members.
  - The group is read and planned first, then changed and read back. Only what differs is written.
  - B(The task fails if anything failed.) One member's failure does not keep the others from being added and removed.
  - The group V(admin) is never changed.
    Its members, and the account that acts, are neither added to a group nor removed.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
attributes:
  check_mode:
    support: full
    details:
      - Reads the cloud and shows the same plan that would be carried out.
  diff_mode:
    support: full
    details:
      - After a failure half-way it shows the whole plan.
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the group, at most 64 characters, without spaces at either end. Upper and lower case differ.
      - The name of an existing group cannot be changed, only its display name can.
      - ownCloud can neither delete a group with a slash in its name nor list its members, so both are failures there
        (V(unsupported)).
    type: str
    required: true
  state:
    description:
      - V(present), the group exists. It is created if it is missing.
      - V(absent), the group is deleted. B(The accounts of its members stay), with all their files.
        What was shared with the group is shared with it no longer.
    type: str
    choices: [present, absent]
    default: present
  display_name:
    description:
      - Display name. Set on an existing group, too.
      - If not given, it is left alone. A new group then shows its name.
      - A group of ownCloud, oCIS, OpenCloud or an old Nextcloud (17 for instance) has no other name, so anything but
        O(name) is a failure there (V(unsupported)). In check mode an old Nextcloud does not tell.
    type: str
  quota:
    description:
      - Quota that all members of the group share, in the notation of
        O(bill.nextcloud.nextcloud_quota#module:quota), above zero. V(none) takes it away. It is not rounded.
      - It needs the app groupquota on the cloud, which adds up what the members use. Without it, and with other
        products, it is a failure (V(unsupported)), and nothing is done.
      - The members' own quotas count as well. Of an account that is in several groups with quotas only one counts, and
        which one is the app's choice.
      - The group's name has at most 58 characters then, and no slash. When a group is deleted, the app keeps its quota
        for a group of that name which may come later.
      - If not given, it is left alone.
    type: str
  members:
    description:
      - Accounts that are members of the group. They have to exist.
      - Other members stay, unless O(members_exact=true).
      - If neither this nor O(members_absent) is given, the members are not looked at.
    type: list
    elements: str
  members_absent:
    description:
      - Accounts that are not members of the group.
    type: list
    elements: str
  members_exact:
    description:
      - If V(true), O(members) are all members, and everybody else is removed from the group. An empty list removes all.
      - Members of the group V(admin), and the account that acts, are not removed. If they are members and not listed,
        the task warns.
      - When one of O(members) cannot be a member, nobody is removed, and the task warns. It may be a slip of the pen.
    type: bool
    default: false
  max_removals:
    description:
      - If more members than this would have to be removed, nothing at all is done, and the task fails with
        V(limit_reached). Deleting the group is no removal.
      - Administrators among them are not removed, and do not count.
      - If not given, there is no limit.
    type: int
notes:
  - Names that differ only in upper and lower case are the same account for the cloud. A member that the cloud has in
    another notation is a failure (V(account_conflict)), and its membership stays.
seealso:
  - module: bill.nextcloud.nextcloud_users
    description: Has the groups of an account the other way round, and makes accounts administrators of groups.
"""

EXAMPLES = r"""
- name: A group with a member, whoever else is in it
  bill.nextcloud.nextcloud_group:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: team
    display_name: Our team
    members: [user_13]

- name: Exactly these members, but never more than five removals at once
  bill.nextcloud.nextcloud_group:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: customers
    members: [user_13, user_14]
    members_exact: true
    max_removals: 5

- name: One customer with several users, who share 50 GB (with the app groupquota)
  bill.nextcloud.nextcloud_group:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: customer_7
    quota: 50 GB
    members: [user_13, user_14]

- name: No such group; the accounts in it stay
  bill.nextcloud.nextcloud_group:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: premium
    state: absent
"""

RETURN = r"""
action:
  description: What was done, V(created), V(updated), V(deleted) or V(none). In check mode, what would be done.
  returned: always
  type: str
  sample: updated
changes:
  description: The plan, without members that failed beforehand. Creation and deletion begin with the field V(state).
  returned: always
  type: list
  elements: dict
  sample: [{"field": "members", "before": ["user_13"], "after": ["user_12", "user_13"]}]
group:
  description: The group as read back (in check mode and after failures, as last read). Null if it does not exist.
  returned: always
  type: dict
  contains:
    name:
      description: Name.
      returned: always
      type: str
      sample: customers
    display_name:
      description: Display name.
      returned: always
      type: str
      sample: Our customers
    quota:
      description: Quota that its members share. Bytes, null for unlimited, V(unknown) if it was not looked at.
      returned: always
      type: raw
      sample: 53687091200
    members:
      description: Names of all members, sorted. Null if they were not looked at.
      returned: always
      type: list
      elements: str
      sample: [user_12, user_13]
failures:
  description: All failures, that of the group first, then those of members.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description:
        - What happened, a fixed key. All are listed at
          RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
      returned: always
      type: str
      sample: account_missing
    kind:
      description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
      returned: always
      type: str
      sample: final
    message:
      description: What happened, in words, with the cloud's own message.
      returned: always
      type: str
      sample: The account does not exist.
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: Check the name; or ask for it to be created.
    account:
      description: Name of the member, null for the group itself.
      returned: always
      type: str
      sample: user_12
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: null
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: null
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: null
    outcome_unknown:
      description: A change was sent, and it is not known whether it took effect.
      returned: always
      type: bool
      sample: false
failure:
  description: The first of RV(failures). Null if all went well.
  returned: always
  type: dict
  contains:
    code:
      description:
        - What happened, a fixed key. All are listed at
          RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
      returned: always
      type: str
      sample: account_missing
    kind:
      description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
      returned: always
      type: str
      sample: final
    message:
      description: What happened, in words, with the cloud's own message.
      returned: always
      type: str
      sample: The account does not exist.
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: Check the name; or ask for it to be created.
    account:
      description: Name of the member, null for the group itself.
      returned: always
      type: str
      sample: user_12
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: null
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: null
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: null
    outcome_unknown:
      description: A change was sent, and it is not known whether it took effect.
      returned: always
      type: bool
      sample: false
msg:
  description:
    - All that failed, in words, one line each, at most ten. For people; use RV(failure) in conditions.
    - If options are missing or of a wrong kind, this is all that is returned.
  returned: failure
  type: str
  sample: >-
    account user_12: The account does not exist. Check the name; or ask for it to be created.
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import GROUP  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**GROUP.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_group runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
