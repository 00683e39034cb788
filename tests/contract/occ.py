# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of occ recorded from real servers, and how they are replayed and compared: a stand-in's occ, or that of a
real server which the environment names (NEXTCLOUD_OCC, OWNCLOUD_OCC: a command line).

Only what must differ between servers is changed: the cloud's address, storage paths (last part kept), times (set or
not), and what apps and earlier accounts left. Everything else, line by line, is compared as it is.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from contract.replay import with_passwords
from contract.server import PREFIX
from contract.suite import LeftOut
from standins.cloud.process import StandinCloud

_FOLDER = Path(__file__).parent / "recordings"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
# Plain and JSON, in which slashes are escaped.
_EVENED = (
    (re.compile(r'(@)(?:(https?:(?:\\?/){2}))?[\w.:\[\]-]+(?:\\?/[^"\n]*)?(?="|\n)'), r"\1\2(address)"),
    (re.compile(r'(user_directory"?: ?"?)[^"\n]*/([^/"\n]+)(?="|\n)'), r"\1(data)/\2"),
    (re.compile(rf"(?!1970){_TIME}"), "(time)"),
    (re.compile(r"(app password:\n)\w{72}\n"), r"\1(password)\n"),
    (re.compile(r'("id": ?|"lastActivity": ?)\d+'), r"\1(number)"),
    (re.compile(r"(\| user directories +\| )\d+ *"), r"\1(number) "),
)
# Settings that the apps of a server make for an account.
_OF_APPS = ("activity", "avatar", "notifications", "password_policy")


@dataclass(frozen=True)
class OccRecording:
    """One command. arguments: without `occ` itself; environment: may have placeholders of passwords. part: recordings
    of one part build on each other."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    status: int
    output: str
    errors: str
    part: str


def load(*files: str) -> tuple[OccRecording, ...]:
    """All recordings of these files, in the order in which they were made."""
    lines = [(file, line) for file in files for line in (_FOLDER / file).read_text(encoding="utf-8").splitlines()]
    return tuple(
        OccRecording(
            name=data["name"],
            arguments=tuple(data["argv"][1:]),
            environment=data["env"],
            status=data["exit"],
            output=data["stdout"],
            errors=data["stderr"],
            part=f"{file} {data.get('instance', '')}",
        )
        for file, data in ((file, json.loads(line)) for file, line in lines)
    )


class Occ:
    """The occ under test. command: what starts it; standin: None for that of a real server."""

    def __init__(self, command: Sequence[str], standin: StandinCloud | None) -> None:
        self.command = list(command)
        self.standin = standin

    @property
    def real(self) -> bool:
        """True for that of a server that the suite did not start."""
        return self.standin is None

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of one command."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [*self.command, *arguments],
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    @cached_property
    def version(self) -> int:
        """The main version."""
        status, output, errors = self.run("status", "--output=json")
        if status:
            raise AssertionError(f"occ status: {output}{errors}")
        return int(json.loads(output)["version"].partition(".")[0])


@dataclass(frozen=True)
class OccSuite:
    """One product. variable: names a real server's occ in the environment. count: how many recordings there are.
    releases: main versions that are held to them. names: commands that list all accounts and all groups.
    preparations: by recording, what these need on a stand-in that was not recorded."""

    product: str
    variable: str
    releases: Container[int]
    recordings: tuple[OccRecording, ...]
    count: int
    names: tuple[tuple[str, ...], tuple[str, ...]]
    preparations: Mapping[str, Callable[[Occ], None]]
    left_out: tuple[LeftOut, ...]

    def reason_to_leave_out(self, recording: OccRecording, occ: Occ) -> str | None:
        """Why the recording is not replayed against this server; None when it is."""
        if not occ.real:
            return None
        if occ.version not in self.releases:
            return f"{self.variable} is of version {occ.version}, which other recordings are for"
        found = (entry.reason for entry in self.left_out if fnmatchcase(recording.name, entry.pattern))
        return next((f"not on a real server: {reason}" for reason in found), None)

    def remove_everything(self, occ: Occ) -> None:
        """Remove all accounts and groups that begin with `rec-`."""
        for kind, command in zip(("user", "group"), self.names, strict=True):
            status, output, errors = occ.run(*command, "--output=json")
            if status:
                raise AssertionError(f"{command}: {output}{errors}")
            found = json.loads(output)
            for name in found:
                # The id of a group with a long name is a checksum; only its display name tells whose it is.
                details = found[name] if isinstance(found, dict) else None
                shown = details["displayName"] if isinstance(details, dict) else name
                if name.startswith(PREFIX) or shown.startswith(PREFIX):
                    occ.run(f"{kind}:delete", "--no-interaction", name)

    def first_of_part(self, recording: OccRecording) -> bool:
        """True when the server was empty before this one."""
        return next(one for one in self.recordings if one.part == recording.part) is recording

    def replay(self, occ: Occ, recording: OccRecording) -> tuple[Any, Any]:
        """The given and the recorded exit code, stdout and stderr, comparable."""
        if self.first_of_part(recording):
            self.remove_everything(occ)
        if occ.standin and recording.name in self.preparations:
            self.preparations[recording.name](occ)
        environment = {name: with_passwords(value) for name, value in recording.environment.items()}
        status, output, errors = occ.run(*recording.arguments, environment=environment)
        given = (status, _comparable(output, recording, real=occ.real), errors)
        return given, (recording.status, _comparable(recording.output, recording, real=occ.real), recording.errors)


def _comparable(output: str, recording: OccRecording, *, real: bool) -> Any:
    if recording.name.endswith("setting.all"):
        return {app: values for app, values in json.loads(output).items() if app not in _OF_APPS}
    if real and recording.arguments[0] in ("group:list", "user:list"):
        return _own(output)
    for pattern, replacement in _EVENED:
        output = pattern.sub(replacement, output)
    return output


def _own(output: str) -> Any:
    """What a list has of the suite's own: a real server has further accounts and groups."""
    if output.startswith(("{", "[")):
        found = json.loads(output)
        if isinstance(found, list):
            return [name for name in found if name.startswith(PREFIX)]
        return {name: value for name, value in found.items() if name.startswith(PREFIX)}
    return [line for line in output.splitlines() if re.match(rf" +- {PREFIX}", line)]


def command_of(suite: OccSuite) -> list[str] | None:
    """The command line that the environment names; None: the stand-in is to be used."""
    text = os.environ.get(suite.variable)
    return shlex.split(text) if text else None
