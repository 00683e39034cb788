# SPDX-License-Identifier: GPL-3.0-or-later
"""Action ``cloud_drift``: compares accounts with what is wished, however many; it changes nothing.

Wishes come from a file, and what does not agree goes into one: as data of a task, Ansible would hold each account
several times, in a hundred kilobytes. The cloud is told of all wishes at once, so that it can be read by pages; they
are compared some hundred at a time, and nothing is kept of those that agree.

Options: those of the connection (see ``nextcloud_users``); ``lines``, a file with a line of JSON for each account:
``[number, account]``, the latter as an item of the option ``accounts`` of ``nextcloud_users``; ``rows``, a new file.

Result: ``compared``, how many were compared; ``rows``, how many lines of JSON the file ``rows`` has: ``service`` (the
number), ``name``, ``changes`` (``field``, ``before``, ``after``) and ``failure``, why it could not be compared, or
``None``; ``parts`` of it (see ``bill_nextcloud.runs.rows``); ``failure``, the cloud's trouble that ended it, or
``None``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, overload

from ansible_collections.bill.nextcloud.plugins.module_utils.argument_spec import Spec, account_options
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import FINAL, CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.wish import Wish, parse_wish
from ansible_collections.bill.nextcloud.plugins.plugin_utils.action import CloudAction
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Cloud
from ansible_collections.bill.nextcloud.plugins.plugin_utils.cloud import connected
from ansible_collections.bill.nextcloud.plugins.plugin_utils.converge import converge
from ansible_collections.bill.nextcloud.plugins.plugin_utils.host import Host
from ansible_collections.bill.nextcloud.plugins.plugin_utils.jobs import Job, Limits
from bill_nextcloud.runs.rows import AT_ONCE, Rows, trouble

_MISSING_CHANGE = {"field": "state", "before": "absent", "after": "present"}


class ActionModule(CloudAction):
    """See the module's docstring."""

    SPEC: ClassVar[Spec] = Spec(
        {"lines": {"type": "path", "required": True}, "rows": {"type": "path", "required": True}}
    )

    def perform(self, parameters: dict[str, Any], host: Host) -> dict[str, Any]:
        """Compare; return the result of the task."""

        def told(count: int) -> None:
            self._display.display(f"{count} accounts done")

        lines = Path(parameters["lines"]).read_bytes().splitlines()
        with Path(parameters["rows"]).open("xb") as file:
            found = Found(Rows(file))
            try:
                with connected(parameters, host) as cloud:
                    compare(cloud, lines, found, told)
            except CloudError as error:  # of the connection
                found.failure = error
        failure = found.failure.failure(None) if found.failure is not None else None
        return {
            "changed": False,
            "compared": found.compared,
            "rows": found.rows.count,
            "parts": found.rows.parts,
            "failure": failure,
        }


@dataclass
class Found:
    """What was found so far."""

    rows: Rows
    compared: int = 0
    failure: CloudError | None = None

    def take(self, jobs: Sequence[tuple[int, Job]]) -> None:
        """Count jobs that were looked at, and write what does not agree."""
        for number, job in jobs:
            changes = [change.shown() for change in job.plan.changes]
            if job.was_read and job.account is None and job.failure is not None and not changes:
                # Without a password, which is not given here, the plan is that it cannot be made.
                changes = [_MISSING_CHANGE]
            if changes or job.failure is None:
                self.compared += 1
            if not changes and job.failure is None:
                continue
            failure = None if changes or job.failure is None else job.failure.failure(job.name)
            self.rows.add(service=number, name=job.name, changes=changes, failure=failure)
        self.rows.end_part()


def compare(cloud: Cloud, lines: Sequence[bytes], found: Found, told: Callable[[int], None]) -> None:
    """Compare all wishes of ``lines`` (see the module's docstring) until the cloud is in trouble.

    :param found: takes what does not agree, how many were compared, and that trouble.
    :param told: is told how many were compared so far.
    """
    twice = _listed_twice(lines)
    cloud.prepare(_Wishes([line for line in lines if _can_be_wished(line)]))
    # That was for all of them. No edit comes of it, however many are planned, so that occ need not be opened for them.
    prepared = replace(cloud, prepare=lambda wishes: None, expect_edits=lambda edits: None)
    for start in range(0, len(lines), AT_ONCE):
        jobs = [_job(line, twice) for line in lines[start : start + AT_ONCE]]
        converge([job for _, job in jobs], prepared, Limits(), check_mode=True)
        failures = [job.failure for _, job in jobs if job.failure is not None]
        found.failure = trouble(failures, len(jobs), answered=found.compared > 0)
        if found.failure is not None:
            # Further requests would only do harm. What has a plan was read before.
            jobs = [
                (number, job)
                for number, job in jobs
                if job.failure is None or job.failure.kind == FINAL or job.plan.changes
            ]
        found.take(jobs)
        if found.failure is not None:
            break
        told(found.compared)


def _listed_twice(lines: Sequence[bytes]) -> frozenset[str]:
    """The names that several of ``lines`` have, in small letters."""
    seen: set[str] = set()
    twice: set[str] = set()
    for line in lines:
        name = json.loads(line)[1]["name"].lower()
        (twice if name in seen else seen).add(name)
    return frozenset(twice)


def _job(line: bytes, twice: frozenset[str]) -> tuple[int, Job]:
    number, account = json.loads(line)
    job = Job(account["name"], account["state"])
    try:
        job.wish = parse_wish(account_options(**account), {})
        if job.name.lower() in twice:
            raise CloudError("duplicate_name", "It is sold more than once.")
    except CloudError as error:
        job.failure = error
    return number, job


def _can_be_wished(line: bytes) -> bool:
    try:
        parse_wish(account_options(**json.loads(line)[1]), {})
    except CloudError:
        return False
    return True


class _Wishes(Sequence[Wish]):
    """Wishes that are made of their lines when they are looked at: lines take a quarter of the memory."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    @overload
    def __getitem__(self, index: int) -> Wish: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Wish]: ...
    def __getitem__(self, index: int | slice) -> Wish | Sequence[Wish]:
        if isinstance(index, slice):
            return _Wishes(self._lines[index])
        return parse_wish(account_options(**json.loads(self._lines[index])[1]), {})

    def __len__(self) -> int:
        return len(self._lines)
