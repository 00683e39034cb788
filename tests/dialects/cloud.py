# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud that the cases work on: tasks of the collection run here, in process, against a real HTTP server."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

import requests
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import (
    GROUP,
    PROBE,
    QUOTA,
    USER,
    USER_INFO,
    USERS,
    Spec,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils import (
    group_task,
    probe_task,
    quota_task,
    user_info_task,
    users_task,
)
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from standins.cloud.process import StandinCloud

from dialects.products import PRODUCTS, Product

PASSWORD = "Swordfish-of-a-customer-1"
OTHER_PASSWORD = "Barracuda-of-a-customer-2"
_READING = ("GET", "HEAD", "PROPFIND")
_READING_COMMANDS = (
    "status",
    "config:app:get",
    "config:list",
    "group:info",
    "group:list",
    "group:list-members",
    "user:info",
    "user:list",
    "user:list-groups",
    "user:lastseen",
)
_SETTING_READ = 4
"""Words of a command user:setting that names an account, an app and a key, and no value."""


def _only_reads(words: list[str]) -> bool:
    plain = [word for word in words if not word.startswith("-")]
    if plain[0] == "user:add" and "/" in plain[-1]:
        return True  # no release takes such a name; it shows whether accounts may be made
    if plain[0] == "user:setting":
        return len(plain) <= _SETTING_READ and not any(word.startswith(("--value", "--delete")) for word in words)
    return plain[0] in _READING_COMMANDS


def _no_server(arguments: Mapping[str, Any]) -> NoReturn:
    raise AssertionError(f"nothing is run on a server: {arguments}")


class CloudUnderTest:
    """One cloud, and the tasks of one case on it.

    All that a case makes has the case's prefix in its name. `dialect` is what it is known to be; None: it is asked.
    That tasks find it out by themselves is part of every case.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        standin: StandinCloud | None,
        *,
        execute: Callable[..., dict[str, Any]] | None = None,
        dialect: str | None = None,
    ) -> None:
        self._connection: dict[str, Any] = {"api_url": url, "api_username": user, "api_password": password}
        self._execute = execute
        self.url = url
        self.administrator = user
        self.standin = standin
        self.prefix = f"case-{secrets.token_hex(4)}-"
        self.dialect = str(dialect or self.probe(write_proof=False, read_limits=False)["dialect"])

    @property
    def product(self) -> Product:
        """What is expected of it."""
        return PRODUCTS[self.dialect if self._execute is None else f"{self.dialect} by occ"]

    def named(self, name: str) -> str:
        """The name of an account or a group of this case."""
        return self.prefix + name

    # tasks

    def users(self, *accounts: dict[str, Any], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_users; groups that it needs are made."""
        parameters = self._validated(USERS, accounts=list(accounts), **{"create_groups": True, **options})
        return users_task.run(parameters, self._host(check_mode), check_mode=check_mode, with_diff=True)

    def user(self, name: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user."""
        parameters = self._validated(USER, name=self.named(name), **{"create_groups": True, **options})
        return users_task.run_one(parameters, self._host(check_mode), check_mode=check_mode, with_diff=True)

    def quota(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_quota."""
        return quota_task.run(
            self._validated(QUOTA, **options), self._host(check_mode), check_mode=check_mode, with_diff=True
        )

    def group(self, name: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_group."""
        parameters = self._validated(GROUP, name=self.named(name), **options)
        return group_task.run(parameters, self._host(check_mode), check_mode=check_mode, with_diff=True)

    def info(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_user_info."""
        return user_info_task.run(self._validated(USER_INFO, **options), self._host(), progress=lambda text: None)

    def probe(self, **options: Any) -> dict[str, Any]:
        """Run a task of nextcloud_probe."""
        return probe_task.run(self._validated(PROBE, **options), self._host())

    def _host(self, check_mode: bool = False) -> Host:
        """The host of a task: the cloud's server where its occ is what is used."""
        if self._execute is None:
            self._last = Host(_no_server)
        else:
            self._last = Host(partial(self._execute, check_mode=check_mode))
        return self._last

    def used(self) -> dict[str, Any]:
        """Which way the last task has taken, and why."""
        found = self._last.transport()
        assert found is not None
        return found

    def _validated(self, spec: Spec, **options: Any) -> dict[str, Any]:
        result = ArgumentSpecValidator(**spec.keywords).validate({**self._connection, **options})
        assert not result.error_messages, result.error_messages
        return dict(result.validated_parameters)

    # what else happens to a cloud

    def logs_in(self, name: str, password: str = PASSWORD) -> bool:
        """Log in as an account; whether that succeeded."""
        answer = requests.get(
            self.url + self.product.whoami,
            params={"format": "json"},
            headers={"OCS-APIRequest": "true"},
            auth=(self.named(name), password),
            timeout=60,
        )
        return answer.status_code == 200

    def upload(self, name: str, size: int) -> None:
        """Let an account have a file of so many bytes."""
        path = f"/remote.php/dav/files/{self.named(name)}/case.bin"
        answer = requests.put(self.url + path, data=b"\0" * size, auth=(self.named(name), PASSWORD), timeout=60)
        assert answer.status_code in (201, 204), answer.text

    def with_connection(self, **options: Any) -> CloudUnderTest:
        """The same cloud and case, with other options of the connection."""
        other = copy.copy(self)
        other._connection = {**self._connection, **options}
        return other

    def acting_as(self, user: str, password: str) -> CloudUnderTest:
        """The same cloud and case, with another acting account: the name as it logs in."""
        return self.with_connection(api_username=user, api_password=password)

    # the stand-in's log

    def writes(self) -> list[str]:
        """All requests and commands so far that may change something; of a real server nothing is known."""
        if self.standin is None:
            return []
        requests = [
            f"{entry['method']} {entry['path']}" for entry in self.standin.requests() if entry["method"] not in _READING
        ]
        commands = [entry["arguments"] for entry in self.standin.commands()]
        return [*requests, *(" ".join(words) for words in commands if not _only_reads(words))]

    def refused_log_ins(self) -> int | None:
        """How many requests so far were answered with 401; None: of a real server nothing is known."""
        if self.standin is None:
            return None
        return len([entry for entry in self.standin.requests() if entry["status"] == 401])

    def clean_up(self) -> None:
        """Remove all that the case has made."""
        found = self.info(search=self.prefix.rstrip("-"))
        assert found["failure"] is None, found["msg"]
        accounts = [{"name": account["name"], "state": "absent"} for account in found["accounts"]]
        if accounts:
            assert self.users(*accounts)["summary"]["failed"] == 0
        for group in self.probe(list_groups=True, write_proof=False, read_limits=False)["groups"]:
            if group.startswith(self.prefix):
                self.group(group.removeprefix(self.prefix), state="absent")
