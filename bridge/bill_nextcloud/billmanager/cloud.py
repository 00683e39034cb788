# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud as the connection form of its processing module describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bill_nextcloud.cloud_server import API, BY_SSH, OCC, TRANSPORTS, CloudServer, ServerUnusable
from bill_nextcloud.errors import CloudParameterInvalid, CloudParameterMissing

TICKED = "on"
"""What BILLmanager saves for a box that is ticked."""
AUTO = "auto"
DIALECTS = (AUTO, "nextcloud", "owncloud", "libregraph")
"""What the connection form may name: the values of the modules' option ``dialect``."""
DISABLED_SHARES = ("hidden", "left")
"""The values of the option ``disabled_shares`` of ``nextcloud_users``."""


@dataclass(frozen=True)
class Cloud:
    """A processing module of ours: one cloud. ``password`` is the administrator's, in clear, in memory only.
    ``ca_file``: the file of its own certificate authority, where that is not the one of the settings. ``dialect``: one
    of :data:`DIALECTS`, the API that it has. ``bearer_token``: what stands in ``password`` is one.
    What suspension means there: ``disabled_shares`` is one of :data:`DISABLED_SHARES` or empty, which leaves the switch
    alone; ``wipe_devices``: a suspended account's devices are told to delete its files. ``transport``: one of
    ``cloud_server.TRANSPORTS``, the way by which accounts are changed; ``server``: where occ is run, if it may be. By
    occ alone nobody has to log in: then ``username`` and ``password`` may be empty."""

    id: int
    name: str
    url: str
    username: str
    password: str = field(repr=False)
    ca_file: str | None = None
    dialect: str = AUTO
    bearer_token: bool = False
    disabled_shares: str = ""
    wipe_devices: bool = False
    transport: str = API
    server: CloudServer | None = None

    @classmethod
    def of(cls, module: int, name: str, password: str, params: Mapping[str, str]) -> Cloud:
        """The cloud that the values of a connection form describe.

        Raises :class:`CloudParameterInvalid`, :class:`CloudParameterMissing`.
        """
        transport = _one_of(TRANSPORTS, name, "transport", params) or API
        for required in ("url", "username"):
            if not params.get(required) and not (transport == OCC and required == "username"):
                raise CloudParameterMissing(cloud=name, parameter=required)
        return cls(
            module,
            name,
            params["url"].strip().rstrip("/"),
            params.get("username") or "",
            password,
            (params.get("ca_file") or "").strip() or None,
            _one_of(DIALECTS, name, "dialect", params) or AUTO,
            params.get("bearer_token") == TICKED,
            _one_of(DISABLED_SHARES, name, "disabled_shares", params),
            params.get("wipe_devices") == TICKED,
            transport,
            _server(name, params) if transport in BY_SSH else None,
        )

    @property
    def logs_in(self) -> bool:
        """Whether there has to be a password."""
        return self.transport != OCC

    @property
    def params(self) -> dict[str, str]:
        """The values of the connection form that :meth:`of` would read this from."""
        ticked = {True: TICKED, False: ""}
        return {
            "url": self.url,
            "username": self.username,
            "ca_file": self.ca_file or "",
            "dialect": self.dialect,
            "bearer_token": ticked[self.bearer_token],
            "disabled_shares": self.disabled_shares,
            "wipe_devices": ticked[self.wipe_devices],
            "transport": self.transport,
            **(self.server.params if self.server else {}),
        }


def _server(cloud: str, params: Mapping[str, str]) -> CloudServer:
    try:
        return CloudServer.of(params)
    except ServerUnusable as error:
        if not error.value:
            raise CloudParameterMissing(cloud=cloud, parameter=error.parameter) from None
        raise CloudParameterInvalid(
            cloud=cloud, parameter=error.parameter, value=error.value[:64], known=error.possible
        ) from None


def _one_of(known: Sequence[str], cloud: str, parameter: str, params: Mapping[str, str]) -> str:
    value = (params.get(parameter) or "").strip()
    if value and value.lower() not in known:
        raise CloudParameterInvalid(cloud=cloud, parameter=parameter, value=value[:64], known=", ".join(known))
    return value.lower()
