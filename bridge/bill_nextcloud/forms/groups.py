# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a cloud, and its free space, for a form: asked for now, or what was kept when the cloud does not
answer."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from bill_nextcloud.billmanager.asked import credentials_digest
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.server_config import Listing, saved
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import CloudParameterUnusable, CryptKeyUnusable, Failure
from bill_nextcloud.holds import Holds
from bill_nextcloud.log import logger
from bill_nextcloud.playbook import Runs
from bill_nextcloud.treatment import LOGIN_BLOCKED, WRONG_CREDENTIALS
from bill_nextcloud.waiting import within

log = logger("forms")

# Nextcloud's memory of refused log-ins.
REFUSED_SECONDS = 1800.0


@dataclass(frozen=True)
class CloudGroups:
    """Reads lists of groups. Nothing is written anywhere, and no operation waits or is made."""

    runs: Runs
    database: Database
    holds: Holds
    # Credentials that a cloud has refused, and until when (monotonic) a form that is opened again does not try them
    # again: each failed log-in brings the cloud nearer to locking this host's address.
    _refused: dict[int, tuple[str, Failure, float]] = field(default_factory=dict, init=False, repr=False)
    # What is being asked now, by module, credentials, and whether it is for the free space as well: however many forms
    # are open, a cloud is asked once at a time.
    _asked: dict[tuple[int, str, bool], Future[Listing | Failure]] = field(default_factory=dict, init=False, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def ask(self, module: int, *, space: bool = False) -> Listing | Failure:
        """What the cloud of a processing module says within seconds, or why it says nothing; one that is held is not
        asked. ``space``: ask for its free space, too, which may take longer. Raises ``ModuleUnknown``,
        ``BillmanagerUnavailable``."""
        try:
            cloud = self.database.cloud(module, secret=not self.runs.elsewhere)
        except (CloudParameterUnusable, CryptKeyUnusable) as error:
            return error.failure
        held = self.holds.failure(module)
        if held is not None:
            return held
        digest = credentials_digest(self.database, module)
        refused = self._refused.get(module)
        if refused is not None and refused[0] == digest and time.monotonic() < refused[2]:
            return refused[1]
        with self._guard:
            question = self._asked.get((module, digest, space))
            mine = question is None
            if question is None:
                question = self._asked[module, digest, space] = Future()
        if mine:
            try:
                question.set_result(self._listing(cloud, digest, space))
            except BaseException as error:
                # Without an end it would keep all later forms of this cloud waiting.
                question.set_exception(error)
            finally:
                with self._guard:
                    del self._asked[module, digest, space]
        return question.result()

    def _listing(self, cloud: Cloud, digest: str, space: bool) -> Listing | Failure:
        found = within(cloud, lambda seconds: self.runs.groups(cloud, seconds, space=space))
        if isinstance(found, Failure):
            log.warning("groups not listed", cloud=cloud.name, module=cloud.id, code=found.code)
            # Worker hosts have other credentials, and remember themselves which were refused.
            if found.code in (WRONG_CREDENTIALS, LOGIN_BLOCKED) and not self.runs.elsewhere:
                self._refused[cloud.id] = (digest, found, time.monotonic() + REFUSED_SECONDS)
        else:
            self._refused.pop(cloud.id, None)
            left = "-" if found.free_space is None else found.free_space
            log.info("groups listed", cloud=cloud.name, module=cloud.id, groups=len(found.groups), free_space=left)
        return found

    def saved(self, module: int) -> Listing | None:
        """What was kept when the cloud was last read. Raises ``BillmanagerUnavailable``."""
        return saved(self.database, module)

    def known(self, module: int) -> Listing | None:
        """What the cloud says, else what was kept, else ``None``. Raises what :meth:`ask` raises."""
        found = self.ask(module)
        return self.saved(module) if isinstance(found, Failure) else found
