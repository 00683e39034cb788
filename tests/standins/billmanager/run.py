# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a processing module as BILLmanager does and judges what it says on stdout."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .descriptor import Descriptor
from .shapes import answer_fault

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
"""All that a module may expect; nothing else is documented."""


@dataclass(frozen=True)
class ModuleError:
    """An error document, `doc/error@type@object[@value]` with `param@name`, and the texts the panel shows for it."""

    type: str
    object: str
    value: str
    params: dict[str, str]
    text_en: str
    text_ru: str


@dataclass(frozen=True)
class Run:
    """One call of the module.

    `finished`: the call belonged to an operation and that has ended (by its post call) when the module ended.
    `status_name`: the service's status after the call, "" for calls without a service. `malformed`: why stdout is
    neither empty nor one document of the shape that answers the command (`shapes.rng`); None when it is well.
    `exit_code` is negative for a signal.
    """

    command: str
    item: int | None
    operation: int | None
    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool
    finished: bool
    status_name: str
    malformed: str | None
    error: ModuleError | None

    @property
    def ok(self) -> bool:
        """The module ended well: exit 0 in time, no error document, nothing but XML on stdout."""
        return self.exit_code == 0 and not self.timed_out and self.malformed is None and self.error is None


@dataclass(frozen=True)
class Output:
    """What a module's process left behind."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool


def execute(root: Path, executable: Path, arguments: Sequence[str], stdin: str | None, timeout: float) -> Output:
    """Runs `executable` in `root` with the panel's environment; after `timeout` seconds it and its children are killed.

    The call ends when stdout and stderr are closed: a background process that keeps them open holds it up.
    """
    started = time.monotonic()
    timed_out = False
    with subprocess.Popen(
        [str(executable.relative_to(root)), *arguments],
        cwd=root,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        data = None if stdin is None else stdin.encode()
        try:
            stdout, stderr = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            try:
                stdout, stderr = process.communicate(timeout=2)
            except subprocess.TimeoutExpired as held:  # a process outside the group holds the pipes
                stdout, stderr = held.stdout or b"", held.stderr or b""
    seconds = time.monotonic() - started
    return Output(
        process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"), seconds, timed_out
    )


def judge(output: Output, module: str, command: str, descriptor: Descriptor) -> tuple[str | None, ModuleError | None]:
    """(why stdout is malformed as an answer to `command` or None, the error of the call or None).

    What the panel notices itself is an error too: of type timeout, malformed_output or no_error_document.
    """
    malformed: str | None = None
    document: ET.Element | None = None
    if output.stdout.strip():
        try:
            document = ET.fromstring(output.stdout.strip())
        except ET.ParseError as error:
            malformed = f"stdout is not one XML document: {error}"
        else:
            malformed = answer_fault(output.stdout, command, failed=document.find("error") is not None)
            if malformed:
                document = None
    found = None if document is None else read_error(document, descriptor)
    if found is None and (malformed or output.timed_out or output.exit_code != 0):
        kind = "timeout" if output.timed_out else "malformed_output" if malformed else "no_error_document"
        made = ET.fromstring(f'<doc><error type="{kind}" object="{module}" value="{output.exit_code}"/></doc>')
        found = read_error(made, descriptor)
    return malformed, found


def read_error(document: ET.Element, descriptor: Descriptor) -> ModuleError | None:
    """The first `error` of a document, with its texts; None when it has none."""
    error = document.find("error")
    if error is None:
        return None
    type_, object_, value = error.get("type", ""), error.get("object", ""), error.get("value", "")
    params = {str(param.get("name")): "".join(param.itertext()) for param in error.findall("param")}
    texts: dict[str, str] = {}
    for language in ("en", "ru"):
        shown = {"object": object_, "value": value}
        for param in error.findall("param"):
            name, content = str(param.get("name")), "".join(param.itertext())
            translated = descriptor.message(language, content) if param.get("type") == "msg" else None
            shown[name] = content if translated is None else translated
        texts[language] = descriptor.render(language, type_, shown)
    return ModuleError(type_, object_, value, params, texts["en"], texts["ru"])


def error_document(error: ModuleError) -> str:
    """The XML under which the panel keeps an error with its operation."""
    document = ET.Element("doc")
    tag = ET.SubElement(document, "error", {"type": error.type, "object": error.object, "value": error.value})
    for name, value in error.params.items():
        ET.SubElement(tag, "param", {"name": name}).text = value
    return ET.tostring(document, encoding="unicode")
