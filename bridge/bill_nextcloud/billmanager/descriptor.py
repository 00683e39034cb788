# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's descriptor (``etc/xml/billmgr_mod_pmnextcloud.xml``): connection form, tariff form and all texts."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.billmanager.messages import LANGUAGES, PREFIX, TEXTS, Language
from bill_nextcloud.billmanager.service import MODULE_NAME

# form: field: (English, Russian)
_CONNECTION: dict[str, tuple[str, str]] = {
    "url": ("Address of the cloud", "Адрес облака"),
    "username": ("Administrator", "Администратор"),
    "password": ("Password", "Пароль"),
    "ca_file": ("Certificate authority", "Удостоверяющий центр"),
    "dialect": ("Product", "Продукт"),
    "bearer_token": ("The password is a bearer token", "Вместо пароля — токен (bearer)"),
}
_CONNECTION_HINTS: dict[str, tuple[str, str]] = {
    "url": (
        "https://cloud.example.com, or with a path: https://example.com/cloud",
        "https://cloud.example.com или с путём: https://example.com/cloud",
    ),
    "username": (
        "A service account of the cloud's group admin without a second factor",
        "Служебная учётная запись из группы admin без второго фактора",
    ),
    "password": (
        "Its real password: newer Nextcloud versions refuse changes with app passwords",
        "Настоящий пароль: новые версии Nextcloud не принимают изменения с паролем приложения",
    ),
    "ca_file": (
        "Only for a private one: the file with its certificate (PEM) on this host; otherwise leave it empty",
        "Только для частного: файл с его сертификатом (PEM) на этом сервере; иначе оставьте поле пустым",
    ),
    "dialect": (
        "Empty: the cloud is asked. Otherwise nextcloud, owncloud (10, 11) or libregraph (oCIS, OpenCloud)",
        "Пусто — определяется само. Иначе nextcloud, owncloud (10, 11) или libregraph (oCIS, OpenCloud)",
    ),
    "bearer_token": (
        "Of OpenID Connect, for example. An app token of oCIS or OpenCloud is entered as a password, without this",
        "Например, OpenID Connect. Токен приложения oCIS и OpenCloud вводится как пароль, без этой отметки",
    ),
}
_CONNECTION_PLACEHOLDERS: dict[str, tuple[str, str]] = {
    "url": ("for example https://cloud.example.com", "например, https://cloud.example.com"),
    "username": ("for example billing", "например, billing"),
    "password": ("the account's own password", "собственный пароль этой учётной записи"),
    "ca_file": ("for example /etc/ssl/private-ca.pem", "например, /etc/ssl/private-ca.pem"),
    "dialect": ("without it found out", "без значения — определяется само"),
}
# Typed, since no documentation says how a descriptor lists the choices of a select.
_OPTIONAL = ("ca_file", "dialect", "bearer_token")
_TICKED = ("bearer_token", "invitation")
_TARIFF: dict[str, tuple[str, str]] = {
    "usergroup": ("Group of the account", "Группа учётной записи"),
    "username_pattern": ("Name of the account", "Имя учётной записи"),
    "display_name_pattern": ("Display name", "Отображаемое имя"),
    "language": ("Language of the account", "Язык учётной записи"),
    "invitation": ("Invite by mail instead of a password", "Приглашение по почте вместо пароля"),
    "retention_days": ("Days until deletion", "Дней до удаления"),
}
_TARIFF_HINTS: dict[str, tuple[str, str]] = {
    "usergroup": (
        "One of the cloud's groups; while the cloud does not answer, as it was last read",
        "Одна из групп облака; пока облако не отвечает — по последним полученным данным",
    ),
    "username_pattern": (
        "For example user_{id} or {client.email}: what is in braces is filled in. Used once, when a service is opened",
        "Например, user_{id} или {client.email}: подставляется то, что в скобках. Только при открытии услуги",
    ),
    "display_name_pattern": (
        "The same, for example {client.realname}; the customer may change it later",
        "Так же, например {client.realname}; позже клиент может его изменить",
    ),
    "language": ("Code of the language, for example ru or en", "Код языка, например ru или en"),
    "invitation": (
        "The cloud mails a link for choosing a password, and BILLmanager knows none; the cloud must send mail",
        "Облако отправляет ссылку для выбора пароля, BILLmanager его не знает; в облаке должна работать почта",
    ),
    "retention_days": (
        "For so many days a closed service's account is kept, disabled; without a number it is deleted at once",
        "Столько дней учётная запись закрытой услуги хранится отключённой; без числа она удаляется сразу",
    ),
}
_TARIFF_PLACEHOLDERS: dict[str, tuple[str, str]] = {
    "username_pattern": ("without it user_{id}", "без значения — user_{id}"),
    "display_name_pattern": ("without it the client's name", "без значения — имя клиента"),
    "language": ("without it the cloud's own", "без значения — язык облака"),
    "retention_days": ("without it deleted at once", "без значения — сразу"),
}
_PLUGIN: dict[str, tuple[str, str]] = {
    f"desc_short_{MODULE_NAME}": ("Nextcloud storage", "Хранилище Nextcloud"),
    f"desc_full_{MODULE_NAME}": (
        "Sells accounts of a Nextcloud server: opens, changes, suspends and closes them",
        "Продажа учётных записей сервера Nextcloud: открытие, изменение, приостановка и закрытие",
    ),
    f"price_{MODULE_NAME}": ("Free", "Бесплатно"),
}


def render(item_types: Sequence[str]) -> str:
    """The descriptor as XML text. ``item_types``: what the module sells, by BILLmanager's internal names."""
    root = Element("mgrdata")
    plugin = SubElement(root, "plugin", name=MODULE_NAME)
    SubElement(plugin, "group").text = "processing_module"
    SubElement(plugin, "author").text = "bill-nextcloud"
    params = SubElement(plugin, "params")
    for item_type in item_types:
        SubElement(params, "type", name=item_type)
    for language in LANGUAGES:
        SubElement(params, "priority", lang=language)
    connection = _form(root, f"processing.edit.{MODULE_NAME}", "connect")
    for name in _CONNECTION:
        field = SubElement(connection, "field", name=name)
        entered = SubElement(field, "input", type="password" if name == "password" else _kind(name), name=name)
        if name not in _OPTIONAL:
            entered.set("required", "yes")
    tariff = _form(root, f"pricelist.{MODULE_NAME}", "methodprops")
    for name in _TARIFF:
        field = SubElement(tariff, "field", name=name)
        if name == "usergroup":
            # Its choices come with the form: `pricelist_dynamic_settings_tune`.
            SubElement(field, "select", name=name)
        else:
            SubElement(field, "input", type=_kind(name), name=name)
    for language in LANGUAGES:
        _texts(SubElement(root, "lang", name=language), language)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _kind(name: str) -> str:
    return "checkbox" if name in _TICKED else "text"


def _form(root: Element, name: str, page: str) -> Element:
    metadata = SubElement(root, "metadata", name=name, type="form")
    return SubElement(SubElement(metadata, "form"), "page", name=page)


def _texts(element: Element, language: Language) -> None:
    position = LANGUAGES.index(language)
    name = _PLUGIN[f"desc_short_{MODULE_NAME}"][position]
    groups: dict[str, dict[str, str]] = {
        "plugin": {name: texts[position] for name, texts in _PLUGIN.items()},
        "label_processing_modules": dict.fromkeys((MODULE_NAME, f"module_{MODULE_NAME}"), name),
        f"processing.edit.{MODULE_NAME}": _fields(_CONNECTION, _CONNECTION_HINTS, _CONNECTION_PLACEHOLDERS, position),
        f"pricelist.{MODULE_NAME}": _fields(_TARIFF, _TARIFF_HINTS, _TARIFF_PLACEHOLDERS, position),
        "msgerror": {f"msg_error_{PREFIX}{code}": texts[language] for code, texts in sorted(TEXTS.items())},
    }
    for group, messages in groups.items():
        holder = SubElement(element, "messages", name=group)
        for name, text in messages.items():
            SubElement(holder, "msg", name=name).text = text


def _fields(
    labels: dict[str, tuple[str, str]],
    hints: dict[str, tuple[str, str]],
    placeholders: dict[str, tuple[str, str]],
    position: int,
) -> dict[str, str]:
    kinds = {"": labels, "hint_": hints, "placeholder_": placeholders}
    return {f"{kind}{name}": texts[position] for kind, fields in kinds.items() for name, texts in fields.items()}
