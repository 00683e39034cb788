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
    if further or name not in settings:
        if not run.input.has("default-value"):
            return 1
        run.out.value(run.input.option("default-value"))
        return 0
    run.out.value(settings[name])
    return 0


def set_value(run: Run) -> int:
    """config:system:set, of texts and booleans that are no part of an array. Raises ConsoleError for others."""
    name, *further = run.input.arguments["name"]
    kind, text = run.input.option("type") or "string", run.input.option("value") or ""
    if further or kind not in ("string", "boolean"):
        raise ConsoleError(f"the stand-in sets no {kind} {' => '.join((name, *further))}")
    if run.input.has("update-only") and name not in _settings(run):
        raise ConsoleError("Config parameter does not exist")
    run.machine.system[name] = text == "true" if kind == "boolean" else text
    shown = f"{kind} {text}" if text or kind == "boolean" else "empty string"
    run.out.line(f"System config value {name} set to {shown}")
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
