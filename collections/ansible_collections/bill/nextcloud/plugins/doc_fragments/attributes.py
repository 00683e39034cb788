# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the attributes that all modules have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``bill.nextcloud.attributes``; ``support`` of the first three is the module's."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
  action_group:
    description:
      - Use C(group/bill.nextcloud.nextcloud) in C(module_defaults) to set the options of the connection once.
    support: full
    membership:
      - bill.nextcloud.nextcloud
    version_added: 0.2.0
  async:
    description: Supports use with the C(async) keyword.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
    details:
      - The work is done by an action plugin on the controller. Over the API no connection to the task's host is
        needed. With O(transport=occ), and with O(transport=auto) once occ is used, commands are run on the task's host
        over the connection that Ansible has to it, which needs Python there and pipelining.
      - On Linux the writing process is ended with C(ansible-playbook), so that nothing is written after a killed run.
"""
