# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries the collection with every supported ansible-core: the tarball that it builds, installed into an empty path,
goes through `ansible-test sanity` there; then its documentation is followed (DOCUMENTATION_TESTS).

    cores.py [2.17 2.18 …]

Each core has a virtual environment below build/cores, kept for the next time. A core that needs another Python than
there is on this machine is left out, which is said.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = REPOSITORY / "collections" / "ansible_collections" / "bill" / "nextcloud"
CORES = Path(__file__).with_name("cores.toml")
# The rest: make test
DOCUMENTATION_TESTS = ("test_examples.py", "test_guide.py", "test_role_readme.py", "test_tarball.py")
CONSTRAINTS = REPOSITORY / "constraints.txt"
# Tied to one release of ansible-core.
_OWN = ("ansible-core", "resolvelib")
# What ansible-test runs instead of the bootstrap of pip that it else downloads from Ansible's own server.
_BOOTSTRAP = """\
import runpy
import sys

WHEEL = {wheel!r}
kept = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel") and not a.startswith("pip==")]
sys.path.insert(0, WHEEL)
sys.argv = ["pip", "install", WHEEL, *kept]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


class Failed(Exception):
    """A command failed; the log has its output."""


@dataclass(frozen=True)
class Core:
    """One supported release of ansible-core."""

    name: str
    release: str
    python: list[str]
    pip: str

    @property
    def directory(self) -> Path:
        """Where everything of this core is kept."""
        return REPOSITORY / "build" / "cores" / self.name

    @property
    def bin(self) -> Path:
        """The programs of its virtual environment."""
        return self.directory / "venv" / "bin"

    @property
    def home(self) -> Path:
        """Its home: cores that run at the same time must not share ansible-test's environments."""
        return self.directory / "home"

    @property
    def log(self) -> Path:
        """The output of everything that was run."""
        return self.directory / "log"


def supported() -> list[Core]:
    """Return the cores of cores.toml."""
    return [Core(name, **data) for name, data in tomllib.loads(CORES.read_text()).items()]


def interpreter(version: str) -> str | None:
    """Return an interpreter of this version ("3.12"): this one, one on the PATH, one of pyenv's; or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [sys.executable, f"python{version}", *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python")))]
    code = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        try:
            done = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def execute(core: Core, *command: str, directory: Path = REPOSITORY, **environment: str) -> None:
    """Run a command with the core's programs and home; its output goes to the log.

    :raises Failed: it did not succeed.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYENV_VERSION"))}
    kept.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    path = f"{core.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    with core.log.open("a") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        done = subprocess.run(
            command,
            cwd=directory,
            env={**kept, "PATH": path, "HOME": str(core.home), "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name} {command[1]}")


def prepare(core: Core, python: str) -> None:
    """Make the virtual environment, and put pip's bootstrap where ansible-test looks for it."""
    pins = [
        line
        for line in CONSTRAINTS.read_text().splitlines()
        if not line.startswith("#") and line.partition("==")[0].lower() not in _OWN
    ]
    wanted = "\n".join([core.release, core.pip, python, *pins])
    stamp = core.directory / "stamp"
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    shutil.rmtree(core.directory)
    core.home.mkdir(parents=True)
    constraints = core.directory / "constraints.txt"
    constraints.write_text("\n".join([*pins, f"ansible-core=={core.release}"]) + "\n")
    execute(core, python, "-m", "venv", str(core.directory / "venv"))
    pip = (str(core.bin / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
    execute(core, *pip, "install", "--constraint", str(constraints), "ansible-core", "requests", "urllib3")
    cache = core.home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    execute(core, *pip, "download", "--no-deps", "--dest", str(cache), f"pip=={core.pip}")
    wheel = str(cache / f"pip-{core.pip}-py3-none-any.whl")
    (cache / f"get_pip_{core.pip.replace('.', '_')}.py").write_text(_BOOTSTRAP.format(wheel=wheel))
    stamp.write_text(digest)


def attempt(core: Core, python: str, version: str) -> None:
    """Everything with one core.

    :raises Failed: something does not work with it.
    """
    core.directory.mkdir(parents=True, exist_ok=True)
    core.log.write_text("")
    prepare(core, python)
    galaxy = str(core.bin / "ansible-galaxy")
    # Outside this repository: what git ignores there, ansible-test leaves out.
    with tempfile.TemporaryDirectory(prefix="bill-nextcloud-") as temporary:
        place = Path(temporary)
        execute(core, galaxy, "collection", "build", "--output-path", temporary, directory=COLLECTION)
        (tarball,) = place.glob("*.tar.gz")
        execute(core, galaxy, "collection", "install", str(tarball), "--offline", "-p", temporary, directory=place)
        installed = place / "ansible_collections" / "bill" / "nextcloud"
        execute(core, str(core.bin / "ansible-test"), "sanity", "--python", version, directory=installed)
    if "All targets skipped" in core.log.read_text(errors="replace"):
        raise Failed("ansible-test found nothing to test")
    tests = [str(Path(__file__).with_name(name)) for name in DOCUMENTATION_TESTS]
    execute(core, sys.executable, "-m", "pytest", *tests, ANSIBLE_BIN=str(core.bin))


def report(core: Core) -> bool:
    """Try one core, say how it went, and return whether it works."""
    running = "{}.{}".format(*sys.version_info)
    versions = sorted(core.python, key=lambda version: version != running)
    found = next(((version, path) for version in versions if (path := interpreter(version))), None)
    if found is None:
        print(f"ansible-core {core.release}: left out, needs Python {', '.join(core.python)}", flush=True)
        return True
    version, python = found
    try:
        attempt(core, python, version)
    except Failed as error:
        lines = core.log.read_text(errors="replace").splitlines()[-100:]
        print(f"ansible-core {core.release}: FAILED: {error}", *lines, sep="\n    ", flush=True)
        return False
    counts = re.findall(r"^=* ?(\d+ passed.*?) in ", core.log.read_text(errors="replace"), re.MULTILINE)
    print(f"ansible-core {core.release}, Python {version}: sanity passed, examples: {counts[-1]}", flush=True)
    return True


def main(names: list[str]) -> int:
    """Try the named cores, or all; two at a time. Returns the exit code."""
    cores = [core for core in supported() if not names or core.name in names]
    unknown = set(names) - {core.name for core in cores}
    if unknown:
        print(f"cores.toml has no {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        return 0 if all(list(pool.map(report, cores))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
