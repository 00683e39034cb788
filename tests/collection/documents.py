# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's documentation shows: the modules' EXAMPLES, the README's, the guides' code blocks."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import yaml

_BLOCK = re.compile(
    r"^\.\. code-block:: (?P<kind>\S+)\n(?:   :caption: (?P<caption>.+)\n)?\n(?P<text>(?:(?:   .*)?\n)+)", re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A code block: its language, the file that its caption names (or ``None``), its text."""

    kind: str
    caption: str | None
    text: str


def blocks(guide: Path) -> list[Block]:
    """Return the code blocks of a guide, in order."""
    text = guide.read_text(encoding="utf-8")
    found = [
        Block(match["kind"], match["caption"], textwrap.dedent(match["text"]).strip() + "\n")
        for match in _BLOCK.finditer(text)
    ]
    assert len(found) == text.count(".. code-block::"), f"{guide.name}: a code block is written in another form"
    return found


def examples(module: Path) -> str:
    """Return the EXAMPLES of a module as they are printed."""
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == ["EXAMPLES"]:
            return str(ast.literal_eval(statement.value)).strip() + "\n"
    raise AssertionError(f"{module.name} has no EXAMPLES")


def readme_playbooks(readme: Path) -> list[str]:
    """Return the YAML that a README in Markdown shows, in order."""
    return re.findall(r"^```yaml\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def as_playbook(text: str) -> str:
    """Return EXAMPLES as a playbook: plays as they are, tasks as those of one play on the controller."""
    if all("hosts" in item for item in yaml.safe_load(text)):
        return text
    return f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{textwrap.indent(text, '    ')}"
