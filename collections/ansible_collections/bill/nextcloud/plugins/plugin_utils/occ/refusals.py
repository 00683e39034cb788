# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a server, or occ on it, cannot be used: what SSH, sudo, PHP and occ itself say then, whatever the command.

Source: OpenSSH (``sshconnect.c``), sudo, Nextcloud 31 and ownCloud 10.15 (``console.php``,
``OC\\Console\\Application``), and tried.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

_HOST_KEY = ("host key verification failed", "remote host identification has changed", "host key is known for")
_SHOWN_KEY = re.compile(r"fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[A-Za-z0-9+/]+)")
"""In OpenSSH's warning of twelve lines, what a person compares."""
_LOG_IN = ("permission denied", "too many authentication failures", "no more authentication methods")
_BROKEN = ("client_loop: ", "read from remote host ", "packet_write_wait: ", "broken pipe")
"""How it ends when a session breaks, whatever the reason that it names."""
_NOT_BEGUN = (
    "connection refused",
    "connection timed out",
    "could not resolve",
    "name or service not known",
    "no route to host",
    "network is unreachable",
    "kex_exchange_identification",
    "connection reset by peer",
    "operation timed out",
    "banner exchange",
)
"""How OpenSSH ends before it has a session."""

_NO_PASSWORD = "--password-from-env given, but"  # noqa: S105 - what occ says
_NOT_INSTALLED = ("nextcloud is not installed", "owncloud is not installed")
_MAINTENANCE = (
    "maintenance mode",
    "require upgrade",
    "requires upgrade",
)
_UNCAUGHT = re.compile(
    r"^An unhandled exception has been thrown:\s*(.*?)\s*(?:^Stack trace:|\Z)", re.MULTILINE | re.DOTALL
)
"""What ``console.php`` of both products says of it, with status 1: of a database that is away, for instance, whatever
the command. The trace after it may have the arguments of functions, passwords among them."""
_NO_COMMAND = ("there are no commands defined", '" is not defined', "command not found")
_SIGNALS = 128
"""Above it are the exit statuses of PHP after an error that nothing caught (255), and of what a signal has ended below
another program, such as the kernel's when memory is short. A negative status is such a signal itself."""
_NO_INTERPRETER = 127
"""The exit status of a shell that has not found the program, which is Python then."""
_MODULE_CRASHED = "module_stdout"
"""The key that Ansible adds when what came back is no result of a module."""
_PROGRAMS = ("occ", "php", "ssh", "sudo")


def sentence(words: str) -> str:
    """Return words as a sentence in one line, which begins with a capital unless it begins with a program's name."""
    line = " ".join(words.split())
    first = line.partition(" ")[0]
    if first.isalpha() and first not in _PROGRAMS:
        line = line[0].upper() + line[1:]
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."


def connection_fault(words: str) -> CloudError:
    """Return what a connection's failure means.

    :param words: what ssh said.
    """
    said = words.lower()
    message = sentence(words[-400:])
    if any(sign in said for sign in _HOST_KEY):
        shown = _SHOWN_KEY.search(words)
        told = f"It shows the {shown[1]} key {shown[2]}." if shown else message
        return CloudError("host_key_not_verified", told)
    if any(sign in said for sign in _BROKEN):
        return CloudError("unreachable", message, outcome_unknown=True)
    if any(sign in said for sign in _NOT_BEGUN):
        return CloudError("unreachable", message)
    if any(sign in said for sign in _LOG_IN):
        return CloudError("host_refused", message)
    return CloudError("unreachable", message, outcome_unknown=True)


def result_fault(result: t.Mapping[str, t.Any]) -> CloudError:
    """Return what it means when Ansible has a result of the module ``nextcloud_occ`` without those of commands."""
    if result.get("unreachable"):
        return connection_fault(str(result.get("msg", "")))
    if _MODULE_CRASHED in result and result.get("rc") == _NO_INTERPRETER:
        said = " ".join(f"{result.get('module_stderr', '')} {result[_MODULE_CRASHED]}".split())
        return CloudError(
            "occ_unusable",
            f'The server has no Python where Ansible looks for it: "{said[-200:]}". Install Python 3 there, or name it'
            " with ansible_python_interpreter.",
        )
    words = sentence(" ".join(str(result.get(key, "")) for key in ("msg", "module_stderr") if result.get(key))[-500:])
    if result.get("problem") == "busy":
        return CloudError("timeout", words)
    return CloudError("occ_unusable", words, outcome_unknown=_MODULE_CRASHED in result)


def fault_of(status: int, output: str, errors: str, request: str, *, changes: bool) -> CloudError | None:
    """Return why occ could not begin with its command, or did not come to its end; None: it did, whatever came of it.

    :param request: how messages call the command.
    :param changes: it may change something.
    """
    if status == 0:
        return None
    uncaught = _UNCAUGHT.search(output)
    if uncaught is not None:
        message = " ".join(uncaught[1].split())[:500]
        return CloudError("server_error", message, request=request, outcome_unknown=changes)
    words = " ".join(f"{output} {errors}".split())
    said = words.lower()
    if _NO_PASSWORD in said or any(sign in said for sign in _NOT_INSTALLED):
        return CloudError("occ_unusable", sentence(words[:500]), request=request)
    if any(sign in said for sign in _NO_COMMAND):
        if any(sign in said for sign in _MAINTENANCE):
            return CloudError("maintenance", "", request=request)
        return CloudError("unsupported", f"This release has no such command: {words[:200]}", request=request)
    if status < 0 or status > _SIGNALS:
        message = words[:500] or f"occ ended with status {status}."
        return CloudError("server_error", message, request=request, outcome_unknown=changes)
    return None
