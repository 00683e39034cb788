# SPDX-License-Identifier: GPL-3.0-or-later
"""The built tarball, installed once into an empty path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collection.installation import Ansible, build, install
from collection.prepared import PreparedCloud


@dataclass(frozen=True)
class Installed:
    """An Ansible, the tarball that it built, and the path into which it was installed."""

    ansible: Ansible
    tarball: Path
    collections: Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The collection as its users get it."""
    ansible = Ansible(tmp_path_factory.mktemp("home"))
    tarball = build(ansible, tmp_path_factory.mktemp("tarball"))
    collections = tmp_path_factory.mktemp("collections")
    install(ansible, tarball, collections)
    return Installed(ansible, tarball, collections)


class Prepare:
    """Starts clouds, which end with the test."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._started: list[PreparedCloud] = []

    def __call__(self, password: str, groups: list[str], accounts: list[dict[str, Any]]) -> PreparedCloud:
        """Start one; see :class:`PreparedCloud`."""
        cloud = PreparedCloud(self._directory / f"cloud-{len(self._started)}", password, groups, accounts)
        self._started.append(cloud)
        return cloud

    def stop(self) -> None:
        """End them all."""
        for cloud in self._started:
            cloud.stop()


@pytest.fixture
def prepare(tmp_path: Path) -> Iterator[Prepare]:
    """Makes a cloud with accounts in it."""
    starter = Prepare(tmp_path)
    yield starter
    starter.stop()
