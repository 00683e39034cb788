# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Nextcloud or an ownCloud on this server is, for Prometheus, by node_exporter's textfile collector.

    python3 nextcloud_metrics.py CONFIG OUTPUT

CONFIG is a JSON file: name (value of the label `cloud`), url, ca_path, occ (the command, as a list), data_directory,
accounts, serverinfo (both true or false), php_fpm_status_url, seconds (for each source). What is null is not read.
OUTPUT takes the place of an older one when it is complete, and everybody may read it. A source that does not answer
is told of in it and on standard error; the exit status is 1 only when OUTPUT could not be written.

Standard library only, Python 3.7 or later. It runs as the owner of config.php, as occ demands, never as root.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import typing as t
from contextlib import contextmanager
from urllib.parse import urlsplit

_PREFIX = "nextcloud_"
_LARGEST = 4 * 1024 * 1024
_REPORT_LINE = re.compile(r"^\|\s*(total|disabled) users\s*\|\s*(\d+)\s*\|$", re.MULTILINE)
_SERVERINFO = "/ocs/v2.php/apps/serverinfo/api/v1/info?format=json&skipApps=true&skipUpdate=true"
Config = t.Mapping[str, t.Any]


class Sample(t.NamedTuple):
    """``name``: without the prefix. ``labels``: without `cloud`."""

    name: str
    help: str
    labels: dict[str, str]
    value: float


class SourceFailed(Exception):
    """A source did not answer, or not as it should; the text says why."""


@contextmanager
def within(seconds: float) -> t.Iterator[None]:
    """Bound what is done inside, however slowly an answer comes in.

    :raises SourceFailed: it took longer.
    """

    def late(*_: object) -> None:
        raise SourceFailed(f"no answer within {seconds:g} s")

    former = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


class Answer(t.NamedTuple):
    """``expiry``: when the server's certificate expires, in seconds since 1970; None without TLS."""

    document: dict[str, t.Any]
    expiry: float | None


def fetch(url: str, ca_path: str | None, headers: t.Mapping[str, str]) -> Answer:
    """GET a JSON object. Redirects are not followed, proxies of the environment not used.

    :raises SourceFailed: there is no such answer; the text has no header.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_path)
        connection = http.client.HTTPSConnection(host, parts.port, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port)
    expiry = None
    try:
        connection.connect()
        if isinstance(connection.sock, ssl.SSLSocket):
            certificate = connection.sock.getpeercert() or {}
            expiry = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"User-Agent": "nextcloud-metrics", **headers})
        response = connection.getresponse()
        body = response.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        raise SourceFailed(f"{host}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise SourceFailed(f"{host}: HTTP {response.status}")
    return Answer(_object(body, host), expiry)


def _object(text: bytes | str, of: str) -> dict[str, t.Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SourceFailed(f"{of}: the answer is no JSON") from error
    if not isinstance(document, dict):
        raise SourceFailed(f"{of}: the answer is no JSON object")
    return document


def occ(config: Config, *arguments: str) -> str:
    """Run a command of occ that only reads; returns what it printed.

    :raises SourceFailed: it could not be started, or failed.
    """
    command = [*config["occ"], *arguments, "--no-interaction", "--no-ansi"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise SourceFailed(f"occ {arguments[0]}: {error}") from error
    try:
        output, errors = process.communicate()
    except SourceFailed:
        # With what it may have started itself.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode != 0:
        said = " ".join((output + " " + errors).split())
        raise SourceFailed(f"occ {arguments[0]}: status {process.returncode}: {said[:200]}")
    return output


def _last_line(output: str) -> str:
    """Notices of PHP may be before an answer."""
    return output.strip().rpartition("\n")[2]


def status(config: Config) -> list[Sample]:
    """status.php, as a customer's browser reaches it."""
    started = time.monotonic()
    answer = fetch(config["url"].rstrip("/") + "/status.php", config["ca_path"], {})
    duration = time.monotonic() - started
    document = answer.document
    try:
        installed, maintenance, version = document["installed"], document["maintenance"], document["versionstring"]
    except KeyError as error:
        raise SourceFailed(f"status.php has no {error}") from error
    if installed is not True:
        raise SourceFailed("status.php says that nothing is installed")
    labels = {"version": str(version), "product": str(document.get("productname") or "unknown")}
    samples = [
        Sample("version_info", "Release and product, as status.php names them; always 1.", labels, 1),
        Sample("maintenance", "Whether it is in maintenance mode.", {}, maintenance is True),
        Sample("needs_db_upgrade", "Whether occ upgrade has to be run.", {}, document.get("needsDbUpgrade") is True),
        Sample("status_duration_seconds", "How long status.php took, with the connection.", {}, duration),
    ]
    if answer.expiry is not None:
        samples.append(
            Sample("certificate_expiry_timestamp_seconds", "When the TLS certificate expires.", {}, answer.expiry)
        )
    return samples


def cron(config: Config) -> list[Sample]:
    """When the background jobs ran last, and how they are started."""
    document = _object(_last_line(occ(config, "config:list", "core", "--output=json")), "occ config:list")
    try:
        core = document["apps"]["core"] or {}  # without a setting it is a list
        last, mode = float(core.get("lastcron") or 0), str(core.get("backgroundjobs_mode") or "ajax")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceFailed(f"occ config:list: {error!r}") from error
    return [
        Sample("cron_last_run_timestamp_seconds", "When background jobs were run last; 0: never.", {}, last),
        Sample("background_jobs_mode_info", "How background jobs are started; always 1.", {"mode": mode}, 1),
    ]


def accounts(config: Config) -> list[Sample]:
    """How many accounts there are. ownCloud does not tell how many are disabled."""
    found = dict(_REPORT_LINE.findall(occ(config, "user:report")))
    if "total" not in found:
        raise SourceFailed("occ user:report has no number of accounts")
    samples = [Sample("accounts", "Accounts, disabled ones too.", {}, float(found["total"]))]
    if "disabled" in found:
        samples.append(Sample("accounts_disabled", "Disabled accounts.", {}, float(found["disabled"])))
    return samples


def data_directory(config: Config) -> list[Sample]:
    """Space of the file system that the data directory is on."""
    try:
        space = os.statvfs(config["data_directory"])
    except OSError as error:
        raise SourceFailed(str(error)) from error
    return [
        Sample(
            "data_directory_free_bytes",
            "Free space of the data directory's file system, for its owner.",
            {},
            float(space.f_bavail * space.f_frsize),
        ),
        Sample(
            "data_directory_size_bytes",
            "Size of the data directory's file system.",
            {},
            float(space.f_blocks * space.f_frsize),
        ),
    ]


def serverinfo(config: Config) -> list[Sample]:
    """What Nextcloud's app serverinfo counts. Its token is read by occ, and is in no argument, log or file."""
    token = _last_line(occ(config, "config:app:get", "serverinfo", "token"))
    if not token:
        raise SourceFailed("the app serverinfo has no token")
    answer = fetch(config["url"].rstrip("/") + _SERVERINFO, config["ca_path"], {"NC-Token": token})
    try:
        data = answer.document["ocs"]["data"]
        active, files = data["activeUsers"], float(data["nextcloud"]["storage"]["num_files"])
        database = float(data["server"]["database"]["size"])
        periods = {"5m": float(active["last5minutes"]), "1h": float(active["last1hour"])}
        periods["24h"] = float(active["last24hours"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceFailed(f"the answer of serverinfo has not what it should have: {error!r}") from error
    samples = [
        Sample("active_accounts", "Accounts that were used within a period.", {"period": period}, count)
        for period, count in periods.items()
    ]
    samples.append(Sample("files", "Files and directories that the cloud knows of.", {}, files))
    samples.append(Sample("database_size_bytes", "Size of the database.", {}, database))
    return samples


def php_fpm(config: Config) -> list[Sample]:
    """PHP-FPM's status page (pm.status_path)."""
    answer = fetch(config["php_fpm_status_url"] + "?json", config["ca_path"], {})
    try:
        found = {name: float(answer.document[name]) for name in ("active processes", "idle processes", "listen queue")}
        reached = float(answer.document["max children reached"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceFailed(f"the status of PHP-FPM has not what it should have: {error!r}") from error
    words = "Processes of PHP-FPM."
    return [
        Sample("php_fpm_processes", words, {"state": "active"}, found["active processes"]),
        Sample("php_fpm_processes", words, {"state": "idle"}, found["idle processes"]),
        Sample("php_fpm_listen_queue", "Requests that wait for a process of PHP-FPM.", {}, found["listen queue"]),
        Sample(
            "php_fpm_max_children_reached",
            "How often PHP-FPM could start no further process since it was started.",
            {},
            reached,
        ),
    ]


def sources(config: Config) -> t.Iterator[tuple[str, t.Callable[[Config], list[Sample]]]]:
    """Those that are to be read."""
    yield "status", status
    yield "cron", cron
    if config["accounts"]:
        yield "accounts", accounts
    if config["data_directory"] is not None:
        yield "data_directory", data_directory
    if config["serverinfo"]:
        yield "serverinfo", serverinfo
    if config["php_fpm_status_url"] is not None:
        yield "php_fpm", php_fpm


def collect(config: Config) -> list[Sample]:
    """Everything there is, also when nothing answers."""
    started = time.monotonic()
    samples: list[Sample] = []
    answered: dict[str, bool] = {}
    for name, read in sources(config):
        try:
            with within(config["seconds"]):
                found = read(config)
        except SourceFailed as error:
            sys.stderr.write(f"{name}: {error}\n")
            answered[name] = False
        else:
            samples += found
            answered[name] = True
    samples.append(Sample("up", "Whether status.php answers as it should.", {}, answered["status"]))
    samples += [
        Sample("collection_success", "Whether a source could be read.", {"source": name}, well)
        for name, well in answered.items()
    ]
    samples.append(
        Sample("collection_duration_seconds", "How long all of this took to read.", {}, time.monotonic() - started)
    )
    samples.append(Sample("collection_timestamp_seconds", "When this was read.", {}, int(time.time())))
    return samples


def text(samples: list[Sample], cloud: str) -> str:
    """Prometheus's text format. Samples of one name have to be one after the other."""
    lines: list[str] = []
    last = None
    for name, words, labels, value in samples:
        if name != last:
            lines += [f"# HELP {_PREFIX}{name} {words}", f"# TYPE {_PREFIX}{name} gauge"]
            last = name
        pairs = ",".join(f'{key}="{_escaped(one)}"' for key, one in {"cloud": cloud, **labels}.items())
        lines.append(f"{_PREFIX}{name}{{{pairs}}} {_number(value)}")
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    """Whole ones without a point or an exponent, which Zabbix would not take for a whole number."""
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def replace(path: str, content: str) -> None:
    """Put ``content`` in the place of the file at once. Raises ``OSError``."""
    number, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".nextcloud-metrics-")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(content)
        # node_exporter runs as a user of its own; nothing in it is secret.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main() -> None:
    """Read CONFIG, and write OUTPUT."""
    if len(sys.argv) != 3:
        sys.exit("usage: nextcloud_metrics.py CONFIG OUTPUT")
    path, output = sys.argv[1:]
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        replace(output, text(collect(config), config["name"]))
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
