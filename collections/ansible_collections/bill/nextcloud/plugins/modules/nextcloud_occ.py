#!/usr/bin/python
# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""bill.nextcloud.nextcloud_occ: runs occ commands on the host of a Nextcloud or an ownCloud."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nextcloud_occ
short_description: Run occ commands of a Nextcloud or an ownCloud on its server
version_added: 0.2.0
author:
  - The bill-nextcloud authors (@bill-nextcloud)
description:
  - Runs one or many commands of C(occ), the command line program of Nextcloud and ownCloud, on the host of the cloud.
  - It finds occ and PHP, and runs them as the owner of C(config/config.php), as occ demands. If the module runs as this
    user already (C(become_user)), occ is started directly; if it runs as root, occ's process becomes that user;
    otherwise C(sudo) starts it, without asking for a password, so that a sudoers file can allow exactly the commands
    that are to be used.
  - There is no shell, so that arguments are never interpreted. A password is given to one process by its environment
    only. It is in no argument, result, log or file, if pipelining is on. (Without, Ansible keeps what a module is given
    in a file on the host while it runs.)
  - Commands of one execution are never run beside those of another one of the same cloud and SSH user, which is waited
    for, at most a minute. When Ansible is killed or its connection breaks, no further command is started; those that
    are running are not ended.
  - B(The task fails if a command has a status other than 0) or runs out of time, with all answers in the result.
    The other commands are run nevertheless. Use C(failed_when) where another status is all right.
extends_documentation_fragment:
  - bill.nextcloud.attributes
attributes:
  check_mode:
    support: partial
    details:
      - Commands with O(commands[].changes=false) are run in check mode, too. All others are skipped, and taken for ones
        that change something.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - That depends on the commands.
  action_group:
    support: none
    membership: []
    details:
      - It has none of the options of the connection to the API.
  async:
    support: full
  platform:
    details:
      - The module runs on the host of the cloud, with Python 3.7 or later, which ansible-core 2.17 needs there.
options:
  commands:
    description:
      - The commands, begun in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      arguments:
        description:
          - The arguments of occ, the command's name first. C(--no-interaction) and C(--no-ansi) are added behind it.
          - Nothing in here is secret. It can be seen in the list of processes, and sudo logs it.
        type: list
        elements: str
        required: true
      password:
        description:
          - The password for C(--password-from-env), which has to be among the arguments.
          - It is handed to the process of this command by its environment, as C(OC_PASS) and C(NC_PASS).
        type: str
      input:
        description:
          - Text for the standard input of this command, at most 64 KiB, for instance the settings for C(config:import),
            which may be secret.
          - Like a password it is in no argument, result, log or file.
        type: str
      changes:
        description:
          - Whether the command may change something.
        type: bool
        default: true
      seconds:
        description:
          - How long the command may take. Then it is told to end, and what it has done so far is not known. In a
            container it may go on. If it does so below sudo, the next execution waits for its end.
        type: int
        default: 120
      hidden:
        description:
          - Whether what it says may hold a secret. Then it is in RV(hidden) in place of RV(results), and in no message.
          - Use C(no_log) for the task as well, so that RV(hidden) is not shown. RV(results) would be from ansible-core
            2.19 on, which takes them for those of a loop.
        type: bool
        default: false
  occ_path:
    description:
      - The path of the file C(occ). By default it is looked for in the usual places, where there must be only one.
    type: path
  php_path:
    description:
      - The path of PHP's command line program. By default it is C(php) of the PATH, or the only one in other usual
        places.
    type: path
  occ_command:
    description:
      - The whole command that starts occ, where it is not PHP on this host, for instance in a container or a snap. It
        is run as the user as whom the module runs.
      - It has to hand on the variables C(OC_PASS) and C(NC_PASS) for commands with a password.
    type: list
    elements: str
  processes:
    description:
      - How many commands may run at once. With more than one, a command may begin before those before it have ended.
    type: int
    default: 1
notes:
  - With sudo, commands with a password need C(Defaults!OCC_PASSWORDS env_keep += "OC_PASS NC_PASS") in the sudoers
    file, where C(OCC_PASSWORDS) are those commands. The repository's C(docs/occ.md) has a complete one.
seealso:
  - module: bill.nextcloud.nextcloud_users
"""

EXAMPLES = r"""
- name: Set up a cloud on its server
  hosts: cloud_server
  gather_facts: false
  vars:
    ansible_pipelining: true
  tasks:
    - name: Read what it is
      bill.nextcloud.nextcloud_occ:
        commands:
          - arguments: [status, --output=json]
            changes: false
      register: status

    - name: Show its version
      ansible.builtin.debug:
        msg: "{{ (status.results[0].output | from_json).versionstring }}"

    - name: Set the default quota and make an account
      bill.nextcloud.nextcloud_occ:
        occ_path: /var/www/nextcloud/occ
        commands:
          - arguments: [config:app:set, files, default_quota, --value=5 GB]
          - arguments: [user:add, --password-from-env, --display-name=Anna Example, anna]
            password: "{{ anna_password }}"

    - name: Read a setting that may not be there
      bill.nextcloud.nextcloud_occ:
        commands:
          - arguments: [config:app:get, core, newUser.sendEmail]
            changes: false
      register: setting
      failed_when: setting.results[0].status not in (0, 1)

    - name: Read all accounts of a cloud in a container
      bill.nextcloud.nextcloud_occ:
        occ_command: [docker, exec, --user, www-data, --env, OC_PASS, --env, NC_PASS, nextcloud, php, occ]
        commands:
          - arguments: [user:list, --output=json]
            changes: false
            seconds: 600
"""

RETURN = r"""
results:
  description:
    - What became of the commands, in their order. If it is missing, no command was run.
  returned: if occ could be started at all
  type: list
  elements: dict
  contains:
    status:
      description: The exit status of occ. Null if it did not end by itself.
      returned: always
      type: int
      sample: 0
    output:
      description: What it wrote to its standard output. Many errors of occ are there, too.
      returned: always
      type: str
      sample: "The account \"anna\" was created successfully\n"
    errors:
      description: What it wrote to its standard error.
      returned: always
      type: str
      sample: ""
    timed_out:
      description: Whether it ran out of time, so that it is not known what it has done.
      returned: always
      type: bool
      sample: false
    begun:
      description: Whether occ has begun with it. If not, nothing has happened.
      returned: always
      type: bool
      sample: true
    refusal:
      description:
        - Why occ has not begun with it although it was to, for instance because sudo does not allow it, or occ demands
          another release of PHP. Null if it has, and in check mode for commands that may change something.
      returned: always
      type: str
      sample: >-
        sudo does not start /usr/bin/sudo -n -u www-data -- /usr/bin/php /var/www/nextcloud/occ status --no-interaction
        --no-ansi (sudo: a password is required)
hidden:
  description: What the commands with O(commands[].hidden) wrote to their standard output, in their order.
  returned: if there are such commands and occ could be started at all
  type: list
  elements: str
  sample: ["{}"]
command:
  description: The command that starts occ, without the arguments.
  returned: if occ could be started at all
  type: list
  elements: str
  sample: [sudo, -n, -u, www-data, --, /usr/bin/php, /var/www/nextcloud/occ]
user:
  description: The user as whom occ runs. Null with O(occ_command).
  returned: if occ could be started at all
  type: str
  sample: www-data
problem:
  description:
    - Why the task failed. V(command), a command failed, RV(results) tells which. V(unusable), occ cannot be started on
      this host before somebody has changed something. V(busy), commands of an earlier execution did not end in time.
  returned: failure
  type: str
  sample: unusable
msg:
  description: What failed, in words.
  returned: failure
  type: str
  sample: 'There is more than one occ: /var/www/a/occ, /var/www/b/occ. Name one with occ_path.'
"""

import os  # noqa: E402
import typing as t  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.caller import Caller  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.commands import Answer, Command, run  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.launch import launch  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.lock import Busy, locked  # noqa: E402
from ansible_collections.bill.nextcloud.plugins.module_utils.occ.refusals import Unusable  # noqa: E402

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "commands": {
            "type": "list",
            "elements": "dict",
            "required": True,
            # Ansible logs the values of options, nested ones as Python's text of them, in which it does not find every
            # password again. So nothing of this one is logged.
            "no_log": True,
            "options": {
                "arguments": {"type": "list", "elements": "str", "required": True},
                "password": {"type": "str", "no_log": True},
                "input": {"type": "str", "no_log": True},
                "changes": {"type": "bool", "default": True},
                "seconds": {"type": "int", "default": 120},
                "hidden": {"type": "bool", "default": False},
            },
        },
        "occ_path": {"type": "path"},
        "php_path": {"type": "path"},
        "occ_command": {"type": "list", "elements": "str"},
        "processes": {"type": "int", "default": 1},
    },
    "mutually_exclusive": [["occ_command", "occ_path"], ["occ_command", "php_path"]],
}


def read(parameters: t.Mapping[str, t.Any]) -> list[Command]:
    """Return the commands that were asked for.

    :raises ValueError: one of them cannot be run; without its values, since it may have a password in the wrong place.
    """
    if parameters["processes"] < 1:
        raise ValueError("processes must be at least 1")
    commands = []
    for number, one in enumerate(parameters["commands"]):
        place = f"commands[{number}]"
        if not one["arguments"] or not one["arguments"][0]:
            raise ValueError(f"{place}.arguments has to begin with the name of a command")
        if not all(_can_be_given(value) for value in (*one["arguments"], one["password"] or "", one["input"] or "")):
            raise ValueError(f"{place} has a character in it that no program can be given")
        if one["seconds"] < 1:
            raise ValueError(f"{place}.seconds must be at least 1")
        command = Command(tuple(one["arguments"]), one["seconds"], one["changes"], one["password"], one["input"])
        commands.append(command)
    return commands


def _can_be_given(value: str) -> bool:
    try:
        return b"\0" not in value.encode("utf-8")
    except UnicodeEncodeError:
        return False


def without_secrets(parameters: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the parameters as a result may show them."""
    commands = [
        {name: value for name, value in one.items() if name not in ("password", "input")}
        for one in parameters["commands"]
    ]
    return {**parameters, "commands": commands}


def hide(parameters: t.Mapping[str, t.Any], answers: t.Sequence[Answer]) -> list[str]:
    """Take what commands said out of their answers, where that is to be hidden, and return it (standard output)."""
    hidden = []
    for one, answer in zip(parameters["commands"], answers):
        if one["hidden"]:
            hidden.append(answer.output)
            answer.output = answer.errors = ""
    return hidden


def failures(commands: t.Sequence[Command], answers: t.Sequence[Answer]) -> list[str]:
    """Return what failed, in words, a line for each command that did."""
    words = []
    for command, answer in zip(commands, answers):
        name = command.arguments[0]
        if answer.refusal is not None:
            words.append(f"{name}: {answer.refusal}")
        elif not answer.begun:
            continue  # check mode
        elif answer.timed_out:
            words.append(f"{name}: not done after {command.seconds} s")
        elif answer.status != 0:
            said = " ".join((answer.output + " " + answer.errors).split())
            words.append(f"{name}: status {answer.status}: {said[:300]}")
    return words


def main() -> None:
    """Run the commands."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    # With them Ansible would replace every occurrence of every argument in the outputs, and somebody who chooses a
    # password could change what other commands are thought to have said. What is returned here holds no password.
    module.no_log_values.clear()
    shown: dict[str, t.Any] = {"invocation": {"module_args": without_secrets(module.params)}}
    try:
        commands = read(module.params)
        how = launch(module.params["occ_path"], module.params["php_path"], module.params["occ_command"])
    except ValueError as error:
        module.fail_json(msg=str(error), **shown)
    except Unusable as error:
        module.fail_json(msg=str(error), problem="unusable", **shown)
    caller = Caller()
    try:
        with locked(os.path.dirname(module.tmpdir), how, caller) as lock:
            answers = run(commands, how, lock, module.params["processes"], caller, only_reading=module.check_mode)
    except Unusable as error:
        module.fail_json(msg=str(error), problem="unusable", **shown)
    except Busy as error:
        module.fail_json(msg=str(error), problem="busy", **shown)
    hidden = hide(module.params, answers)
    result = {
        "changed": any(command.changes and answer.refusal is None for command, answer in zip(commands, answers)),
        "results": [vars(answer) for answer in answers],
        "command": list(how.command),
        "user": how.user,
        **({"hidden": hidden} if hidden else {}),
        **shown,
    }
    failed = failures(commands, answers)
    if failed:
        module.fail_json(msg="\n".join(failed), problem="command", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
