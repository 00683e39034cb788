# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps a service to the account it is to have, by the JMESPath expressions of one file (``accounts.yml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jmespath
import yaml
from jmespath.parser import ParsedResult

from bill_nextcloud.account import Account
from bill_nextcloud.billmanager.addons import Addon
from bill_nextcloud.billmanager.cloud import Cloud
from bill_nextcloud.billmanager.service import INVITED, Service, Tariff
from bill_nextcloud.errors import (
    DiskAddonMissing,
    InvitationAddressMissing,
    MappingInvalid,
    SettingsInvalid,
    UnitUnknown,
)
from bill_nextcloud.pattern import EVALUATION, OPTIONS

FIELDS = ("username", "display_name", "quota", "groups", "email", "language", "invite", "retention_days")
REQUIRED = ("username", "quota")
# Nextcloud refuses longer ones, and nobody is to wait for an account because of a long name.
DISPLAY_NAME_LENGTH = 64
_RETENTION_DIGITS = 4
_ADDON = re.compile(r"addons\.([A-Za-z0-9_]+)")


class Mapping:
    """The expressions of one mapping file. Read once; raises :class:`SettingsInvalid` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsInvalid(file=path, detail=" ".join(str(error).split())) from error
        if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
            raise SettingsInvalid(file=path, detail="expected a name and an expression (text) on each line")
        unknown = sorted(set(map(str, content)) - set(FIELDS))
        missing = sorted(set(REQUIRED) - set(content))
        if unknown or missing:
            detail = f"missing: {', '.join(missing) or 'nothing'}; not known: {', '.join(unknown) or 'nothing'}"
            raise SettingsInvalid(file=path, detail=detail)
        self._sources: dict[str, str] = content
        self._expressions: dict[str, ParsedResult] = {}
        for name, source in content.items():
            try:
                self._expressions[name] = jmespath.compile(source)
            except EVALUATION as error:
                raise SettingsInvalid(file=path, detail=f"{name}: {' '.join(str(error).split())}") from error

    def account(self, service: Service, cloud: Cloud, tariffs: Iterable[Tariff]) -> Account:
        """The account of ``service``. A saved account name wins over the expression. ``tariffs``: all that are sold on
        the cloud; groups that only others of them give are those to lose.

        Raises :class:`MappingInvalid`, :class:`DiskAddonMissing`, :class:`UnitUnknown`;
        :class:`InvitationAddressMissing` for an account that is still to be made.
        """
        document = service.document(cloud)
        name = service.account or self._text("username", document)
        if not name:
            raise MappingInvalid(field="username", detail="the expression gives no name")
        email = self._address(service, document)
        invite = self._invites(service, document)
        if invite and not email and not service.confirmed:
            raise InvitationAddressMissing(service=service.id, tariff=service.tariff.name)
        groups = self._groups(document)
        others: set[str] = set()
        for tariff in tariffs:
            if tariff.id != service.tariff.id:
                other = {"id": tariff.id, "name": tariff.name, "params": tariff.params}
                others.update(self._groups({**document, "tariff": other}))
        return Account(
            name=name,
            quota=self._quota(service, document),
            groups=tuple(groups),
            groups_absent=tuple(sorted(others - set(groups))),
            email=email,
            display_name=(self._for_creation("display_name", service, document) or "")[:DISPLAY_NAME_LENGTH].strip()
            or None,
            language=self._for_creation("language", service, document),
            invite=invite and email is not None,
        )

    def groups_of(self, params: dict[str, str]) -> list[str]:
        """The groups that a tariff with ``params`` gives, as far as they follow from them alone. Raises
        :class:`MappingInvalid`."""
        return self._groups({"tariff": {"params": params}})

    def included(self, params: dict[str, str], addons: Iterable[Addon]) -> int | None:
        """The bytes that a tariff with ``params`` and ``addons`` sells at least, as far as they follow from them alone;
        ``None``: they do not, or it sells without a limit. Raises :class:`MappingInvalid`."""
        sold = {addon.name: {"value": addon.value, "unit": addon.unit, "bytes": addon.bytes} for addon in addons}
        value = self._value("quota", {"tariff": {"params": params}, "addons": sold})
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def sold(self, service: Service, cloud: Cloud) -> int | None:
        """The quota that was sold, in bytes; ``None`` for unlimited.

        Raises :class:`MappingInvalid`, :class:`DiskAddonMissing`, :class:`UnitUnknown`.
        """
        return self._quota(service, service.document(cloud))

    def disk_addon(self, service: Service) -> Addon:
        """The addon that sells the disk space of ``service``: the first that the expression ``quota`` names and that
        the tariff has, in a unit of size.

        Raises :class:`DiskAddonMissing`, :class:`UnitUnknown`.
        """
        found = [service.addons[name] for name in _ADDON.findall(self._sources["quota"]) if name in service.addons]
        for addon in found:
            if addon.unit_bytes:
                return addon
        for addon in found:
            raise UnitUnknown(tariff=service.tariff.name, addon=addon.name, unit=addon.unit or "no unit")
        raise DiskAddonMissing(tariff=service.tariff.name)

    def retention_days(self, service: Service, cloud: Cloud) -> int:
        """For how many days a closed service's account is kept, disabled. 0: it is deleted at once.

        Raises :class:`MappingInvalid` for anything but a whole number or nothing: data is not deleted on a guess.
        """
        value = self._value("retention_days", service.document(cloud))
        text = "" if value is None else str(value).strip()
        if not text:
            return 0
        if not text.isascii() or not text.isdigit() or len(text) > _RETENTION_DIGITS:
            raise MappingInvalid(field="retention_days", detail=f"expected a whole number of days, got {value!r}")
        return int(text)

    def identity(self, service: Service, cloud: Cloud) -> Account:
        """The account of an opened ``service`` by its saved name, with nothing of what is sold: for commands that must
        work even when the tariff can no longer be understood. Raises :class:`MappingInvalid`."""
        if service.account is None:
            raise MappingInvalid(field="username", detail="no account name is saved")
        if service.confirmed:
            return Account(name=service.account, quota=None)
        # The address, or an invitation to it, only proves an account that was never confirmed.
        document = service.document(cloud)
        email = self._address(service, document)
        return Account(
            name=service.account, quota=None, email=email, invite=bool(email) and self._invites(service, document)
        )

    def _value(self, field: str, document: dict[str, Any]) -> Any:
        if field not in self._expressions:
            return None
        try:
            return self._expressions[field].search(document, OPTIONS)
        except EVALUATION as error:
            raise MappingInvalid(field=field, detail=" ".join(str(error).split())) from error

    def _for_creation(self, field: str, service: Service, document: dict[str, Any]) -> str | None:
        """A field that matters when an account is made: one that is there does not fail for it."""
        try:
            return self._text(field, document)
        except MappingInvalid:
            if not service.confirmed:
                raise
            return None

    def _text(self, field: str, document: dict[str, Any]) -> str | None:
        value = self._value(field, document)
        if value is None:
            return None
        if not isinstance(value, str):
            raise MappingInvalid(field=field, detail=f"expected text, got {type(value).__name__}")
        return value.strip() or None

    def _address(self, service: Service, document: dict[str, Any]) -> str | None:
        """The e-mail address; of an account that was not seen yet the one to which it was claimed to be invited."""
        return (None if service.confirmed else service.params.get(INVITED)) or self._text("email", document)

    def _invites(self, service: Service, document: dict[str, Any]) -> bool:
        """Whether an account of ``service`` is made without a password that is known; an invitation stays one."""
        if service.invited or service.confirmed:
            return service.invited
        value = self._value("invite", document)
        if value not in (None, True, False):
            raise MappingInvalid(field="invite", detail=f"expected true or false, got {value!r}")
        return bool(value)

    def _groups(self, document: dict[str, Any]) -> list[str]:
        value = self._value("groups", document)
        if value is None:
            return []
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list) or not all(isinstance(group, str) for group in value):
            raise MappingInvalid(field="groups", detail="expected a list of names, or text with commas")
        return list(dict.fromkeys(group.strip() for group in value if group.strip()))

    def _quota(self, service: Service, document: dict[str, Any]) -> int | None:
        value = self._value("quota", document)
        if value == "none":
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if value is not None:
            raise MappingInvalid(field="quota", detail=f"expected bytes (a whole number) or 'none', got {value!r}")
        for name in _ADDON.findall(self._sources["quota"]):
            addon = service.addons.get(name)
            if addon is not None and addon.value is not None:
                raise UnitUnknown(tariff=service.tariff.name, addon=name, unit=addon.unit or "no unit")
        raise DiskAddonMissing(tariff=service.tariff.name)
