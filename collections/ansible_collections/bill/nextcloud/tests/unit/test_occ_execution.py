# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What results of Ansible mean that hold no answers of commands; they are as ansible-core 2.19 returns them."""

from __future__ import annotations

from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.refusals import result_fault


def test_a_server_without_python() -> None:
    """What is told to be done is what Ansible needs, in one line; nothing was begun."""
    fault = result_fault(
        {
            "failed": True,
            "msg": "The module interpreter '/nowhere/python3' was not found. Consider overriding the configured"
            " interpreter path for this host. See stdout/stderr for the returned output.",
            "module_stdout": "/bin/sh: 1: /nowhere/python3: not found\r\n",
            "module_stderr": "",
            "rc": 127,
        }
    )
    assert (fault.code, fault.outcome_unknown) == ("occ_unusable", False)
    assert fault.message == (
        'The server has no Python where Ansible looks for it: "/bin/sh: 1: /nowhere/python3: not found". Install Python'
        " 3 there, or name it with ansible_python_interpreter."
    )


def test_a_module_that_crashed() -> None:
    """What it did is not known."""
    crashed = {"failed": True, "msg": "No result.\nSee stderr", "module_stdout": "", "module_stderr": "Killed\n"}
    fault = result_fault({**crashed, "rc": 137})
    assert (fault.code, fault.outcome_unknown) == ("occ_unusable", True)
    assert fault.message == "No result. See stderr Killed."


def test_what_the_module_says_is_a_sentence() -> None:
    """It follows the words that every failure of its code has."""
    fault = result_fault({"failed": True, "problem": "unusable", "msg": "there is more than one occ: /a, /b. Name one"})
    assert (fault.code, fault.message) == ("occ_unusable", "There is more than one occ: /a, /b. Name one.")
    fault = result_fault({"failed": True, "problem": "busy", "msg": "occ commands still run after 60 s"})
    assert (fault.code, fault.message) == ("timeout", "occ commands still run after 60 s.")
