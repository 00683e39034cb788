# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures in the result of a task that fails with them: the one place where they become words."""

from __future__ import annotations

import typing as t

from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError

_MOST_SHOWN = 10


class Failed(t.NamedTuple):
    """One thing that failed."""

    error: CloudError
    subject: str
    """What it concerns, in words: ``account anna``."""
    account: str | None = None
    """Name of the account, when it concerns one."""


def add_failures(result: dict[str, t.Any], failures: t.Sequence[Failed]) -> None:
    """Make the task fail if anything failed: ``failed``, ``msg`` for people, ``failure`` (the first) for programs."""
    result["failure"] = None
    if not failures:
        return
    lines = [failed.error.words(failed.subject) for failed in failures[:_MOST_SHOWN]]
    if len(failures) > _MOST_SHOWN:
        lines.append(f"... and {len(failures) - _MOST_SHOWN} more")
    first = failures[0]
    result.update(failed=True, msg="\n".join(lines), failure=first.error.failure(first.account))
