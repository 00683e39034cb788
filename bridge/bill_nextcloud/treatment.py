# SPDX-License-Identifier: GPL-3.0-or-later
"""What each failure asks for: to be tried again, to wait for its cloud, or to be ended. One table, read everywhere.

*Temporary*: the operation is tried again by itself, later and later. *Held*: it is the cloud's trouble, so all its
operations wait together behind one probe. *Final*: a person has to change something.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["temporary", "held", "final"]


@dataclass(frozen=True)
class Treatment:
    """One row. ``first_seconds``: before the second attempt, where it is not the setting (``None``). ``probe_seconds``:
    before the first probe of a held cloud; ``None``: it is not probed, since each log-in would do harm or cannot
    help."""

    kind: Kind
    first_seconds: float | None = None
    probe_factor: float | None = None


_TEMPORARY = Treatment("temporary")
_FINAL = Treatment("final")
APPROVAL = "approval_needed"
UNREACHABLE = "unreachable"
HELD_BY_ADMINISTRATOR = "held_by_administrator"
LOGIN_BLOCKED = "login_blocked"
WORKER_CREDENTIALS_REFUSED = "worker_credentials_refused"
WRONG_CREDENTIALS = "wrong_credentials"

TABLE: dict[str, Treatment] = {
    # The cloud does not answer as it should, for now.
    UNREACHABLE: Treatment("temporary", probe_factor=1),  # after the third time in a row it is held
    "timeout": _TEMPORARY,
    "not_an_answer": _TEMPORARY,
    "server_error": _TEMPORARY,
    # Nextcloud does not say how long; its window is ten minutes (50 edits in 600 s).
    "rate_limited": Treatment("temporary", first_seconds=60),
    "outcome_unknown": _TEMPORARY,
    "not_verified": _TEMPORARY,
    "not_yet": _TEMPORARY,
    "run_unknown": _TEMPORARY,
    # BILLmanager, the engine, another run.
    "billmanager_unavailable": _TEMPORARY,
    "engine_unavailable": _TEMPORARY,
    "claim_not_saved": _TEMPORARY,
    "cloud_changed": _TEMPORARY,
    "lock_unavailable": _TEMPORARY,
    "internal": _TEMPORARY,
    # Worker hosts; nothing was begun there.
    "workers_unavailable": _TEMPORARY,
    "release_differs": _TEMPORARY,
    # The cloud's trouble.
    "maintenance": Treatment("held", probe_factor=1),
    "certificate_not_verified": Treatment("held", probe_factor=10),
    # Nobody has logged in there yet.
    "host_key_not_verified": Treatment("held", probe_factor=10),
    "occ_unusable": Treatment("held", probe_factor=10),
    # Servers lock out who fails often: each probe is a log-in that is refused.
    "host_refused": Treatment("held", probe_factor=20),
    "write_not_permitted": Treatment("held", probe_factor=20),
    # Nextcloud's memory of refused log-ins is half an hour, 60 times the default pause.
    LOGIN_BLOCKED: Treatment("held", probe_factor=60),
    # Each further log-in slows down and at last locks the caller's address: only new credentials are tried.
    WRONG_CREDENTIALS: Treatment("held"),
    HELD_BY_ADMINISTRATOR: Treatment("held"),
    # A worker host looks into its file, and logs in nowhere with what the cloud has refused.
    "worker_credentials_missing": Treatment("held", probe_factor=1),
    WORKER_CREDENTIALS_REFUSED: Treatment("held", probe_factor=1),
    "worker_credentials_unusable": Treatment("held", probe_factor=1),
    # Its installation is wrong; it says so before anything is begun.
    "worker_refused": Treatment("held", probe_factor=1),
    # More than the settings allow in an hour: the operation waits for a person's word.
    APPROVAL: Treatment("held"),
    # What only a person can mend.
    "account_conflict": _FINAL,
    "account_missing": _FINAL,
    "account_name_missing": _FINAL,
    "account_unproven": _FINAL,
    "backend_refused": _FINAL,
    "bad_request": _FINAL,
    "billmanager_refused": _FINAL,
    "client_has_operations": _FINAL,
    "cloud_parameter_invalid": _FINAL,
    "cloud_parameter_missing": _FINAL,
    "cloud_unknown": _FINAL,
    "command_unknown": _FINAL,
    "crypt_key_unusable": _FINAL,
    "disk_addon_missing": _FINAL,
    "duplicate_name": _FINAL,
    "group_missing": _FINAL,
    "import_account_missing": _FINAL,
    "import_administrator": _FINAL,
    "import_claimed": _FINAL,
    "import_elsewhere": _FINAL,
    "import_incomplete": _FINAL,
    "import_kept": _FINAL,
    "import_no_tariff": _FINAL,
    "import_quota_unknown": _FINAL,
    "import_refused": _FINAL,
    "import_several_tariffs": _FINAL,
    "invalid_name": _FINAL,
    "invalid_url": _FINAL,
    "invalid_value": _FINAL,
    "invitation_address_missing": _FINAL,
    "limit_reached": _FINAL,
    "mapping_invalid": _FINAL,
    "module_unknown": _FINAL,
    "new_password_missing": _FINAL,
    "new_password_refused": _FINAL,
    "no_suitable_module": _FINAL,
    "nothing_sold": _FINAL,
    "operation_cancelled": _FINAL,
    "operation_ended": _FINAL,
    "operation_not_found": _FINAL,
    "operation_not_waiting": _FINAL,
    "password_refused": _FINAL,
    "protected_account": _FINAL,
    "protected_group": _FINAL,
    "record_missing": _FINAL,
    "record_outdated": _FINAL,
    "redirected": _FINAL,
    "refused": _FINAL,
    "rollback_refused": _FINAL,
    "service_deleted": _FINAL,
    "service_moved": _FINAL,
    "service_unknown": _FINAL,
    "settings_invalid": _FINAL,
    "ssh_key_unusable": _FINAL,
    "status_contradicts": _FINAL,
    "suspension_unsupported": _FINAL,
    "tariff_elsewhere": _FINAL,
    "tariff_rolled_back": _FINAL,  # told with what failed
    "unit_unknown": _FINAL,
    "unknown_product": _FINAL,
    "unsupported": _FINAL,
    "usage_not_told": _FINAL,
    "usage_unread": _FINAL,
    "username_fixed": _FINAL,
    "username_taken": _FINAL,
    "username_unusable": _FINAL,
    "worker_elsewhere": _FINAL,
    "worker_not_running": _FINAL,
    "worker_running": _FINAL,
}


def kind_of(code: str) -> Kind:
    """The kind of a failure's code. Raises ``KeyError`` for one without a row (a test sees to that)."""
    return TABLE[code].kind


def pause(code: str, attempt: int, first_seconds: float, longest_seconds: float) -> float:
    """Seconds to wait after the failed attempt number ``attempt`` (1, 2, …): doubled each time, with jitter, so that
    what failed together does not come back together; never less than the code's own first pause."""
    return _pause(max(first_seconds, TABLE[code].first_seconds or 0), attempt, longest_seconds)


def probe_pause(code: str, probe: int, probe_seconds: float, longest_seconds: float) -> float | None:
    """Seconds before the probe number ``probe`` (1, 2, …) of a cloud held because of ``code``; ``None``: no probe."""
    factor = TABLE[code].probe_factor
    return None if factor is None else _pause(factor * probe_seconds, probe, longest_seconds)


def _pause(least: float, attempt: int, longest: float) -> float:
    longest = max(longest, least)
    full = min(least * 2.0 ** min(attempt - 1, 30), longest)
    return min(max(full * random.uniform(0.75, 1.25), least), longest)  # noqa: S311 - no secret
