# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of Nextcloud that concern the server: state, settings of apps, files of accounts."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any

from standins.cloud.account import Account
from standins.cloud.occ.command import Run
from standins.cloud.occ.console import ServerError


def status(run: Run) -> int:
    """status."""
    release, maintenance = run.cloud.release, run.machine.maintenance
    told: dict[str, Any] = {
        "installed": True,
        "version": release.full_version,
        "versionstring": release.version_text,
        "edition": "",
    }
    if run.words.seen_as_words:
        told |= {
            "maintenance": maintenance,
            "needsDbUpgrade": False,
            "productname": "Nextcloud",
            "extendedSupport": False,
        }
    if not run.input.has("exit-code") or run.input.has("verbose"):
        run.out.array(told)
    return 1 if run.input.has("exit-code") and maintenance else 0


def maintenance_mode(run: Run) -> int:
    """maintenance:mode. The API is in maintenance mode as well then."""
    machine = run.machine
    wanted = True if run.input.has("on") else False if run.input.has("off") else None
    if wanted is None:
        run.out.line(f"Maintenance mode is currently {'enabled' if machine.maintenance else 'disabled'}")
        return 0
    already = "already " if wanted == machine.maintenance else ""
    machine.maintenance = wanted
    run.out.line(f"Maintenance mode {already}{'enabled' if wanted else 'disabled'}")
    return 0


def reset_attempts(run: Run) -> int:
    """security:bruteforce:reset. Every address is forgotten, not only the one that is named."""
    address = run.input.argument("ipaddress")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return run.out.fail(f'"{address}" is not a valid IP address')
    run.machine.forget_logins()
    return 0


def get_app_config(run: Run) -> int:
    """config:app:get."""
    app, key = run.input.argument("app"), run.input.argument("name")
    known = key in run.cloud.config.keys(app)
    if not known and not run.input.has("default-value"):
        return 1
    run.out.value(run.cloud.config.get(app, key) if known else run.input.option("default-value"))
    return 0


def set_app_config(run: Run) -> int:
    """config:app:set. The type is told, but not kept, and not checked."""
    app, key, value = run.input.argument("app"), run.input.argument("name"), run.input.option("value")
    known = key in run.cloud.config.keys(app)
    if run.input.has("update-only") and not known:
        return run.out.fail(f"Config value {key} for app {app} not updated, as it has not been set before.")
    if not run.words.seen_as_words:
        run.cloud.config.set(app, key, value or "")
        run.out.line(f"Config value {key} for app {app} set to {value or ''}")
        return 0
    if value is None and not known:
        raise ServerError("unknown config key", "In AppConfig.php line 182:")
    kind = run.input.option("type") or "mixed"
    if kind == "boolean" and value is not None:
        value = "1" if value.lower() in ("true", "1", "on", "yes") else "0"
    if value is None or (known and run.cloud.config.get(app, key) == value):
        run.out.line("Config value were not updated")
        return 0
    run.cloud.config.set(app, key, value)
    run.out.line(f"Config value '{key}' for app '{app}' is now set to '{value}', stored as {kind} in fast cache")
    return 0


def delete_app_config(run: Run) -> int:
    """config:app:delete."""
    app, key = run.input.argument("app"), run.input.argument("name")
    if run.input.has("error-if-not-exists") and key not in run.cloud.config.keys(app):
        return run.out.fail(f"Config {key} of app {app} could not be deleted because it did not exist")
    run.cloud.config.set(app, key, None)
    run.out.line(f"Config value {key} of app {app} deleted")
    return 0


def transfer_ownership(run: Run) -> int:
    """files:transfer-ownership. Shares are unknown here, and so is everything that a path may be besides a folder."""
    source, destination = run.account("source-user"), run.account("destination-user")
    names = [run.input.argument("source-user"), run.input.argument("destination-user")]
    if names[0] == names[1]:
        return run.out.fail(
            "Ownership can't be transferred when Source and Destination users are the same user. "
            "Please check your input."
        )
    if source is None:
        return run.out.fail(f"Unknown source user {names[0]}")
    if destination is None:
        return run.out.fail(f"Unknown destination user {names[1]}")
    path = (run.input.option("path") or "").strip("/")
    if path and not any(name.startswith(f"{path}/") for name in source.files.contents):
        return run.out.fail(f"Unknown path provided: {path}")
    now = datetime.fromtimestamp(run.cloud.clock.now(), UTC)
    folder = f"Transferred from {source.display_name} on {now:%Y-%m-%d %H-%M-%S}"
    _report_transfer(run, source, f"{destination.id}/files/{'' if run.input.has('move') else folder}")
    _move_files(source, destination, path, "" if run.input.has("move") else f"{folder}/")
    return 0


def _report_transfer(run: Run, source: Account, target: str) -> None:
    run.out.line("Validating quota")
    run.out.line(f"Analysing files of {source.id} ...")
    run.out.line()
    run.out.line(f"Collecting all share information for files and folders of {source.id} ...")
    run.out.line()
    run.out.line(f"Transferring files to {target} ...")
    run.out.line("Restoring shares ...")
    run.out.line()
    run.out.errors.append("    0 [>---------------------------]")


def _move_files(source: Account, destination: Account, path: str, folder: str) -> None:
    moved = [name for name in source.files.contents if not path or name.startswith(f"{path}/")]
    if folder:
        destination.files.contents[folder] = b""
    for name in moved:
        destination.files.contents[folder + name] = source.files.contents.pop(name)
    if not path:
        destination.files.skeleton += source.files.skeleton
        source.files.skeleton = 0
