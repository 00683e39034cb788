# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python tests/standins/billmanager COMMAND --root DIR ...`, for trying things out by hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])  # tests/, instead of this folder, whose names are not modules

from standins.billmanager import Panel, PanelError, Run  # noqa: E402

OPERATIONS = ("setparam", "suspend", "resume", "close", "reopen", "prolong", "changepassword")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Exit code: 0 done, 1 the module's run failed, 2 the panel refused or the line was wrong."""
    options = _parser().parse_args(arguments)
    try:
        result = options.do(options)
    except PanelError as error:
        print(error.message, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_readable(result)))
    return 1 if options.command == "run" and not result["ok"] else 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--root", type=Path, required=True, help="the tree, as /usr/local/mgr5 is one")
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    parser = argparse.ArgumentParser(prog="billmanager", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    create = commands.add_parser("create", parents=[common], help="lay out a new tree")
    create.set_defaults(do=_create)

    install = commands.add_parser("install", parents=[common], help="install the processing module")
    install.add_argument("executable")
    install.add_argument("descriptor")
    install.add_argument("--configuration", type=Path, help="file that becomes etc/pmnextcloud.conf")
    install.set_defaults(do=_install)

    cloud = commands.add_parser("add-cloud", parents=[common], help="add a connection; secrets are read from stdin")
    cloud.add_argument("name")
    cloud.add_argument("--param", type=_pair, action="append", default=[], metavar="NAME=VALUE")
    cloud.add_argument(
        "--secret", action="append", default=[], metavar="NAME", help="encrypted, one line of stdin each"
    )
    cloud.set_defaults(do=_add_cloud)

    tariff = commands.add_parser("add-tariff", parents=[common], help="add a tariff")
    tariff.add_argument("name")
    tariff.add_argument("cloud", type=int)
    tariff.add_argument("--disk", type=_amount, metavar="AMOUNT:UNIT", help="included, as 10:gib; no addon without it")
    tariff.add_argument("--param", type=_pair, action="append", default=[], metavar="NAME=VALUE")
    tariff.set_defaults(do=_add_tariff)

    client = commands.add_parser("add-client", parents=[common], help="add a client")
    client.add_argument("name")
    client.add_argument("email")
    client.set_defaults(do=_add_client)

    order = commands.add_parser("order", parents=[common], help="order a service")
    order.add_argument("tariff", type=int)
    order.add_argument("client", type=int)
    order.add_argument("--extra-disk", type=int, default=0, metavar="AMOUNT")
    order.add_argument("--trial", action="store_true")
    order.set_defaults(do=_order)

    operation = commands.add_parser("operation", parents=[common], help="begin an operation of a service")
    operation.add_argument("operation", choices=OPERATIONS)
    operation.add_argument("service", type=int)
    operation.add_argument("--tariff", type=int, help="for setparam")
    operation.add_argument("--extra-disk", type=int, help="for setparam")
    operation.add_argument("--reason", default="auto", help="for suspend: auto, employee, abuse")
    operation.set_defaults(do=_operation)

    run = commands.add_parser("run", parents=[common], help="run the module for a service's operation")
    run.add_argument("service", type=int)
    run.add_argument("--operation", type=int)
    run.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="until the operation has ended")
    run.set_defaults(do=_run)

    show = commands.add_parser("show", parents=[common], help="show services, tasks and problems, or one service")
    show.add_argument("service", type=int, nargs="?")
    show.add_argument("--credentials", action="store_true", help="what the customer sees, password included")
    show.set_defaults(do=_show)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError("NAME=VALUE expected")
    return name, value


def _amount(text: str) -> tuple[int, str]:
    amount, _, unit = text.partition(":")
    if not amount.isdecimal() or not unit:
        raise argparse.ArgumentTypeError("AMOUNT:UNIT expected, as 10:gib")
    return int(amount), unit


def _create(options: argparse.Namespace) -> dict[str, Any]:
    panel = Panel.create(options.root)
    return {"root": str(panel.root), "database_url": panel.database_url}


def _install(options: argparse.Namespace) -> dict[str, Any]:
    configuration = options.configuration and options.configuration.read_text(encoding="utf-8")
    panel = Panel(options.root)
    panel.install_module(options.executable, options.descriptor, configuration)
    return {"features": [str(feature.get("name")) for feature in panel.features().iterfind("features/feature")]}


def _add_cloud(options: argparse.Namespace) -> dict[str, Any]:
    secrets = {name: sys.stdin.readline().rstrip("\n") for name in options.secret}
    return {"cloud": Panel(options.root).add_cloud(options.name, dict(options.param), secrets)}


def _add_tariff(options: argparse.Namespace) -> dict[str, Any]:
    tariff = Panel(options.root).add_tariff(options.name, options.cloud, options.disk, dict(options.param))
    return {"tariff": tariff}


def _add_client(options: argparse.Namespace) -> dict[str, Any]:
    return {"client": Panel(options.root).add_client(options.name, options.email)}


def _order(options: argparse.Namespace) -> dict[str, Any]:
    panel = Panel(options.root)
    service = panel.order(options.tariff, options.client, options.extra_disk, trial=options.trial)
    return {"service": service, "operation": panel.service(service)["operations"][0]}


def _operation(options: argparse.Namespace) -> dict[str, Any]:
    panel = Panel(options.root)
    if options.operation == "setparam":
        operation = panel.change_tariff(options.service, options.tariff, extra_disk=options.extra_disk)
    elif options.operation == "suspend":
        operation = panel.suspend(options.service, options.reason)
    elif options.operation == "changepassword":
        operation = panel.change_password(options.service, sys.stdin.readline().rstrip("\n"))
    else:
        begin = {"resume": panel.resume, "close": panel.close, "reopen": panel.reopen, "prolong": panel.prolong}
        operation = begin[options.operation](options.service)
    return {"operation": operation}


def _run(options: argparse.Namespace) -> dict[str, Any]:
    panel = Panel(options.root)
    run: Run = panel.run(options.service, options.operation)
    result = asdict(run) | {"ok": run.ok}
    if options.wait and run.ok and run.operation is not None:
        panel.wait(run.operation, options.wait)
        result |= {"finished": True, "status_name": panel.service(options.service)["status_name"]}
    return result


def _show(options: argparse.Namespace) -> dict[str, Any]:
    panel = Panel(options.root)
    if options.service is None:
        services = {str(service): panel.service(service)["status_name"] for service in panel.services()}
        return {"services": services, "tasks": panel.tasks(), "problems": panel.problems()}
    service = panel.service(options.service)
    params = service.pop("params")
    shown: dict[str, Any] = {key: value for key, value in service.items() if value is not None}
    shown["params"] = {name: value for name, value in params.items() if name != "userpassword"}
    shown["operations"] = [panel.operation(operation) for operation in service["operations"]]
    if options.credentials:
        shown["credentials"] = dict(
            zip(("url", "username", "password"), panel.customer_credentials(options.service), strict=True)
        )
    return shown


def _readable(value: object, indent: str = "") -> list[str]:
    """Lines for people: one per field, nested ones indented."""
    lines: list[str] = []
    if isinstance(value, dict):
        for key, content in value.items():
            if isinstance(content, dict | list) and content:
                lines += [f"{indent}{key}:", *_readable(content, indent + "  ")]
            else:
                lines.append(f"{indent}{key}: {_word(content)}")
    elif isinstance(value, list):
        for content in value:
            first, *rest = _readable(content, indent + "  ")
            lines += [f"{indent}- {first.strip()}", *rest]
    else:
        lines.append(f"{indent}{_word(value)}")
    return lines


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value in ("", [], {}) else str(value).strip()


if __name__ == "__main__":
    sys.exit(main())
