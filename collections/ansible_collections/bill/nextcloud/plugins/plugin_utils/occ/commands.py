# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of occ, of Nextcloud and ownCloud, and what their answers mean.

Own texts of the commands are English whatever the cloud's language is, and go to stdout; exceptions are in that
language. One that a command does not catch goes to stderr, in a block that is broken at the width of a terminal.
Source: Nextcloud 31, ownCloud 10.15 and 11.0, ``core/Command``, ``OC\\Console\\Application``, Symfony's
``Application::doRenderThrowable``, and recorded answers of 10.15, 17 and 31.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.plugin_utils.occ.server import COMMAND_SECONDS, Answer, Server

_MAINTENANCE = "is in maintenance mode"
_UPGRADE = "or one of the apps require upgrade"
_WRONG_MARK = re.compile(r"Invalid .*xpected one of \(|Incorrectly nested style tag found")
_BLOCK = re.compile(r"^In (\S+) line \d+:[^\S\n]*\n((?:  .*\n?)+)", re.MULTILINE)


class Commands:
    """Runs commands of one cloud.

    :param server: where its occ is.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def at_once(self) -> int:
        """How many threads keep the server busy: those that run, and as many again that are on their way."""
        return self._server.processes * 4

    def read(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> Answer:
        """Run a command that only reads; return what it said, whatever its exit status.

        :raises CloudError: as :meth:`Server.run`; ``maintenance``, in which the commands on accounts go on working,
            with a notice: without its apps the cloud would show less than there is.
        """
        answer = self._server.run(*arguments, changes=False, seconds=seconds)
        before = f"\n{answer.output}".partition("\n{")[0]
        if _MAINTENANCE in answer.errors or _UPGRADE in before.partition("\n[")[0] + answer.errors:
            raise answer.error("maintenance", "")
        return answer

    def change(self, *arguments: str, password: str | None = None, seconds: float = COMMAND_SECONDS) -> Answer:
        """Run a command that changes something, see :meth:`Server.run`.

        :raises CloudError: ``password_refused``, before anything is run, for a password that would not arrive. occ
            would say that it was given none, as it does when sudo hands on none at all.
        """
        if password == "0":  # noqa: S105 - what PHP takes for none
            raise CloudError("password_refused", "occ takes it for none.")
        if password is not None and password.startswith("() "):  # sudo takes it for a function of bash
            raise CloudError("password_refused", "sudo does not hand on what begins like this.")
        return self._server.run(*arguments, password=password, changes=True, seconds=seconds)

    def prove(self, *arguments: str, password: str) -> Answer:
        """Run a command that would change something, with arguments that keep it from changing anything."""
        return self._server.run(*arguments, password=password, changes=False)


def require(answer: Answer, codes: t.Mapping[str, str], *, otherwise: str = "refused") -> None:
    """Raise a definite refusal unless the command was carried out.

    :param codes: a part of what occ says -> code of ``errors.TABLE``.
    :param otherwise: the code of everything else.
    """
    if answer.status != 0:
        raise refusal(answer, codes, otherwise=otherwise)


def require_change(answer: Answer, codes: t.Mapping[str, str], *, otherwise: str = "refused") -> None:
    """Raise what it means when a command that changes something failed, see :func:`require`.

    :raises CloudError: ``server_error`` for an exception that is none of ``codes``: it may come from an app that is
        told of a change.
    """
    if answer.status != 0:
        thrown = exception(answer) is not None
        error = refusal(answer, codes, otherwise="server_error" if thrown else otherwise)
        raise error.recoded(error.code, error.message, outcome_unknown=thrown and error.code == "server_error")


def refusal(answer: Answer, codes: t.Mapping[str, str], *, otherwise: str = "refused") -> CloudError:
    """Return what a failed command means, see :func:`require`."""
    thrown = exception(answer)
    said = answer.words if thrown is None else thrown[1]
    code = next((code for words, code in codes.items() if words in said), otherwise)
    return answer.error(code, f'occ says: "{said}".' if said else f"occ ended with status {answer.status}.")


def exception(answer: Answer) -> tuple[str, str] | None:
    """Return the file in which an exception was thrown, and its text; None when the command threw none."""
    found = _BLOCK.search(answer.errors)
    if found is None:
        return None
    # Each line has two spaces before it, and two behind it after those that fill it up.
    text = "".join(line[2:-2] for line in found.group(2).splitlines() if line.strip())
    return found.group(1), " ".join(text.split())


def says(answer: Answer, line: str) -> bool:
    """Whether a command that failed said exactly this, besides notices of PHP."""
    return answer.status != 0 and line in (said.strip() for said in answer.output.splitlines())


def lacks_option(answer: Answer, option: str) -> bool:
    """Whether a command was not begun, because the release does not have one of its options."""
    return answer.status != 0 and f'The "{option}" option does not exist.' in answer.words


def is_unprintable(answer: Answer) -> bool:
    """Whether a command failed because a text, a display name for instance, has something in it that Symfony's console
    takes for a mark that it does not know, such as ``<fg=x>``, or for the end of another one than was begun, as in
    ``<info></error>``. Source: its ``Color``, ``OutputFormatterStyle`` and ``OutputFormatterStyleStack``."""
    return answer.status != 0 and _WRONG_MARK.search(answer.words) is not None


def read_names(answer: Answer) -> list[str]:
    """Return the names in a list that was printed as JSON, see :func:`names_of`.

    :raises CloudError: ``not_an_answer``.
    """
    return names_of(answer, answer.read_json())


def names_of(answer: Answer, found: t.Any) -> list[str]:
    """Return the names in a part of an answer that is a list. PHP makes an object of it when its numbering has holes,
    and numbers of names that look like some.

    :raises CloudError: ``not_an_answer``.
    """
    names = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(names, list) or any(isinstance(name, bool) or not isinstance(name, (str, int)) for name in names):
        raise answer.error("not_an_answer", "It is no list of names.")
    return [str(name) for name in names]


def read_keys(answer: Answer) -> list[str]:
    """Return the names that are the keys of an object that was printed as JSON. PHP makes a list of an empty one, and
    of one whose names are 0, 1, 2 ...

    :raises CloudError: ``not_an_answer``.
    """
    found = answer.read_json()
    if isinstance(found, list):
        return [str(number) for number in range(len(found))]
    if not isinstance(found, dict):
        raise answer.error("not_an_answer", "It is no object.")
    return list(found)
