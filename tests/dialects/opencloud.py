# SPDX-License-Identifier: GPL-3.0-or-later
"""An OpenCloud with what tests ask of it, and tasks of the collection's modules that work on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils import argument_spec as specs
from ansible_collections.bill.nextcloud.plugins.plugin_utils import (
    group_task,
    probe_task,
    user_info_task,
    users_task,
)
from requests import Response
from standins.cloud.process import StandinCloud

ADMIN, ADMIN_PASSWORD = "admin", "Example-password-of-the-administrator"
PASSWORD = "Example-password-of-a-customer"
GIB = 1024**3


class OpenCloud:
    """A stand-in OpenCloud. `log_in`: the log-in options of its tasks."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """Start it; `settings` are those of `standins.cloud.opencloud.settings`."""
        folder.mkdir(exist_ok=True)
        self.standin = StandinCloud(
            folder, admin_user=ADMIN, admin_password=ADMIN_PASSWORD, product="opencloud", opencloud=settings
        ).__enter__()
        self.log_in: dict[str, Any] = {"api_username": ADMIN, "api_password": ADMIN_PASSWORD}

    def stop(self) -> None:
        """End it."""
        self.standin.__exit__(None, None, None)

    # tasks

    def validated(self, spec: specs.Spec, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a task with the connection, as its action plugin hands them on."""
        result = ArgumentSpecValidator(**spec.keywords).validate(
            {"api_url": self.standin.url, **self.log_in, **options}
        )
        assert not result.error_messages, result.error_messages
        return dict(result.validated_parameters)

    def user(self, name: str, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user."""
        parameters = self.validated(specs.USER, {"name": name, **options})
        return users_task.run_one(parameters, check_mode=check_mode, with_diff=False)

    def group(self, name: str, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_group."""
        return group_task.run(self.validated(specs.GROUP, {"name": name, **options}), check_mode=False, with_diff=False)

    def accounts(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user_info."""
        return user_info_task.run(self.validated(specs.USER_INFO, options), progress=lambda text: None)

    def probe(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_probe."""
        return probe_task.run(self.validated(specs.PROBE, options))

    # what it holds, by a way of its own

    def ask(self, path: str, *, method: str = "GET", password: str = ADMIN_PASSWORD, name: str = ADMIN) -> Response:
        """One request, by default as the administrator."""
        return requests.request(method, self.standin.url + path, auth=(name, password), timeout=30)

    def quota_of(self, name: str) -> int | None:
        """The bytes of an account's drive, 0 for unlimited; None: it has no drive."""
        drive = self.ask(f"/graph/v1.0/users/{name}?$expand=drive").json()["drive"]
        return int(drive["quota"]["total"]) if "id" in drive else None

    def sent(self) -> list[str]:
        """Method and path of the requests since the last call of this, status.php left out."""
        sent = self.standin.requests()
        self.standin.clear_requests()
        return [f"{one['method']} {one['path']}" for one in sent if one["path"] != "/status.php"]
