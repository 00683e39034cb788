# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for config.php, and the lists of settings, of Nextcloud and ownCloud alike (core/Command/Config). What the
stand-in has in config.php is little; nothing that is set there has an effect but on these commands."""

from __future__ import annotations

from typing import Any

from standins.cloud.occ.command import Command, Run
from standins.cloud.occ.console import ConsoleError

_SENSITIVE = "***REMOVED SENSITIVE VALUE***"


def _settings(run: Run) -> dict[str, Any]:
    return {
        "datadirectory": run.machine.data_directory,
        "installed": True,
        "maintenance": run.machine.maintenance,
        "overwrite.cli.url": run.url,
        "version": run.cloud.release.full_version,
        **run.machine.system,
    }


def get(run: Run) -> int:
    """config:system:get."""
    name, *further = run.input.arguments["name"]
    settings = _settings(run)
    value = settings.get(name)
    for key in further:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        if not run.input.has("default-value"):
            return 1
        run.out.value(run.input.option("default-value"))
        return 0
    run.out.value(value)
    return 0


def set_value(run: Run) -> int:
    """config:system:set, of texts and booleans, in arrays as well. Raises ConsoleError for others."""
    names = run.input.arguments["name"]
    shown_name = " => ".join(names)
    kind, text = run.input.option("type") or "string", run.input.option("value") or ""
    if kind not in ("string", "boolean"):
        raise ConsoleError(f"the stand-in sets no {kind} {shown_name}")
    if run.input.has("update-only") and names[0] not in _settings(run):
        raise ConsoleError("Config parameter does not exist")
    place = run.machine.system
    for name in names[:-1]:
        place = place.setdefault(name, {})
    place[names[-1]] = text == "true" if kind == "boolean" else text
    shown = f"{kind} {text}" if text or kind == "boolean" else "empty string"
    run.out.line(f"System config value {shown_name} set to {shown}")
    return 0


def list_all(run: Run) -> int:
    """config:list, of one app or of `system`. All of them together are told of no test."""
    app = run.input.argument("app", "all")
    out = run.out if run.input.has("output") else run.out.pretty()
    if app == "all":
        raise ConsoleError("the stand-in lists the settings of one app, or of system")
    if app == "system":
        hidden = {} if run.input.has("private") else {"datadirectory": _SENSITIVE}
        out.array({"system": {**_settings(run), **hidden}})
        return 0
    config = run.cloud.config
    out.array({"apps": {app: {key: config.get(app, key) for key in config.keys(app)}}})
    return 0


COMMANDS = (
    Command("config:list [--output [OUTPUT]] [--private] [--] [<app>]", list_all),
    Command("config:system:get [--output [OUTPUT]] [--default-value [DEFAULT-VALUE]] [--] <name>...", get),
    Command(
        "config:system:set [--output [OUTPUT]] [--type TYPE] [--value VALUE] [--update-only] [--] <name>...", set_value
    ),
)
