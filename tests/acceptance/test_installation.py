# SPDX-License-Identifier: GPL-3.0-or-later
"""Installation by the real playbook out of a real bundle, on a host without a network beside BILLmanager's stand-in."""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import bundle as bundles
import pytest
from harness.own_root import REPOSITORY, Finished
from harness.panel_host import BILLMANAGER, PYTHON, PanelHost
from harness.prometheus import samples

SETTINGS = Path("/etc/bill-nextcloud/settings.toml")
COMMAND = Path("/usr/local/bin/bill-nextcloud")
EXAMPLE = REPOSITORY / "bridge" / "settings.example.toml"
INSTALLED = (
    "/opt/bill-nextcloud",
    "/opt/bill-nextcloud.releases",
    "/usr/local/bin/bill-nextcloud",
    "/etc/logrotate.d/bill-nextcloud",
    "/etc/systemd/system/bill-nextcloud.service",
    "/etc/systemd/system/bill-nextcloud.socket",
    f"{BILLMANAGER}/processing/pmnextcloud",
    f"{BILLMANAGER}/etc/xml/billmgr_mod_pmnextcloud.xml",
    f"{BILLMANAGER}/skins/common/plugin-logo/billmanager-plugin-pmnextcloud.png",
)
METRICS = Path("/var/lib/textfile/bridge.prom")
METRICS_UNITS = [Path(f"/etc/systemd/system/bill-nextcloud-metrics.{kind}") for kind in ("service", "timer")]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("REQUIRE_INSTALLATION"), reason="only root may make a root of its own"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle for the Python that runs the tests, as `make bundle` makes it."""
    return bundles.build(tmp_path_factory.mktemp("bundle"))


class Host(PanelHost):
    """A host with BILLmanager, and the unpacked bundle in /root/bundle."""

    def install(self, arguments: str = "") -> Finished:
        """`make install` in the unpacked bundle."""
        return self.run("make", "--directory=/root/bundle", "install", f"ARGUMENTS={arguments}")

    def play(self, bundle: Path, *arguments: str) -> Finished:
        """The playbook alone, with an Ansible that is there already."""
        return self.run(
            PYTHON.parent / "ansible-playbook",
            "/root/bundle/playbooks/bridge.yml",
            *("-e", f"bridge_bundle={bundle}", "-e", f"bridge_python={interpreter()}"),
            *arguments,
            environment={"ANSIBLE_CONFIG": "/root/bundle/ansible.cfg"},
        )

    def mgrctl_restarts(self) -> int:
        """How often BILLmanager's core was restarted."""
        return self.path(BILLMANAGER / "var" / "mgrctl.jsonl").read_text("utf-8").count('"-R"')

    def bridge_process(self) -> str:
        """The number of the bridge's process, as it tells."""
        return str(json.loads(self.run(COMMAND, "status", "--json").output)["worker"]["pid"])


def interpreter() -> str:
    """This machine's own Python of the version that runs the tests, where it has one."""
    own = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    return own if os.path.exists(own) else str(Path(sys.base_prefix) / "bin" / "python3")


@pytest.fixture
def make_host(tmp_path: Path, bundle: Path) -> Iterator[Callable[[], Host]]:
    """Makes a host, which ends with the test."""
    made: list[Host] = []

    def make() -> Host:
        host = Host(tmp_path / f"host-{len(made)}", tmp_path, bundle.parent)
        made.append(host)
        host.__enter__()
        done = host.run("sh", "-c", f"mkdir /root/bundle && tar -xzf {bundle} --strip-components=1 -C /root/bundle")
        assert done.returncode == 0, done.printed
        return host

    yield make
    for host in made:
        host.__exit__()


def changed(bundle: Path, target: Path, change: Callable[[dict[str, bytes]], None], *, listed: bool = True) -> Path:
    """Another bundle: that one's files after ``change``, their sums written anew where ``listed``."""
    with tarfile.open(bundle) as tar:
        top = tar.getnames()[0].partition("/")[0]
        files = {one.name.partition("/")[2]: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    before = files.pop(bundles.SUMS)
    change(files)
    files[bundles.SUMS] = bundles.sums(files) if listed else before
    with target.open("wb") as file:
        bundles.write_tar(file, top, files, {"bridge/pmnextcloud"}, 0)
    return target


def newer(files: dict[str, bytes]) -> None:
    """Version 9.9.9, whose module can do one thing less."""
    manifest = json.loads(files[bundles.MANIFEST])
    files[bundles.MANIFEST] = json.dumps({**manifest, "version": "9.9.9"}).encode()
    files["pyproject.toml"] = re.sub(rb'(?m)^version = ".*"', b'version = "9.9.9"', files["pyproject.toml"])
    files["bridge/pmnextcloud"] = files["bridge/pmnextcloud"].replace(b'    <feature name="stat"/>\n', b"")


def without_wheels(files: dict[str, bytes]) -> None:
    """Version 9.9.10, of which a wheel is missing."""
    newer(files)
    files[bundles.MANIFEST] = files[bundles.MANIFEST].replace(b"9.9.9", b"9.9.10")
    del files[next(name for name in files if name.startswith("wheels/dbos-"))]


@pytest.mark.timeout(900)
def test_a_host_from_installation_to_removal(make_host: Callable[[], Host], bundle: Path, tmp_path: Path) -> None:
    """Installed, started, unchanged by a second run, at work, upgraded, removed; and the records are there again."""
    host = make_host()
    address = host.panel("create")["database_url"]
    before = host.files()

    # Looked at only.
    done = host.play(bundle, "--check", "--diff")
    assert (done.returncode, done.changed) == (0, 1), done.printed
    assert host.files() == before

    # Installed out of nothing but the bundle, but left to a cluster manager to start.
    done = host.install(f"-e bridge_started=false -e bridge_python={interpreter()}")
    assert done.returncode == 0, done.printed
    settings = host.path(SETTINGS)
    assert settings.read_bytes() == EXAMPLE.read_bytes()
    assert [path for path in INSTALLED if not os.path.lexists(host.path(path))] == []
    assert (settings.stat().st_mode & 0o777, settings.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert host.mgrctl_restarts() == 1
    assert not host.path("/var/lib/bill-nextcloud").exists()

    # The stand-in's database is no MySQL, so the administrator names it; then it is started, once.
    settings.write_text(
        settings.read_text("utf-8").replace("# database_url = ", f'database_url = "{address}"  # '), "utf-8"
    )
    as_written = settings.read_bytes()
    assert not host.path(METRICS_UNITS[0]).exists()
    with_metrics = ("-e", f"bridge_metrics={METRICS}")
    done = host.play(bundle, *with_metrics)
    assert done.returncode != 0
    assert "bridge_metrics is a file with the ending .prom" in " ".join(done.printed.split())
    assert host.run("mkdir", METRICS.parent).returncode == 0
    done = host.play(bundle, *with_metrics)
    assert done.returncode == 0, done.printed
    done = host.play(bundle, *with_metrics)
    assert (done.returncode, done.changed) == (0, 0), done.printed
    assert settings.read_bytes() == as_written
    assert host.mgrctl_restarts() == 1
    assert host.run("systemctl", "is-enabled", "bill-nextcloud.socket").output == "enabled\n"

    # At work.
    assert "stat" in host.panel("features")["document"]
    assert host.panel("sell") == {"status": "active", "stores": True}
    log = host.path("/var/log/bill-nextcloud/bridge.log")
    assert "operation done" in log.read_text("utf-8")
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    # Its metrics are written.
    assert host.run("systemctl", "is-enabled", METRICS_UNITS[1].name).output == "enabled\n"
    unit = host.path(METRICS_UNITS[0]).read_text("utf-8")
    assert f"\nReadWritePaths=/var/lib/bill-nextcloud {METRICS.parent}\n" in unit
    (written,) = re.findall(r"(?m)^ExecStart=(.+)$", unit)
    assert host.run(*written.split()).returncode == 0
    metrics = samples(host.path(METRICS).read_text("utf-8"))
    assert metrics["worker_up"] == {(): 1}
    assert sum(metrics["operations_ended_last_day"].values()) == 1

    # An upgrade: only when the new release is complete, and only what has changed is restarted.
    process = host.bridge_process()
    broken = changed(bundle, tmp_path / "broken.tar", without_wheels)
    done = host.play(broken)
    assert done.returncode != 0
    assert "What was installed before was not touched" in done.printed
    assert host.bridge_process() == process
    assert len(list(host.path("/opt/bill-nextcloud.releases").iterdir())) == 1
    upgrade = changed(bundle, tmp_path / "newer.tar", newer)
    done = host.play(upgrade)
    assert done.returncode == 0, done.printed
    assert host.bridge_process() not in (process, "None")
    assert "9.9.9" in os.readlink(host.path("/opt/bill-nextcloud"))
    assert len(list(host.path("/opt/bill-nextcloud.releases").iterdir())) == 2
    assert host.mgrctl_restarts() == 2
    assert "stat" not in host.panel("features")["document"]
    # A run that was cut off between the switch and the restarts is made good by the next one.
    process = host.bridge_process()
    host.path(os.readlink(host.path("/opt/bill-nextcloud")) + "/.venv/activated").unlink()
    done = host.play(upgrade)
    assert done.returncode == 0, done.printed
    assert host.bridge_process() not in (process, "None")
    assert host.mgrctl_restarts() == 3
    done = host.play(bundle)
    assert done.returncode != 0
    assert "version 9.9.9 is installed" in done.printed

    # The log is moved away under the running bridge.
    done = host.run("logrotate", "--force", "/etc/logrotate.d/bill-nextcloud")
    assert done.returncode == 0, done.printed
    assert "operation done" in host.path("/var/log/bill-nextcloud/bridge.log.1").read_text("utf-8")

    # Removed, when it is really meant. The runs that did not name the metrics have left them.
    assert host.run("systemctl", "is-enabled", METRICS_UNITS[1].name).output == "enabled\n"
    done = host.play(bundle, "--tags", "uninstall")
    assert done.returncode != 0
    assert "are still to be deleted (1)" in " ".join(done.printed.split())
    done = host.run(
        "sh", "/opt/bill-nextcloud/bridge/install.sh", "--tags", "uninstall", "-e", "bridge_uninstall_in_use=true"
    )
    assert done.returncode == 0, done.printed
    gone = [*map(Path, INSTALLED), METRICS, *METRICS_UNITS]
    assert [path for path in gone if os.path.lexists(host.path(path))] == []
    assert host.run("sh", "-c", "pgrep -f '[b]ill-nextcloud worker'").output == ""
    assert host.mgrctl_restarts() == 4
    assert settings.read_bytes() == as_written
    done = host.play(bundle, "--tags", "uninstall")
    assert (done.returncode, done.changed) == (0, 0), done.printed

    # Installed again, it goes on with what is on record.
    done = host.play(bundle)
    assert done.returncode == 0, done.printed
    (operation,) = json.loads(host.run(COMMAND, "operations", "--json").output)
    assert (operation["command"], operation["state"]) == ("open", "done")
    assert "stat" in host.panel("features")["document"]


def test_what_does_not_fit_is_refused_before_anything_is_changed(
    make_host: Callable[[], Host], bundle: Path, tmp_path: Path
) -> None:
    """A damaged bundle, one for another Python or machine, a host without BILLmanager or with another module."""
    host = make_host()
    before = host.files()

    def refused(arguments: tuple[str, ...], *said: str, other: Path = bundle) -> None:
        done = host.play(other, *arguments)
        assert done.returncode != 0
        assert [sentence for sentence in said if sentence not in done.printed] == [], done.printed
        assert host.files() == before

    refused((), "BILLmanager is not there: /usr/local/mgr5/sbin/mgrctl")

    def replaced(name: str) -> Callable[[dict[str, bytes]], None]:
        def change(files: dict[str, bytes]) -> None:
            files[name] += b"\n"

        return change

    damaged = changed(bundle, tmp_path / "damaged.tar", replaced("bridge/pmnextcloud"), listed=False)
    refused((), "the bundle is damaged: bridge/pmnextcloud", other=damaged)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(bundle.read_bytes()[:-100_000])
    refused((), "cannot be read", other=cut)

    def elsewhere(files: dict[str, bytes]) -> None:
        manifest = json.loads(files[bundles.MANIFEST])
        files[bundles.MANIFEST] = json.dumps(
            {**manifest, "python": "3.99", "machine": "s390x", "glibc": "99.1"}
        ).encode()

    host.panel("create")
    foreign = host.path(BILLMANAGER / "processing" / "pmnextcloud")
    foreign.write_text("another module", "utf-8")
    before = host.files()
    refused(
        (),
        "this bundle is for 3.99",
        "this bundle is for s390x",
        "this bundle needs glibc 99.1",
        "pmnextcloud is another module's",
        other=changed(bundle, tmp_path / "elsewhere.tar", elsewhere),
    )
    assert foreign.read_text("utf-8") == "another module"
    refused(("-e", "bridge_python=/nowhere/python3"), "which is not there as /nowhere/python3")

    # Before there is any Ansible.
    host.path("/root/bundle/bridge/pmnextcloud").write_text("damaged", "utf-8")
    done = host.install()
    assert done.returncode != 0
    assert "the bundle is damaged: bridge/pmnextcloud" in done.printed
