# SPDX-License-Identifier: GPL-3.0-or-later
"""All commands of ``bill-nextcloud``, and how its errors become one line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bill_nextcloud.billmanager.messages import text
from bill_nextcloud.cli.actions import approve, cancel, hold, release, retry
from bill_nextcloud.cli.client import RequestRefused
from bill_nextcloud.cli.drift import UNREADABLE, drift
from bill_nextcloud.cli.forget import forget
from bill_nextcloud.cli.health import Level
from bill_nextcloud.cli.history import operations, show
from bill_nextcloud.cli.importing import FAILED as IMPORT_FAILED
from bill_nextcloud.cli.importing import import_
from bill_nextcloud.cli.metrics import metrics
from bill_nextcloud.cli.options import SettingsFile
from bill_nextcloud.cli.output import plain
from bill_nextcloud.cli.status import status
from bill_nextcloud.cli.usage import FAILED as USAGE_FAILED
from bill_nextcloud.cli.usage import usage
from bill_nextcloud.errors import OperationError
from bill_nextcloud.settings import DEFAULT_PATH

# Where 1 has a meaning of its own, an error has another exit status.
_STATUSES = {"status": Level.UNKNOWN, "drift": UNREADABLE, "usage": USAGE_FAILED, "import": IMPORT_FAILED}

application = typer.Typer(
    help="Sells Nextcloud storage out of BILLmanager: see what the bridge does, and step in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _command in (status, metrics, operations, show, retry, cancel, approve, hold, release, drift, usage, forget):
    application.command()(_command)
application.command("import")(import_)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("bill-nextcloud"))
        raise typer.Exit


@application.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


@application.command()
def worker(
    settings: SettingsFile = DEFAULT_PATH,
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the log there, too; logrotate may move it away.")
    ] = None,
) -> None:
    """Carry out what BILLmanager asks for, until told to stop."""
    # Loading the engine takes a second, and `status` is called each minute.
    from bill_nextcloud.cli.worker import worker as work

    work(settings, log_file)


@application.command()
def descriptor(settings: SettingsFile = DEFAULT_PATH) -> None:
    """Print the module's descriptor (billmgr_mod_pmnextcloud.xml)."""
    from bill_nextcloud.billmanager.descriptor import render
    from bill_nextcloud.settings import read_settings

    sys.stdout.write(render(read_settings(settings).billmanager.item_types))


def main() -> None:
    """The program: an error that is known becomes one line on standard error and an exit status, never a traceback."""
    failed = next((_STATUSES[word] for word in sys.argv[1:2] if word in _STATUSES), 1)
    try:
        sys.exit(application(standalone_mode=False))
    except OperationError as error:
        message = text(error.failure, "en")
    except RequestRefused as error:
        message = error.message
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")
        if not message.strip():
            sys.exit(failed)  # the help was asked for by nothing, and is shown
        if message.startswith("Usage:") or "\n" in message.strip():
            sys.exit(message.strip())
    except typer.Abort:
        message = "nothing was done"
    except BrokenPipeError:
        # Whoever read the output has seen enough (`… | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(failed)
    except OSError as error:
        message = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    print(f"bill-nextcloud: {plain(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(failed)
