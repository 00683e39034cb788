#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_user_info; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_user_info
short_description: Read the accounts of a Nextcloud
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Reads all accounts of a Nextcloud, those of a group, those that a search finds, or some by their names.
  - All means all. The list is read in pages of 500 and compared with the cloud's list of names, and what a page left
    out is read one by one. B(If any of it cannot be read, the task fails rather than returns an incomplete list.)
    Only what the cloud itself lists without showing it is left out, see RV(unreadable).
  - The cloud shows group administrators the accounts of their groups only, and does not say so. So the task fails for
    them, unless O(names) are given.
  - A page that a slow cloud does not answer in time is asked for again at half its size, down to 20 accounts.
    With C(-v) the task says how far it is.
  - ownCloud lists names only, so there each account is read by a request of its own, and the groups by two requests
    for each group, or with the accounts where that takes less requests.
  - oCIS and OpenCloud list all accounts in one answer, and all quotas in another. The quota of an account that has
    never logged in is V(unknown) there.
  - With O(transport=occ) Nextcloud lists all accounts in pages of 1000, which take a second or two each.
    B(Such a list does not tell the space in use, the language, the manager, nor the groups that an account
    administers.) The first is read for each account by itself where O(min_used_percent) asks for it. With O(names) it
    is always read, with language and manager.
  - Accounts come sorted by name, or in the order of O(names).
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
attributes:
  check_mode:
    support: full
    details:
      - It only reads, in check mode as well.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing.
options:
  names:
    description:
      - Only these accounts, each read by a request of its own. Those that do not exist are listed in RV(missing),
        which is no failure.
      - Cannot be combined with O(search) and O(group).
    type: list
    elements: str
  search:
    description:
      - Only accounts that have this in their name, display name or e-mail address. The cloud searches, or the task
        itself with O(transport=occ).
      - ownCloud looks at the names only, and for as many characters as its setting C(user.search_min_length) says or
        more. A shorter search is a failure, because the cloud would answer it with an empty list.
      - oCIS and OpenCloud cannot search for a quotation mark.
    type: str
  group:
    description:
      - Only members of this group, which has to exist. Can be combined with O(search).
    type: str
  enabled:
    description:
      - V(true), only accounts that are enabled. V(false), only those that are disabled.
    type: bool
  min_used_percent:
    description:
      - Only accounts that use at least so many percent of their quota.
        Those with an unlimited or an unknown quota are left out, and with a warning those of which the cloud does not
        tell how much they use.
    type: int
notes:
  - A big cloud takes its time, some milliseconds for each account. With C(-v) the progress is shown.
    O(search) and O(group) are applied by the cloud and make it quicker, O(enabled) and O(min_used_percent) do not.
    With O(transport=occ) on Nextcloud none of them does, and O(min_used_percent) makes it slower.
  - Administrators and the acting account are listed, too.
seealso:
  - module: bill.nextcloud.nextcloud_users
"""

EXAMPLES = r"""
- name: Read all accounts
  bill.nextcloud.nextcloud_user_info:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
  register: cloud_accounts

- name: Show how many there are and what they use
  ansible.builtin.debug:
    msg: "{{ cloud_accounts.summary.total }} accounts, {{ (cloud_accounts.summary.used or 0) | human_readable }}"

- name: Read enabled accounts that are nearly full
  bill.nextcloud.nextcloud_user_info:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    enabled: true
    min_used_percent: 90
  register: nearly_full

- name: Show whom to write to
  ansible.builtin.debug:
    msg: "{{ nearly_full.accounts | map(attribute='email') | select }}"

- name: Read two accounts, which need not exist
  bill.nextcloud.nextcloud_user_info:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    names: [user_12, user_13]
  register: some_accounts

- name: Show which do not exist
  ansible.builtin.debug:
    var: some_accounts.missing
"""

RETURN = r"""
accounts:
  description: The accounts. After a failure of some of O(names) the others, otherwise none.
  returned: always
  type: list
  elements: dict
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
missing:
  description: Those of O(names) that do not exist.
  returned: always
  type: list
  elements: str
  sample: [user_99]
unreadable:
  description:
    - Names that the cloud lists without showing the account, for instance remnants of LDAP accounts. The task warns.
    - They are not in RV(accounts), whatever the filters.
  returned: always
  type: list
  elements: str
  sample: []
summary:
  description: Numbers of RV(accounts).
  returned: always
  type: dict
  contains:
    total:
      description: All of them.
      returned: always
      type: int
      sample: 120
    enabled:
      description: Those that can log in.
      returned: always
      type: int
      sample: 117
    disabled:
      description: The others.
      returned: always
      type: int
      sample: 3
    used:
      description:
        - Bytes that they use together, as far as the cloud tells. Null if it tells of none of them, as in a list of
          Nextcloud with O(transport=occ).
      returned: always
      type: int
      sample: 48318382080
failure:
  description: The first failure. Null if all went well.
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
      sample: 'A group does not exist on the cloud. It is "customers".'
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
      sample: 'It is "customers".'
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: Create the group, or correct its name.
    account:
      description: Name of the account, null if it concerns no single one.
      returned: always
      type: str
      sample: null
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: GET /ocs/v2.php/cloud/groups/customers/users/details
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: 404
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: 404
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
    reading accounts: A group does not exist on the cloud. It is "customers". Create the group, or correct its
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_INFO  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**USER_INFO.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_user_info runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
