#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_quota; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_quota
short_description: Set the quotas of a Nextcloud and of its accounts
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Sets the quotas of existing accounts, and for the whole cloud the default, the maximum and whether quotas may be
    unlimited.
  - The cloud's own settings are made first. B(If one of them fails, no account is touched.)
  - Then all accounts are read and planned, changed and read back. Only what differs is written.
  - B(The task fails if anything failed.) One account's failure does not keep the others from being changed.
  - Members of the group V(admin), and the account that acts, are never changed.
  - ownCloud, oCIS and OpenCloud have no API for O(default), O(maximum) and O(allow_unlimited). With one of them the
    task fails there (V(unsupported)), and no account is touched.
  - An account of oCIS or OpenCloud that has never logged in has no storage, so its quota stays C(pending), which is no
    failure. V(0) is an error there, as those clouds take it for unlimited.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
attributes:
  check_mode:
    support: full
    details:
      - Reads the cloud and shows the same plan that would be carried out.
        What only the cloud can refuse, for instance a quota above the maximum, is not foreseen.
      - Accounts are planned with the default that the cloud has now, even if O(default) would change it.
  diff_mode:
    support: full
    details:
      - One entry for the cloud's own settings, and one for each account.
        After a failure half-way it shows the whole plan.
  idempotent:
    support: partial
    details:
      - An account whose quota the cloud cannot tell (a storage error on its side) has its quota set at every run.
options:
  accounts:
    description:
      - Accounts whose quota is set. They have to exist. Whether they are enabled is left alone.
      - Accounts that are not listed are not looked at.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the account, in the cloud's own notation of upper and lower case.
        type: str
        required: true
      quota:
        description:
          - Its quota, in the same notation as O(quota), which is used if this is not given.
        type: str
  quota:
    description:
      - Quota of all O(accounts) that have none of their own in the list. An account without either is a failure.
      - Quota in bytes (V(10737418240)), with a unit (V(10 GB), V(1.5 GiB)), or V(none) for unlimited.
      - Units are B, KB, MB, GB, TB, PB and KiB, MiB, GiB, TiB, PiB, in upper or lower case.
        Both kinds are powers of 1024, as Nextcloud counts, so V(10 GB) and V(10 GiB) are equal.
      - Everything else is refused, for instance V(1,5 GB), V(10G) and V(-1).
      - A quota below what is used is set and warned about. Nothing is deleted by it, but uploads fail.
      - Nextcloud and ownCloud round the quotas of accounts to one decimal of the unit (1234567890 bytes become 1.1 GB,
        which reads 1181116006). A quota that is right after that is not set again.
      - An account that has the default of the cloud shows it as its quota. If that is what is asked for, nothing is
        set, and the account follows later changes of the default. ownCloud does not tell its default before the first
        log-in of an account, nor if it is unlimited or used up. Then the quota is set.
    type: str
  default:
    description:
      - The cloud's quota for accounts that have none of their own. In the same notation as O(quota). It is not rounded.
      - Changing it changes the quota of all these accounts at once.
      - If not given, it is left alone. It must not be above the maximum.
    type: str
  maximum:
    description:
      - The highest quota that the cloud accepts for an account. In the same notation as O(quota).
        V(none) removes the maximum.
      - It does not limit quotas that are unlimited, see O(allow_unlimited).
      - Fails with V(unsupported) before Nextcloud 23, which has no maximum.
      - Accounts that have more already keep it.
      - If not given, it is left alone.
    type: str
  allow_unlimited:
    description:
      - Whether the cloud accepts unlimited quotas. V(false) needs a default that is not unlimited.
      - V(false) fails with V(unsupported) before Nextcloud 23, which always accepts them.
      - Accounts whose quota is unlimited already keep it.
      - If not given, it is left alone.
    type: bool
notes:
  - Nextcloud allows 50 changes of quotas of accounts in 600 seconds for each acting account. More are warned about, in
    check mode, too. After the first that is refused none is sent, and the rest fails with V(rate_limited).
    Run the task again later, it does only what is missing.
seealso:
  - module: bill.nextcloud.nextcloud_users
  - module: bill.nextcloud.nextcloud_user_info
    description: Shows which accounts are nearly full.
"""

EXAMPLES = r"""
- name: Five gigabytes for everybody without a quota, and never more than one hundred
  bill.nextcloud.nextcloud_quota:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    default: 5 GB
    maximum: 100 GB
    allow_unlimited: false

- name: More space for two accounts
  bill.nextcloud.nextcloud_quota:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    quota: 20 GB
    accounts:
      - name: user_13
      - name: user_14
        quota: 1.5 GiB
"""

RETURN = r"""
instance:
  description:
    - The cloud's own settings as read back (in check mode, as they are).
    - Null if none was asked for, or if they could not be read.
  returned: always
  type: dict
  contains:
    changes:
      description: The plan. Quotas are bytes, null for unlimited, V(unknown) if what the cloud keeps is no quota.
      returned: always
      type: list
      elements: dict
      sample: [{"field": "default", "before": null, "after": 5368709120}]
    default:
      description: Quota of accounts that have none of their own. Bytes, null for unlimited, V(unknown).
      returned: always
      type: raw
      sample: 5368709120
    maximum:
      description: Highest quota of an account. Bytes, null for none, V(unknown).
      returned: always
      type: raw
      sample: 107374182400
    allow_unlimited:
      description: Whether unlimited quotas are accepted.
      returned: always
      type: bool
      sample: false
accounts:
  description: One item for each account asked for, in the same order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name as asked for.
      returned: always
      type: str
      sample: user_12
    state:
      description: Always V(exists).
      returned: always
      type: str
      sample: exists
    changed:
      description: Whether anything was changed (in check mode, would be changed), as far as known.
      returned: always
      type: bool
      sample: true
    action:
      description: What was done, V(updated) or V(none). In check mode, what would be done.
      returned: always
      type: str
      sample: updated
    changes:
      description: The plan. Quotas are bytes, null for unlimited, V(unknown) if the cloud does not tell.
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
            - What happened, a fixed key. All are listed at
              RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
          returned: always
          type: str
          sample: invalid_value
        kind:
          description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
          returned: always
          type: str
          sample: final
        message:
          description: What happened, in words, with the cloud's own message.
          returned: always
          type: str
          sample: 'A value cannot be used. The cloud says: "Invalid quota value: 1 TB".'
        detail:
          description: What happened here, without the words that every failure of this code has; null when that is all.
          returned: always
          type: str
          sample: 'The cloud says: "Invalid quota value: 1 TB".'
        hint:
          description: What to do next.
          returned: always
          type: str
          sample: Correct the value that the message names.
        account:
          description: Name as asked for.
          returned: always
          type: str
          sample: user_12
        request:
          description: Method and path of the request, null if there was none.
          returned: always
          type: str
          sample: PUT /ocs/v2.php/cloud/users/user_12
        http_status:
          description: HTTP status of the answer, null if there was none.
          returned: always
          type: int
          sample: 400
        ocs_code:
          description: The API's own code, null if there was none.
          returned: always
          type: int
          sample: 101
        outcome_unknown:
          description: A change was sent, and it is not known whether it took effect.
          returned: always
          type: bool
          sample: false
summary:
  description: Numbers of accounts. One that was changed in part counts as changed and as failed.
  returned: always
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
failure:
  description: The first failure, that of the cloud's own settings or of an account. Null if all went well.
  returned: always
  type: dict
  contains:
    code:
      description:
        - What happened, a fixed key. All are listed at
          RV(bill.nextcloud.nextcloud_users#module:accounts[].failure.code).
      returned: always
      type: str
      sample: invalid_value
    kind:
      description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
      returned: always
      type: str
      sample: final
    message:
      description: What happened, in words, with the cloud's own message.
      returned: always
      type: str
      sample: 'A value cannot be used. The cloud says: "Invalid quota value: 1 TB".'
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
      sample: 'The cloud says: "Invalid quota value: 1 TB".'
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: Correct the value that the message names.
    account:
      description: Name of the account, null for the cloud's own settings.
      returned: always
      type: str
      sample: user_12
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: PUT /ocs/v2.php/cloud/users/user_12
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: 400
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: 101
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
    account user_12: The account does not exist. It is not created, because state is exists. Check the name; or
    ask for it to be created.
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import QUOTA  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**QUOTA.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_quota runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
