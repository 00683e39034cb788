# SPDX-License-Identifier: GPL-3.0-or-later
"""What only its owner may read: files for Ansible on a tmpfs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml


class Data(dict[str, Any]):
    """A mapping whose texts are data, whatever they look like."""


class _DataDumper(yaml.SafeDumper):
    """Writes :class:`Data` so that a customer's name with braces is no template, and ``12_3`` or ``yes`` stays text.

    The mark stands at the mapping: at a text itself Ansible would read its value anew as YAML, quotes or not.
    """


_DataDumper.add_representer(Data, lambda dumper, data: dumper.represent_mapping("!unsafe", data, flow_style=True))
_DataDumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a new file for its owner only. Raises ``FileExistsError`` when it is there already."""
    write_text(path, yaml.dump(content, Dumper=_DataDumper, allow_unicode=True))


def write_text(path: Path, content: str) -> None:
    """The same with a text."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)


def keep(path: Path, content: str) -> None:
    """Have a file of an existing directory hold this text, for its owner only; it is replaced in one piece, if it holds
    another. Raises ``OSError``."""
    if path.exists() and path.read_text("utf-8") == content:
        return
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    write_text(new, content)
    new.replace(path)


def on_tmpfs(directory: Path) -> bool:
    """Whether ``directory``, which need not exist yet, is in memory."""
    best, kind = Path("/"), ""
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        _, point, type_, *_ = line.split(" ")
        mounted = Path(point.encode().decode("unicode_escape"))
        if directory.resolve().is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, type_
    return kind in {"tmpfs", "ramfs"}
