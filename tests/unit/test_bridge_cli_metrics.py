# SPDX-License-Identifier: GPL-3.0-or-later
"""``bill-nextcloud metrics``: what Prometheus reads, and the file that node_exporter collects."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import pytest
from bill_nextcloud.record import State
from harness.busy import DAY, ENDED, FAILED, busy
from harness.command import Command, Listen, Record
from harness.prometheus import Samples, promtool, samples


def read(command: Command) -> Samples:
    """What the command prints, read by Prometheus's own parser."""
    done = command("metrics")
    assert done.stderr == ""
    return samples(done.stdout)


def test_a_busy_bridge(command: Command, listen: Listen, record: Record) -> None:
    """Everything that is on record, with zeros where nothing is, and no name of an account, service or client."""
    listen()
    busy(record)
    found = read(command)
    now = time.time()
    assert found["build_info"] == {(version("bill-nextcloud"),): 1}
    assert found["worker_up"] == {(): 1}
    assert 60 <= now - found["worker_start_timestamp_seconds"][()] < 180
    assert 0 <= now - found["collection_timestamp_seconds"][()] < 60
    assert found["cloud_info"] == {("3", 'Blue "old" '): 1, ("4", "Green"): 1}
    assert found["cloud_held"] == {("3",): 1, ("4",): 0}
    ((key, since),) = found["cloud_held_timestamp_seconds"].items()
    assert key == ("3", "wrong_credentials")
    assert 120 <= now - since < 240
    states = ("queued", "running", "retrying", "held", "approval", "delayed")
    expected = {(cloud, state): 0.0 for cloud in ("3", "4") for state in states}
    assert found["operations"] == expected | {("3", "held"): 2, ("3", "delayed"): 1, ("4", "retrying"): 1}
    ages = found["oldest_operation_age_seconds"]
    assert 500 <= ages["3",] < 1000
    assert 0 <= ages["4",] < 500
    expected = {(cloud, state): 0.0 for cloud in ("3", "4") for state in ("done", "failed", "cancelled")}
    assert found["operations_ended_last_day"] == expected | {("4", "done"): 1, ("3", "failed"): 1}
    assert found["unresolved_failures_last_day"] == {("3", "disk_addon_missing"): 1}
    assert found["attempts_last_day"] == {
        ("3", "failed"): 0, ("3", "succeeded"): 0, ("4", "failed"): 2, ("4", "succeeded"): 1
    }  # fmt: skip
    assert found["attempt_failures_last_day"] == {("4", "timeout"): 2}
    last = found["last_attempt_timestamp_seconds"]
    assert set(last) == {("4", "failed"), ("4", "succeeded")}
    assert 0 <= now - last["4", "succeeded"] < 60
    printed = command("metrics").stdout
    assert [word for word in ("user_1", "anna", "Small", "30 s") if word in printed] == []


def test_the_worker_does_not_run(command: Command, record: Record) -> None:
    """It is told, and the record is read all the same."""
    record.add(12)
    found = read(command)
    assert found["worker_up"] == {(): 0}
    assert "worker_start_timestamp_seconds" not in found
    assert found["operations"]["3", "queued"] == 1


def test_an_empty_record(command: Command, record: Record) -> None:
    """Nothing of clouds, and no error."""
    assert record.clouds.all() == []
    assert set(read(command)) == {"build_info", "worker_up", "collection_timestamp_seconds"}


def test_an_operation_whose_cloud_is_not_known(command: Command, record: Record) -> None:
    """Such as one that was taken while BILLmanager's database did not answer."""
    record.add(12, cloud=None, accepted_at=time.time() - 100)
    found = read(command)
    assert found["cloud_info"] == {("unknown", "unknown"): 1}
    assert found["operations"]["unknown", "queued"] == 1
    assert found["oldest_operation_age_seconds"]["unknown",] >= 100


def test_the_oldest_of_each_cloud(command: Command, record: Record) -> None:
    """A deletion waits since its retention has ended; what has ended does not wait."""
    ended = record.add(12, "delete", due_at=time.time() - 1000, accepted_at=time.time() - 30 * DAY)
    record.set(ended.id, state=State.HELD)
    record.add(13, accepted_at=time.time() - 700)
    record.add(14, accepted_at=time.time() - 300, cloud=4)
    record.add(15, accepted_at=time.time() - 9000, cloud=4, state=State.DONE, ended_at=time.time())
    ages = read(command)["oldest_operation_age_seconds"]
    assert 1000 <= ages["3",] < 2000
    assert 300 <= ages["4",] < 700


def test_only_a_day_counts(command: Command, record: Record) -> None:
    """What ended before does not, though something happened to it later; what was mended is no failure any more."""
    old = record.add(12, state=State.FAILED, ended_at=time.time() - DAY - 60, failure=FAILED)
    record.operations.note(old.id, "personal data removed")
    record.add(13, state=State.FAILED, ended_at=time.time() - DAY + 60, failure=FAILED)
    tried = record.add(16)
    record.attempt(tried, **ENDED)
    with record.store.writing() as connection:
        connection.exec_driver_sql("UPDATE attempt SET ended_at = ended_at - 90000")
    mended = record.add(14, state=State.FAILED, ended_at=time.time() - 60, failure=FAILED)
    record.add(14, state=State.DONE, ended_at=time.time())
    forgotten = record.add(15, state=State.FAILED, ended_at=time.time() - 60)
    assert (mended.id, forgotten.failure) == (4, None)
    found = read(command)
    assert found["operations_ended_last_day"]["3", "failed"] == 3
    assert found["unresolved_failures_last_day"] == {("3", "disk_addon_missing"): 1, ("3", "unknown"): 1}
    assert (found["attempts_last_day"]["3", "succeeded"], "last_attempt_timestamp_seconds" in found) == (0, False)


def test_a_forgotten_client(command: Command, record: Record) -> None:
    """How the attempts ended is not known any more: they are no successes."""
    failed = record.add(12, state=State.FAILED, ended_at=time.time() - 60, failure=FAILED)
    record.attempt(failed, failure=FAILED, **ENDED)
    assert read(command)["attempts_last_day"]["3", "failed"] == 1
    record.operations.forget(5)
    found = read(command)
    assert found["attempts_last_day"] == {("3", "failed"): 0, ("3", "succeeded"): 0}
    assert found["unresolved_failures_last_day"] == {("3", "unknown"): 1}


def test_what_happened_before_the_day_is_not_read(command: Command, record: Record) -> None:
    """The timeline says where the day begins."""
    early = record.add(12, state=State.DONE, ended_at=time.time() - 60)
    record.attempt(early, **ENDED)
    with record.store.writing() as connection:
        connection.exec_driver_sql("UPDATE event SET at = at - 90000")
    late = record.add(13, state=State.DONE, ended_at=time.time() - 60)
    record.attempt(late, **ENDED)
    found = read(command)
    assert found["operations_ended_last_day"]["3", "done"] == 1
    assert found["attempts_last_day"]["3", "succeeded"] == 1


def test_the_file(command: Command, listen: Listen, record: Record, tmp_path: Path) -> None:
    """Replaced, for everybody to read whatever the umask, and nothing is printed."""
    listen()
    busy(record)
    file = tmp_path / "textfile" / "bill_nextcloud.prom"
    file.parent.mkdir()
    file.write_text("before")
    file.chmod(0o600)
    umask = os.umask(0o077)
    try:
        done = command("metrics", "--output", file)
    finally:
        os.umask(umask)
    assert (done.stdout, done.stderr) == ("", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert set(samples(file.read_text("utf-8"))) == set(read(command))
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("trouble", ["missing", "broken", "settings"])
def test_the_file_stays_when_the_record_cannot_be_read(command: Command, tmp_path: Path, trouble: str) -> None:
    """One line says why; what is too old is for Prometheus to find."""
    if trouble == "broken":
        (command.state / "record.sqlite").write_bytes(b"no database" * 1000)
    elif trouble == "settings":
        command.settings.write_text("[bridge", encoding="utf-8")
    file = tmp_path / "bill_nextcloud.prom"
    file.write_text("before")
    said = {"missing": "has the worker been started?", "broken": "not a database", "settings": "cannot be used"}
    assert said[trouble] in command.error("metrics", "--output", file)
    assert file.read_text() == "before"
    assert sorted(tmp_path.glob("*prom*")) == [file]


def test_a_place_that_cannot_be_written(command: Command, record: Record, tmp_path: Path) -> None:
    """Named, as the other commands do."""
    record.add()
    assert "no directory" in command.error("metrics", "--output", tmp_path / "none" / "bill_nextcloud.prom")


def test_promtool_finds_nothing_wrong(command: Command, listen: Listen, record: Record) -> None:
    """Neither in the format nor in the names."""
    listen()
    busy(record)
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=command("metrics").stdout, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
