# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection's options, which every module has."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``bill.nextcloud.connection``."""

    DOCUMENTATION = r"""
options:
  transport:
    description:
      - How the cloud is spoken to. All options mean the same either way.
      - V(api), by its HTTP API, from the controller.
      - V(occ), by the command C(occ) on its server, which is the host of the task, over the connection that Ansible has
        to it (SSH, for instance), Nextcloud and ownCloud only. What C(occ) cannot do is done by the API if O(api_url)
        and a log-in are given (group administrators; quotas on ownCloud), otherwise it is an error
        (V(unsupported)). Log-ins that prove a password need O(api_url) only.
      - V(auto), by the API, and by C(occ) what that does not let the acting account do, namely all changes when it
        answers the first of them with 403, and edits of single fields when there are more than it allows at once.
      - Which way was used, and why, is RV(ignore:transport) of the result.
    type: str
    choices: [api, occ, auto]
    default: api
  api_url:
    description:
      - Address of the cloud, V(https://host[:port][/path]), without user, query and fragment.
      - Redirects are never followed.
      - With V(http://) to another machine the password or token travels unencrypted, and the task warns.
      - Needed unless O(transport=occ).
    type: str
  api_username:
    description:
      - Log-in name of the account that acts. It must be a member of the group V(admin), on oCIS and OpenCloud have the
        role Admin. Of accounts out of its reach nothing can be known, so they end the task (V(write_not_permitted)).
      - Needed with O(api_password). With O(api_token) the cloud knows whose token it is.
    type: str
  api_password:
    description:
      - Its real password. Whether an app password may change accounts depends on the release of Nextcloud and on how
        it was made, M(bill.nextcloud.nextcloud_probe) tells.
      - oCIS and OpenCloud take passwords only where that was switched on (C(PROXY_ENABLE_BASIC_AUTH)). An app token
        (C(PROXY_ENABLE_APP_AUTH)) takes the place of the password. It ends, and M(bill.nextcloud.nextcloud_probe) tells
        when, if it is the only one of the account.
      - Either this or O(api_token) is needed, unless O(transport=occ).
    type: str
  api_token:
    description:
      - A bearer token of the account that acts, instead of O(api_password), for instance an access token of OpenID
        Connect.
    type: str
  ca_path:
    description:
      - PEM file (or directory) of the CA that signed the cloud's certificate, on the controller.
      - Without it the CAs of the Python package certifi are trusted. Certificates are always verified.
    type: path
  api_requests:
    description:
      - How many requests to the API may be under way at the same time, from V(1), one after the other, to V(8). So
        many accounts are worked on at once, all of them with one log-in.
      - When the cloud answers with HTTP status 503 (but for maintenance) or 429 (but for its limit of edits), there are
        half as many from then on, to the end of the task.
      - Edits of single fields are sent one after the other where the cloud limits them (Nextcloud).
      - V(1) is right for a Nextcloud or ownCloud on SQLite, which lets one request write at a time and may answer
        others with HTTP status 500 (database is locked).
    type: int
    default: 4
  session_path:
    description:
      - File on the controller, one for each cloud, that keeps the log-in from task to task and from run to run.
        Nextcloud takes some 0.4 seconds to check a password. Without this option each task logs in.
      - It holds cookies by which everybody who can read it acts as O(api_username), so have it on a tmpfs. Its
        directory has to exist, to belong to the user who runs Ansible, and to have mode 0700; the file gets mode 0600.
        Where that is not so, or the file is none of this option's, the task leaves it alone, warns, and logs in.
      - A session ends 25 minutes after its log-in, however often it is used, and with another O(api_url),
        O(api_username), O(api_password) or O(ca_path). When the cloud refuses it, the task logs in once.
      - While it keeps a session of a cloud, O(dialect=auto) asks that cloud no more what it is.
      - Used with Nextcloud and O(api_password) only. M(bill.nextcloud.nextcloud_probe) never uses it, and
        log-ins that prove a password of an account are never kept.
    type: path
  dialect:
    description:
      - Which API the cloud has. All options mean the same with each; what a product has nothing for is an error, or a
        warning where that harms nobody.
      - V(nextcloud), Nextcloud 17 or later. V(owncloud), ownCloud 10 and 11. V(libregraph), oCIS and OpenCloud.
      - With V(auto) the cloud is asked, by one request more for each task (C(status.php), which needs no log-in).
    type: str
    choices: [auto, nextcloud, owncloud, libregraph]
    default: auto
  occ_path:
    description:
      - The file C(occ) on the server. Without it the usual places are searched.
    type: str
  php_path:
    description:
      - The program that runs it there. Without it the usual places are searched.
    type: str
  occ_command:
    description:
      - The whole command that runs C(occ), for containers and snap, instead of O(occ_path) and O(php_path). The command
        has to hand the variables E(OC_PASS) and E(NC_PASS) on to C(occ).
    type: list
    elements: str
  occ_processes:
    description:
      - How many C(occ) processes may run there at the same time.
    type: int
    default: 4
requirements:
  - Python 3.11 or later on the controller, with requests and urllib3 2.
"""
