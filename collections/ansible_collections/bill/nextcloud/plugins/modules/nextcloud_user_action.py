#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of bill.nextcloud.nextcloud_user_action; the action plugin of the same name does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_user_action
short_description: Do something to an account once
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Does what has no state that could be compared. B(Every run does it again.)
  - The account is read first, then one request is sent. It is never sent twice.
  - B(The task fails if it was not done.) RV(failure) tells programs why, RV(msg) tells people.
  - Nothing is done to members of the group V(admin), and to the account that acts.
extends_documentation_fragment:
  - bill.nextcloud.attributes
  - bill.nextcloud.connection
attributes:
  check_mode:
    support: full
    details:
      - Reads the account and says whether something would be done. What only the cloud can refuse is not foreseen.
  diff_mode:
    support: none
    details:
      - There is nothing to compare.
  idempotent:
    support: none
    details:
      - Every run does it again, and is changed.
options:
  name:
    description:
      - Name of the account, in the cloud's own notation of upper and lower case. It has to exist.
    type: str
    required: true
  action:
    description:
      - What to do. A product that has nothing for it is a failure (V(unsupported)), and nothing is sent.
      - V(send_welcome), the cloud sends its welcome mail to the account's e-mail address. It has a link to set a
        password if the account was invited and nobody has set one yet, or if a lost password was asked for.
        Only Nextcloud has it.
        The mail is handed over within the request. Whether it arrives is not known.
      - V(wipe_devices), all devices and sessions of the account are signed out at once and have to log in anew, and a
        device deletes the account's files from itself when it next asks the cloud, as with
        O(bill.nextcloud.nextcloud_user#module:wipe). B(This cannot be taken back.) Only Nextcloud has it.
        The cloud does not tell which devices there are, nor what they have deleted.
      - V(reset_second_factor), the cloud asks the account for no second factor any more, so that its user can log in
        with the password alone. ownCloud asks again after C(occ twofactorauth:enable) on its server.
        Nextcloud has it on its server only, so it needs O(transport=occ) or O(transport=auto); every second factor of
        the account is disabled there, and its user has to set up new ones.
      - V(revoke_app_passwords), all app passwords of the account are deleted, so that its devices and programs have to
        be given new ones. Sessions in browsers go on, and nothing is deleted on the devices.
        Only Nextcloud has it, on its server, from release 29 on, so it needs O(transport=occ) or
        O(transport=auto).
    type: str
    required: true
    choices: [send_welcome, wipe_devices, reset_second_factor, revoke_app_passwords]
seealso:
  - module: bill.nextcloud.nextcloud_user
    description: What an account should be; wipes devices when it disables one.
"""

EXAMPLES = r"""
- name: The welcome mail once more
  bill.nextcloud.nextcloud_user_action:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_11
    action: send_welcome

- name: A laptop was stolen, so all devices of the account delete its files
  bill.nextcloud.nextcloud_user_action:
    api_url: https://cloud.example.org
    api_username: provisioning
    api_password: "{{ cloud_password }}"
    name: user_13
    action: wipe_devices

- name: A password has leaked, so no app password made with it goes on working
  bill.nextcloud.nextcloud_user_action:
    transport: occ  # on the cloud's server
    occ_path: /var/www/nextcloud/occ
    php_path: /usr/bin/php8.3
    name: user_13
    action: revoke_app_passwords
"""

RETURN = r"""
name:
  description: Name as asked for.
  returned: always
  type: str
  sample: user_12
action:
  description: What was asked for. The task is changed if it was done (in check mode, if it would be).
  returned: always
  type: str
  sample: send_welcome
account:
  description: The account as it was before. Null if it does not exist, could not be read or is never changed.
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
      sample: server_error
    kind:
      description: V(temporary) (try later), V(held) (the whole cloud is concerned) or V(final) (change something).
      returned: always
      type: str
      sample: temporary
    message:
      description: What happened, in words, with the cloud's own message.
      returned: always
      type: str
      sample: 'The cloud had an internal error. The cloud says: "Sending email failed".'
    detail:
      description: What happened here, without the words that every failure of this code has; null when that is all.
      returned: always
      type: str
      sample: 'The cloud says: "Sending email failed".'
    hint:
      description: What to do next.
      returned: always
      type: str
      sample: Look into the cloud's log (nextcloud.log).
    account:
      description: Name as asked for.
      returned: always
      type: str
      sample: user_12
    request:
      description: Method and path of the request, null if there was none.
      returned: always
      type: str
      sample: POST /ocs/v2.php/cloud/users/user_12/welcome
    http_status:
      description: HTTP status of the answer, null if there was none.
      returned: always
      type: int
      sample: 400
    ocs_code:
      description: The API's own code, null if there was none.
      returned: always
      type: int
      sample: 102
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
    account user_12: A value cannot be used. It has no e-mail address to write to. Correct the value that the message
    names.
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
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import USER_ACTION  # noqa: E402


def main() -> None:
    """Refuse to run: without the action plugin nothing would be done."""
    module = AnsibleModule(**USER_ACTION.keywords, supports_check_mode=True)
    module.fail_json(msg="bill.nextcloud.nextcloud_user_action runs on the controller; its action plugin was not found")


if __name__ == "__main__":
    main()
