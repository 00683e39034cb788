# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import settings as settings_file
from .backup import back_up, maintenance_of
from .errors import BackupError
from .lock import held
from .processes import interruptible
from .rehearsal import rehearse
from .repositories import open_repository
from .restoring import restore, restore_account
from .results import Results
from .settings import Settings


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nextcloud-backup", description="Backup of a Nextcloud or ownCloud server")
    parser.add_argument("--settings", type=Path, default=settings_file.DEFAULT, help="another settings file")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("run", "back up now, and remove snapshots that are not to be kept"),
        ("test", "restore the latest snapshot beside everything that is alive, and compare it"),
        ("check", "look for damage in the repository"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="begin at random within these")
        command.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="wait for another run to end")
    listing = commands.add_parser("list", help="list the snapshots of this server")
    listing.add_argument("--json", action="store_true", help="as JSON")
    restoring = commands.add_parser("restore", help="restore the server, or the files of one account")
    restoring.add_argument("--snapshot", default="latest", metavar="ID", help="which (latest)")
    which = restoring.add_mutually_exclusive_group()
    which.add_argument("--overwrite", action="store_true", help="replace what is there, which is kept beside it")
    which.add_argument("--account", help="only this account's files, into a new folder among those it has")
    commands.add_parser("initialise", help="make the repository, unless it is there")
    commands.add_parser("tidy", help="switch off the maintenance mode that a killed run has left on")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Carry a command out; returns the exit status: 0, 1 for a failure, 2 for wrong arguments, 75 if another run is
    under way, 130 if a signal came."""
    arguments = _arguments().parse_args(words)
    try:
        with interruptible():
            settings = settings_file.load(arguments.settings)
            if arguments.command == "list":
                return _list(settings, arguments.json)
            time.sleep(random.uniform(0, getattr(arguments, "delay", 0)))  # noqa: S311
            with held(settings.state / "lock", getattr(arguments, "wait", 0)):
                print(_carried_out(arguments, settings))
    except BackupError as error:
        print(f"nextcloud-backup: {arguments.command}: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"nextcloud-backup: {arguments.command}: {error}", file=sys.stderr)
        return BackupError.status
    return 0


def _list(settings: Settings, as_json: bool) -> int:
    snapshots = open_repository(settings).snapshots()
    if as_json:
        print(json.dumps([asdict(one) for one in snapshots], indent=1))
    else:
        for one in snapshots:
            print(f"{one.id}  {one.made}")
    return 0


def _carried_out(arguments: argparse.Namespace, settings: Settings) -> str:
    if arguments.command == "tidy":
        return _tidied(settings)
    repository = open_repository(settings)
    if arguments.command == "initialise":
        return "made" if repository.initialise() else "there already"
    if arguments.command == "restore" and arguments.account is not None:
        return restore_account(settings, repository, arguments.snapshot, arguments.account)
    if arguments.command == "restore":
        return restore(settings, repository, arguments.snapshot, arguments.overwrite)
    directory = Path(settings.metrics_directory) if settings.metrics_directory else None
    results = Results(settings.state / "results.json", directory, settings.name)
    task = {"run": "backup", "check": "check", "test": "restore_test"}[arguments.command]
    with results.of(task) as values:
        if arguments.command == "test":
            return rehearse(settings, repository, values)
        if arguments.command == "check":
            repository.opened()
            repository.check(settings.check_data)
            return "no damage was found"
        said = _tidied(settings)
        remarks = [*([said] if said else []), *back_up(settings, repository, values)]
        return "\n".join([*remarks, f"backed up {values['files']:.0f} files, {values['size_bytes']:.0f} bytes"])


def _tidied(settings: Settings) -> str:
    return "maintenance mode, which a killed run had left on, is off" if maintenance_of(settings).end_leftover() else ""
