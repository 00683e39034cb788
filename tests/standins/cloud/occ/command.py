# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command is, and what it is given when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from standins.cloud.account import Account
from standins.cloud.occ.console import ConsoleError, Definition, Input
from standins.cloud.occ.output import Output
from standins.cloud.state import Cloud


@dataclass(frozen=True)
class Words:
    """What differs between releases of Nextcloud.

    account: what an account is called. unknown_status: exit code of enabling, disabling and looking for an account that
    does not exist. never_seen, seen: of `user:lastseen`. names_are_settings: `user:setting` shows and changes display
    names. seen_as_words: records tell of the storage and of the first log-in, "never" in place of 1970, and an address
    with its scheme.
    """

    account: str
    no_password: str
    missing_user: str
    unknown_status: int
    never_seen: str
    seen: str
    names_are_settings: bool
    seen_as_words: bool


@dataclass
class Machine:
    """The server that the commands run on. forget_logins: ends the block of addresses. system: what commands set in
    config.php. directory: where occ is, with the apps below it that were unpacked there; None: nowhere yet.
    oidc_providers: rows of the app user_oidc. saml_providers: settings by number, of the app user_saml."""

    forget_logins: Callable[[], None]
    data_directory: str = "/srv/cloud/data"
    maintenance: bool = False
    system: dict[str, Any] = field(default_factory=dict)
    directory: Path | None = None
    oidc_providers: list[dict[str, Any]] = field(default_factory=list)
    saml_providers: dict[int, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A command that runs. environment: OC_PASS and NC_PASS, as far as they are set. url: the cloud's address."""

    cloud: Cloud
    input: Input
    out: Output
    environment: Mapping[str, str]
    url: str
    machine: Machine
    words: Words

    def account(self, argument: str) -> Account | None:
        """The account that an argument names."""
        return self.cloud.find(self.input.argument(argument))

    @property
    def interactive(self) -> bool:
        """False with --no-interaction."""
        return not self.input.has("no-interaction")

    def ask(self, question: str) -> NoReturn:
        """Ask, and end as when nobody answers. Raises ConsoleError."""
        self.out.errors.append(question)
        raise ConsoleError("Aborted.")


@dataclass(frozen=True)
class Command:
    """One command. synopsis: as its errors tell it, from which options and arguments are read. app: the app that it
    comes from; such commands are not there in maintenance mode. aliases: further names."""

    synopsis: str
    handler: Callable[[Run], int]
    app: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its first name."""
        return self.synopsis.partition(" ")[0]

    @cached_property
    def definition(self) -> Definition:
        """Its options and arguments."""
        return Definition.of(self.synopsis)
