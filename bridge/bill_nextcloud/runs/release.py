# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release this is: by its files, so that a half-done upgrade or an edited playbook does not pass for the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def release(project: Path) -> str:
    """Version and digest of the bridge, and of playbooks and collection in ``project``: ``0.1.0-3f2a…``."""
    digest = hashlib.sha256()
    for name, path in _files(project):
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return f"{version('bill-nextcloud')}-{digest.hexdigest()[:16]}"


def _files(project: Path) -> Iterator[tuple[str, Path]]:
    yield "ansible.cfg", project / "ansible.cfg"
    collection = project / "collections" / "ansible_collections" / "bill" / "nextcloud"
    for directory in (PACKAGE, project / "playbooks", collection / "plugins", collection / "meta"):
        for path in sorted(directory.rglob("*")):
            if path.suffix in {".py", ".yml", ".sh"} and path.is_file():
                yield f"{directory.name}/{path.relative_to(directory)}", path
