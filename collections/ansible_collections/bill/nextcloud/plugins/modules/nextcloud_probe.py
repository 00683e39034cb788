#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_probe; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_probe
short_description: Ask a Nextcloud what it is and whether it lets itself be changed
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Tells product, version, state and limits of a Nextcloud, and whether the acting account may change its accounts.
  - B(The task fails if the cloud cannot be used), with all that was found out before.
    RV(failure) tells why, for instance V(wrong_credentials), V(maintenance) or V(write_not_permitted).
  - It changes nothing.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
attributes:
  check_mode:
    support: full
    details:
      - It does the same in check mode. With O(write_proof=true) one writing request is sent, in check mode as well.
        It cannot have an effect.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing.
options:
  write_proof:
    description:
      - If V(true), prove that the acting account may write. Reading proves nothing, because an app password may be
        allowed to read only, which depends on the release and on how it was made.
      - The proof is one request to create a group without a name. A cloud refuses it as an invalid name if the account
        may write, and otherwise as not permitted. It cannot have an effect.
      - On ownCloud it is one request to let the acting account administer a group without a name. There is none, which
        is told to administrators only.
      - On oCIS and OpenCloud it is one request to create an account without a name. Where the accounts are kept in a
        directory that the cloud may only read, which its capabilities tell, the task fails (V(backend_refused)).
      - With O(transport=occ) on Nextcloud and ownCloud it is one C(occ user:add) with a name that cannot be one, which
        is refused. That proves that this command may be run and is given the password, and nothing of the other
        commands, which a sudoers file may allow or not each by itself.
      - If V(false), nothing but reading requests is sent, and RV(may_write) is null.
    type: bool
    default: true
  read_limits:
    description:
      - If V(false), the limits of the accounts are not asked for, which saves five requests on Nextcloud. RV(limits) is
        null then.
    type: bool
    default: true
  list_groups:
    description:
      - If V(true), RV(groups) lists the groups of the cloud, which takes one request however many there are.
    type: bool
    default: false
  read_space:
    description:
      - If V(true), RV(free_space) tells how much space the cloud's disk has left, which takes one request. Only
        Nextcloud tells.
    type: bool
    default: false
seealso:
  - module: bill.nextcloud.nextcloud_users
"""

EXAMPLES = r"""
- name: Ask a cloud before anything is changed
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/bill.nextcloud.nextcloud:  # the connection, once for all modules of the collection
      api_url: https://cloud.example.org
      api_username: provisioning
      api_password: "{{ cloud_password }}"
  tasks:
    - name: Fail unless the accounts of the cloud can be changed
      bill.nextcloud.nextcloud_probe:
      register: cloud

    - name: Show what it is
      ansible.builtin.debug:
        msg: "{{ cloud.product }} {{ cloud.version }}, default quota {{ cloud.limits.quota_default }}"

    - name: Read its accounts
      bill.nextcloud.nextcloud_user_info:

    - name: List its groups and read its free space, with as few requests as possible
      bill.nextcloud.nextcloud_probe:
        write_proof: false
        read_limits: false
        list_groups: true
        read_space: true
"""

RETURN = r"""
dialect:
  description: Which API the cloud has. Null if the cloud did not answer, like everything that could not be found out.
  returned: always
  type: str
  sample: nextcloud
product:
  description: Name of the product, as the cloud calls itself.
  returned: always
  type: str
  sample: Nextcloud
version:
  description: Its version.
  returned: always
  type: str
  sample: 31.0.6
maintenance:
  description: Whether it is in maintenance mode. The task fails then.
  returned: always
  type: bool
  sample: false
needs_upgrade:
  description: Whether an upgrade of its database is due.
  returned: always
  type: bool
  sample: false
capabilities:
  description: What its apps can do, as the cloud itself tells it. Differs from cloud to cloud.
  returned: always
  type: dict
  sample: {"core": {"pollinterval": 60}, "password_policy": {"minLength": 10}}
limits:
  description:
    - What limits the accounts.
    - Null if an earlier step failed, without O(read_limits), and without O(write_proof) if the acting account is no
      administrator.
  returned: always
  type: dict
  contains:
    quota_default:
      description: Quota of accounts that have none of their own. Bytes, null for unlimited, V(unknown).
      returned: always
      type: raw
      sample: 5368709120
    quota_maximum:
      description: Highest quota of an account. Bytes, null for none, V(unknown), also before Nextcloud 23.
      returned: always
      type: raw
      sample: null
    quota_allow_unlimited:
      description: Whether unlimited quotas are accepted. Null if the cloud does not tell, or before Nextcloud 23.
      returned: always
      type: bool
      sample: true
    password_min_length:
      description: Shortest password that is accepted. Null if the cloud does not tell.
      returned: always
      type: int
      sample: 10
    email_required:
      description: Whether an account needs an e-mail address. Null if the cloud does not tell.
      returned: always
      type: bool
      sample: false
    mails_new_accounts:
      description: Whether the cloud writes to the e-mail address of a new account. Null if it does not tell.
      returned: always
      type: bool
      sample: true
    login_delay_milliseconds:
      description:
        - By how much answers to the controller's address are delayed because of failed log-ins.
          Null if the cloud does not tell.
      returned: always
      type: int
      sample: 0
groups:
  description:
    - Names of all groups, sorted, V(admin) included. An acting account that is no administrator sees those that it
      administers.
    - Null without O(list_groups), or if an earlier step failed.
  returned: always
  type: list
  elements: str
  sample: [admin, customers, premium]
free_space:
  description:
    - Free space of the disk that holds the cloud's files, as its app C(serverinfo) tells it. Bytes. What was sold and
      is not used yet counts as free.
    - Null where the cloud does not tell within seconds, for instance without the app or with object storage; if the
      acting account is no administrator; without O(read_space); and if an earlier step failed.
  returned: always
  type: int
  sample: 81858383872
acting_account:
  description: The account that acts, as the cloud shows it.
  returned: always
  type: dict
  contains:
    name:
      description: Name.
      returned: always
      type: str
      sample: provisioning
    is_admin:
      description: Whether it is a member of the group V(admin), on oCIS and OpenCloud has the role of an administrator.
      returned: always
      type: bool
      sample: true
    group_admin_of:
      description: All groups that it administers, sorted.
      returned: always
      type: list
      elements: str
      sample: []
may_write:
  description:
    - Whether it may change accounts. Null without O(write_proof), or if an earlier step failed.
    - With O(transport=occ) on Nextcloud and ownCloud it is proven of C(user:add) and the hand-over of its password
      only.
  returned: always
  type: bool
  sample: true
credentials_expire:
  description:
    - When the log-in ends, so that it can be renewed before. UTC.
    - Known of a JSON Web Token in O(api_token), and of an app token of oCIS and OpenCloud if the cloud takes no
      passwords and the acting account has no other app token that has not ended.
    - Null where the cloud does not tell, which does not mean that it never ends.
  returned: always
  type: str
  sample: "2026-12-04T09:30:00Z"
failure:
  description: Null if the cloud can be used.
  returned: always
  type: dict
  contains:
    code:
      description:
        - What happened, a fixed key. All are listed at
          RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
      returned: always
      type: str
      sample: wrong_credentials
    kind:
      description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
      returned: always
      type: str
      sample: held
    message:
      description: What happened, in words, with the cloud's own message.
      returned: always
      type: str
      sample: The cloud refused the log-in of the acting account.
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: >-
        Correct api_username and api_password, or renew api_token. Do not try often: failed log-ins lock the caller's
        address.
    account:
      description: Always null.
      returned: always
      type: str
      sample: null
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: GET /ocs/v2.php/cloud/capabilities
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: 401
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: 997
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
    cloud https://cloud.example.org: The cloud cannot be reached. Connection refused. [GET /status.php] Check that
    the server runs and that name, port and network are right.
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import PROBE  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**PROBE.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_probe runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
