# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the bundle with which the bridge is installed without internet, and proves that one is whole.

    python bridge/bundle.py build DIRECTORY     in a clone: writes the bundle for this Python, and prints its path
    python bridge/bundle.py pack FILE           in an unpacked bundle: packs it again
    python bridge/bundle.py verify FILE         prints what the bundle is, as JSON

A bundle is a tar file with one directory: the tracked files of the clone but for tests, the wheels of the versions in
constraints.txt, bundle.json (what the wheels need) and SHA256SUMS (of all others). Standard library only.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAME = "bill-nextcloud"
MANIFEST, SUMS = "bundle.json", "SHA256SUMS"
# What only developers use.
_LEFT_OUT = re.compile(r"(?:tests|\.ci)/|\.ansible-lint$|\.gitignore$|collections/.*/tests/")
# The end of a wheel's name: Python, ABI and platforms for which it is (the packaging specification of wheels).
_PLATFORMS = re.compile(r"-(?P<platforms>[^-]+)\.whl$")
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_")
_OLD_MANYLINUX = {"manylinux1_": (2, 5), "manylinux2010_": (2, 12), "manylinux2014_": (2, 17)}


class BundleUnusable(Exception):
    """The bundle is none, or not whole; the text says what is wrong."""


def build(directory: Path) -> Path:
    """Write the bundle for the running Python into ``directory``; return its path. Raises ``CalledProcessError``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    version = project["project"]["version"]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    files = {name: (ROOT / name).read_bytes() for name in _tracked()}
    executable = {name for name in files if os.access(ROOT / name, os.X_OK)}
    with tempfile.TemporaryDirectory() as temporary:
        wheels = _wheels(Path(temporary), project["build-system"]["requires"] + project["project"]["dependencies"])
        files |= {f"wheels/{path.name}": path.read_bytes() for path in wheels}
    needs = glibc(name for name in files if name.startswith("wheels/"))
    manifest = {
        "name": NAME,
        "version": version,
        "python": python,
        "machine": platform.machine(),
        "glibc": f"{needs[0]}.{needs[1]}",
    }
    files[MANIFEST] = (json.dumps(manifest, indent=2) + "\n").encode()
    files[SUMS] = sums(files)
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{NAME}-{version}-python{python}-{platform.machine()}.tar.gz"
    content = io.BytesIO()
    # The same commit and wheels make the same bytes.
    with gzip.GzipFile(fileobj=content, mode="wb", mtime=0, filename="") as packed:
        write_tar(packed, f"{NAME}-{version}", files, executable, _committed())
    _replace(target, content.getvalue())
    return target


def pack(target: Path) -> None:
    """Pack the unpacked bundle that this file is in. Raises :class:`BundleUnusable` or ``OSError``."""
    if not (ROOT / SUMS).exists():
        raise BundleUnusable(f"{ROOT} is no unpacked bundle: it has no {SUMS}")
    listed = (ROOT / SUMS).read_bytes()
    files = {name: (ROOT / name).read_bytes() for name in _listed(listed)}
    files[SUMS] = listed
    check(files)
    executable = {name for name in files if os.access(ROOT / name, os.X_OK)}
    content = io.BytesIO()
    write_tar(content, f"{NAME}-{json.loads(files[MANIFEST])['version']}", files, executable, 0)
    _replace(target, content.getvalue())


def verify(path: Path) -> dict[str, Any]:
    """What the bundle at ``path`` is: its manifest, and ``release``, a name that no other content has. Raises
    :class:`BundleUnusable`."""
    try:
        files = dict(_members(path))
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BundleUnusable(f"{path} cannot be read: {error}") from error
    check(files)
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST])
        version = manifest["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleUnusable(f"the bundle is damaged: {MANIFEST} cannot be read") from error
    if not isinstance(version, str) or not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
        raise BundleUnusable(f"the bundle is damaged: {MANIFEST} names the version {version!r}")
    digest = hashlib.sha256(files[SUMS]).hexdigest()[:12]
    return {**manifest, "release": f"{manifest['version']}-{digest}"}


def check(files: dict[str, bytes]) -> None:
    """Compare ``files`` by name with the sums among them. Raises :class:`BundleUnusable`."""
    if MANIFEST not in files or SUMS not in files:
        raise BundleUnusable(f"this is no bundle of {NAME}: {MANIFEST} or {SUMS} is missing")
    listed = _listed(files[SUMS])
    wrong = sorted((listed.keys() ^ files.keys()) - {SUMS})
    wrong += [name for name in sorted(listed.keys() & files.keys()) if _sum(files[name]) != listed[name]]
    if wrong:
        raise BundleUnusable(f"the bundle is damaged: {', '.join(wrong[:5])} ({len(wrong)} differ from {SUMS})")


def sums(files: dict[str, bytes]) -> bytes:
    """The lines that ``sha256sum --check`` reads."""
    return "".join(f"{_sum(files[name])}  {name}\n" for name in sorted(files)).encode()


def glibc(wheels: Iterator[str]) -> tuple[int, int]:
    """The oldest glibc with which all of ``wheels`` work, by their names (PEP 600)."""
    return max((_glibc(wheel) for wheel in wheels), default=(0, 0))


def write_tar(file: Any, top: str, files: dict[str, bytes], executable: set[str], time: int) -> None:
    """Write ``files`` below the directory ``top``, sorted, as root's."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime = len(files[name]), time
            member.mode = 0o755 if name in executable else 0o644
            member.uname = member.gname = "root"
            tar.addfile(member, io.BytesIO(files[name]))


def _glibc(wheel: str) -> tuple[int, int]:
    found = _PLATFORMS.search(wheel)
    assert found is not None, wheel
    platforms = found["platforms"].split(".")
    if platforms == ["any"]:
        return (0, 0)
    fitting = [(int(one[1]), int(one[2])) for name in platforms if (one := _MANYLINUX.match(name))]
    fitting += [old for name in platforms for begin, old in _OLD_MANYLINUX.items() if name.startswith(begin)]
    # One that was compiled here works where the libraries are at least as new.
    here = platform.libc_ver()[1] or "0.0"
    return min(fitting, default=(int(here.split(".")[0]), int(here.split(".")[1])))


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True
    ).stdout
    return [name for name in listed.split("\0") if name and not _LEFT_OUT.match(name) and (ROOT / name).is_file()]


def _committed() -> int:
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _wheels(directory: Path, requirements: list[str]) -> list[Path]:
    """Get the wheels of ``requirements`` and of what they need; pip builds those that are only there as source."""
    # With a pip of its own: a distribution's Python may have none.
    subprocess.run([sys.executable, "-m", "venv", str(directory / "venv")], check=True, stdout=sys.stderr)
    pip = [str(directory / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    options = ["--constraint", str(ROOT / "constraints.txt"), "--wheel-dir", str(directory / "wheels")]
    subprocess.run([*pip, "wheel", *options, *requirements], check=True, stdout=sys.stderr)
    return sorted((directory / "wheels").glob("*.whl"))


def _listed(content: bytes) -> dict[str, str]:
    pairs = [line.split("  ", 1) for line in content.decode("utf-8", "replace").splitlines()]
    if any(len(pair) != 2 for pair in pairs):
        raise BundleUnusable(f"the bundle is damaged: {SUMS} cannot be read")
    return {name: digest for digest, name in pairs}


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    tops: set[str] = set()
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            top, _, name = member.name.partition("/")
            tops.add(top)
            # As it will be unpacked: each part a name, below one directory.
            if content is None or len(tops) > 1 or not {"", ".", ".."}.isdisjoint([top, *name.split("/")]):
                raise BundleUnusable(f"{path} holds something that is no part of a bundle: {member.name}")
            yield name, content.read()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace(target: Path, content: bytes) -> None:
    new = target.with_name(f".{target.name}.new")
    new.write_bytes(content)
    new.replace(target)


def main() -> None:
    """The program."""
    action, path = sys.argv[1], Path(sys.argv[2])
    try:
        if action == "build":
            print(build(path))
        elif action == "pack":
            pack(path)
        else:
            print(json.dumps(verify(path)))
    except (BundleUnusable, OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
