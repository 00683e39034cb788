# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether occ can be used on this host at all, and what says that it cannot."""

from __future__ import annotations

import re
import shlex
import typing as t

_SUDO = re.compile(r"sudo: |Sorry, user ")
_SUDO_WARNING = re.compile(r"sudo: (?:unable to resolve host|unable to send audit)")
_OCC = re.compile(
    # Nextcloud 17 to 32: console.php, lib/versioncheck.php; ownCloud 10: console.php, lib/base.php
    r"Console has to be executed with the user that owns |The posix extensions are required "
    r"|This version of \w+ (?:requires at least|is not compatible with) PHP"
    # PHP itself
    r"|Could not open input file: "
    # docker, podman: there is no such container, or it does not run
    r"|Cannot connect to the Docker daemon |Error response from daemon: (?:No such container: |[Cc]ontainer \S+ is )"
    r"|Error: No such container: |Error: no container with name or ID |Error: can only create exec sessions on running "
)
_NO_PASSWORD = re.compile(r"--password-from-env given, but .*PASS.* is empty")
KEEP = 'Defaults!OCC_PASSWORDS env_keep += "OC_PASS NC_PASS"'
"""The line of a sudoers file that lets sudo hand on the passwords, with the alias that docs/occ.md has."""


class Unusable(Exception):
    """Nothing was started, and nothing can be before somebody has changed something on the host; the text says what."""


def refusal(status: int, output: str, errors: str, sudo: t.Sequence[str] | None, with_password: bool) -> str | None:
    """Return why a command that has ended was not carried out at all, or None if occ itself has answered.

    ``sudo``: the whole command line, if it was sudo that was to start it; ``with_password``: it had a password in its
    environment. A command is one that was refused only if what was printed leaves no doubt, because a caller takes it
    for one without any effect.
    """
    if status == 0:
        return None
    if sudo is not None and not output.strip():
        lines = [line for line in errors.splitlines() if line.strip() and not _SUDO_WARNING.match(line)]
        if lines and all(_SUDO.match(line) for line in lines):
            # A sudoers file has to allow exactly this line. No password is ever in it.
            return f"sudo does not start {' '.join(map(shlex.quote, sudo))} ({' '.join(lines)})"
    said = _first(_OCC, output, errors)
    if said is not None:
        return f"occ cannot be used: {said}"
    if sudo is not None and with_password and _first(_NO_PASSWORD, output, errors) is not None:
        return f"sudo does not hand on the password: sudoers needs the line {KEEP} (see docs/occ.md)"
    return None


def _first(wanted: t.Pattern[str], *texts: str) -> str | None:
    """Return what was said from the first line on that begins with ``wanted``, as one line."""
    for text in texts:
        lines = [line.strip() for line in text.replace("<br/>", "\n").splitlines()]
        for number, line in enumerate(lines):
            if wanted.match(line):
                return " ".join(filter(None, lines[number:]))
    return None
