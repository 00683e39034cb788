# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that collects a cloud's metrics, on the server of a stand-in."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from harness.certificate import self_signed
from harness.cloud_metrics import PAGES, PREFIX, TOKEN, Collector, pages, with_all
from harness.prometheus import Samples, checked, samples
from standins.cloud.process import StandinCloud

CLOUD = "cloud.example.org"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[StandinCloud]:
    """Its background jobs ran a moment ago."""
    with StandinCloud(tmp_path, admin_password="Admin-of-the-stand-in-1") as started:
        started.set_app_config("core", lastcron="1795877000", backgroundjobs_mode="cron")
        yield started


@pytest.fixture
def collector(cloud: StandinCloud, tmp_path: Path) -> Collector:
    """The program for that cloud."""
    return Collector(tmp_path, cloud)


def read(collector: Collector, **config: Any) -> tuple[Samples, str]:
    """What it wrote, and what it said."""
    done = collector(**config)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return samples(collector.output.read_text("utf-8"), PREFIX), done.stderr


def test_a_cloud_that_is_well(collector: Collector, cloud: StandinCloud, tmp_path: Path) -> None:
    """Everybody may read the file, and promtool finds nothing to say about it."""
    cloud.make_accounts("anna")
    cloud.make_accounts("boris", enabled=False)
    cloud.occ_fault("noise", output="PHP Deprecated: something\n")
    found, said = read(collector)
    assert said == ""
    space = os.statvfs(tmp_path)
    assert found["up"] == {(CLOUD,): 1}
    assert found["version_info"] == {(CLOUD, "Nextcloud", "31.0.6"): 1}
    assert found["maintenance"] == found["needs_db_upgrade"] == {(CLOUD,): 0}
    assert found["cron_last_run_timestamp_seconds"] == {(CLOUD,): 1795877000}
    assert found["background_jobs_mode_info"] == {(CLOUD, "cron"): 1}
    assert (found["accounts"], found["accounts_disabled"]) == ({(CLOUD,): 3}, {(CLOUD,): 1})
    assert found["data_directory_size_bytes"] == {(CLOUD,): space.f_blocks * space.f_frsize}
    assert 0 < found["data_directory_free_bytes"][(CLOUD,)] < space.f_blocks * space.f_frsize
    assert abs(found["collection_timestamp_seconds"][(CLOUD,)] - time.time()) < 60
    assert set(found["collection_success"].values()) == {1}
    assert collector.output.stat().st_mode & 0o777 == 0o644
    assert list(collector.output.parent.iterdir()) == [collector.output]
    checked("check", "metrics", given=collector.output.read_text("utf-8"))


def test_tls_serverinfo_and_php_fpm(collector: Collector, cloud: StandinCloud, tmp_path: Path) -> None:
    """The token comes out of occ, and is nowhere else."""
    cloud.set_app_config("serverinfo", token=TOKEN)
    certificate, key = self_signed(tmp_path)
    with pages(certificate, key) as url:
        config = {"url": url, "ca_path": str(certificate), **with_all(url)}
        found, said = read(collector, **config)
        cloud.set_app_config("serverinfo", token="another")
        refused, words = read(collector, **config)
    expiry = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    assert found["certificate_expiry_timestamp_seconds"] == {(CLOUD,): expiry.timestamp()}
    assert found["active_accounts"] == {(CLOUD, "5m"): 1, (CLOUD, "1h"): 2, (CLOUD, "24h"): 3}
    assert (found["files"], found["database_size_bytes"]) == ({(CLOUD,): 71}, {(CLOUD,): 37584896})
    assert found["php_fpm_processes"] == {(CLOUD, "active"): 1, (CLOUD, "idle"): 2}
    assert found["php_fpm_listen_queue"] == {(CLOUD,): 0}
    assert found["php_fpm_max_children_reached"] == {(CLOUD,): 4}
    assert TOKEN not in collector.output.read_text("utf-8") + said
    assert refused["collection_success"][(CLOUD, "serverinfo")] == 0
    assert "files" not in refused
    assert words == "serverinfo: 127.0.0.1: HTTP 401\n"


def test_maintenance_and_upgrade(collector: Collector, cloud: StandinCloud) -> None:
    """It is up, but nobody can use it. Never run jobs ran in 1970."""
    cloud.set_app_config("core", lastcron=None, backgroundjobs_mode=None)
    page = json.dumps({**PAGES["/status.php"], "maintenance": True, "needsDbUpgrade": True})
    cloud.fault("status", path="status.php", status=200, body=page)
    found, _ = read(collector)
    assert found["up"] == found["maintenance"] == found["needs_db_upgrade"] == {(CLOUD,): 1}
    assert found["cron_last_run_timestamp_seconds"] == {(CLOUD,): 0}
    assert found["background_jobs_mode_info"] == {(CLOUD, "ajax"): 1}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fault": "hold"}, "no answer within 1 s"),
        ({"fault": "drip", "seconds": 0.2}, "no answer within 1 s"),
        ({"fault": "status", "status": 502}, "HTTP 502"),
        ({"fault": "redirect"}, "HTTP 302"),
        ({"fault": "html"}, "the answer is no JSON"),
        ({"fault": "huge"}, "the answer is no JSON"),
        ({"fault": "cut_before"}, "closed connection"),
        ({"fault": "status", "status": 200, "body": "[]"}, "the answer is no JSON object"),
        ({"fault": "status", "status": 200, "body": '{"installed":true}'}, "has no 'maintenance'"),
        (
            {"fault": "status", "status": 200, "body": json.dumps({**PAGES["/status.php"], "installed": False})},
            "nothing is installed",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_cloud_that_does_not_answer(
    fault: dict[str, Any], words: str, collector: Collector, cloud: StandinCloud
) -> None:
    """It is down, with words why. What occ tells is there all the same, and nothing that is not known."""
    cloud.fault(path="status.php", **fault)
    found, said = read(collector, seconds=1)
    assert found["up"] == {(CLOUD,): 0}
    assert said.startswith("status: ")
    assert words in said
    assert not {"maintenance", "needs_db_upgrade", "version_info", "status_duration_seconds"} & set(found)
    assert found["collection_success"] == {
        (CLOUD, "status"): 0,
        (CLOUD, "cron"): 1,
        (CLOUD, "accounts"): 1,
        (CLOUD, "data_directory"): 1,
    }


def test_a_certificate_that_is_not_trusted(collector: Collector, tmp_path: Path) -> None:
    """Neither for its issuer nor for its name."""
    certificate, key = self_signed(tmp_path)
    with pages(certificate, key) as url:
        found, said = read(collector, url=url)
        assert (found["up"], "CERTIFICATE_VERIFY_FAILED" in said) == ({(CLOUD,): 0}, True)
        found, said = read(collector, url=url.replace("127.0.0.1", "localhost"), ca_path=str(certificate))
        assert (found["up"], "Hostname mismatch" in said) == ({(CLOUD,): 0}, True)


def test_occ_that_fails(collector: Collector, cloud: StandinCloud) -> None:
    """One that hangs is ended, with what it started."""
    cloud.occ_fault("hang", command="config:list")
    cloud.occ_fault("fail", command="user:report", output="No database.\n")
    found, said = read(collector, seconds=1)
    cloud.clear_occ_faults()
    running = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    assert not any(collector.config["occ"][1] in words for words in running)
    assert said.splitlines() == ["cron: no answer within 1 s", "accounts: occ user:report: status 1: No database."]
    assert found["up"] == {(CLOUD,): 1}
    assert not {"cron_last_run_timestamp_seconds", "accounts"} & set(found)
    found, said = read(collector, occ=["/nowhere/php", "occ"], data_directory="/nowhere")
    assert found["collection_success"] == {
        (CLOUD, "status"): 1,
        (CLOUD, "cron"): 0,
        (CLOUD, "accounts"): 0,
        (CLOUD, "data_directory"): 0,
    }
    assert said.count("No such file or directory") == 3


def test_names_are_written_as_prometheus_reads_them(collector: Collector) -> None:
    """Quotes, backslashes and line ends too."""
    name = 'a"b\\c\nd'
    found, _ = read(collector, name=name, accounts=False)
    assert found["up"] == {(name,): 1}
    assert "accounts" not in found


def test_what_cannot_be_written(collector: Collector) -> None:
    """The exit status says so, and the old file stays."""
    read(collector)
    before = collector.output.read_text("utf-8")
    moved = collector.output.parent.rename(collector.output.parent.with_name("moved"))
    done = collector()
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert (moved / collector.output.name).read_text("utf-8") == before
