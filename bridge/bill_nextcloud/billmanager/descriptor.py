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
    "disabled_shares": ("Shares of suspended accounts", "Общие файлы приостановленных"),
    "wipe_devices": ("Wipe devices of suspended accounts", "Стирать файлы на устройствах приостановленных"),
    "transport": ("Way of access", "Способ доступа"),
    "ssh_host": ("Server (SSH)", "Сервер (SSH)"),
    "ssh_port": ("Port (SSH)", "Порт (SSH)"),
    "ssh_user": ("User (SSH)", "Пользователь (SSH)"),
    "ssh_key_file": ("File of the private key (SSH)", "Файл закрытого ключа (SSH)"),
    "ssh_host_keys": ("Keys of the server (SSH)", "Ключи сервера (SSH)"),
    "occ_path": ("File occ on the server", "Файл occ на сервере"),
    "php_path": ("PHP on the server", "PHP на сервере"),
    "occ_command": ("Command that starts occ", "Команда запуска occ"),
}
_IN_A_CONTAINER = "sudo -n /usr/local/sbin/nextcloud-occ"
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
    "disabled_shares": (
        "Empty: as the cloud has it. hidden: nobody sees them; left: they stay (Nextcloud 28 and newer)",
        "Пусто — как настроено в облаке. hidden — никому не видны; left — остаются (Nextcloud 28 и новее)",
    ),
    "wipe_devices": (
        "At a suspension, or a closing with retention, they delete the account's files and are signed out (Nextcloud)",
        "При приостановке или закрытии с хранением они удаляют файлы и выходят из учётной записи (Nextcloud)",
    ),
    "transport": (
        "Empty or api: the cloud's HTTP API. occ: occ over SSH. auto: the API, and occ for what it does not take",
        "Пусто или api — HTTP API облака. occ — команда occ по SSH. auto — API, а что он не пропускает — через occ",
    ),
    "ssh_host": (
        "Name or address of the cloud's server, for occ and auto; the fields below as well",
        "Имя или адрес сервера облака, для occ и auto; поля ниже тоже",
    ),
    "ssh_port": ("Empty: 22", "Пусто — 22"),
    "ssh_user": (
        "Owner of the cloud's files, or one who may run occ as that by sudo",
        "Владелец файлов облака или тот, кому sudo разрешает запускать occ от его имени",
    ),
    "ssh_key_file": (
        "On this host, for the bridge alone (0600), without a passphrase",
        "На этом сервере, доступен только мосту (0600), без парольной фразы",
    ),
    "ssh_host_keys": (
        "From the server itself: cat /etc/ssh/ssh_host_*_key.pub, one a line. Empty: the known_hosts of this host",
        "С самого сервера: cat /etc/ssh/ssh_host_*_key.pub, по одному в строке. Пусто — known_hosts этого сервера",
    ),
    "occ_path": (
        "Empty: it is looked for in the usual places",
        "Пусто — ищется в обычных местах",
    ),
    "php_path": (
        "The program that runs occ, with the cloud's own version. Empty: it is looked for in the usual places",
        "Программа, которая запускает occ, той же версии, что у облака. Пусто — ищется в обычных местах",
    ),
    "occ_command": (
        f"For containers and snap, in place of file and PHP: {_IN_A_CONTAINER}",
        f"Для контейнеров и snap, вместо файла и PHP: {_IN_A_CONTAINER}",
    ),
}
_CONNECTION_PLACEHOLDERS: dict[str, tuple[str, str]] = {
    "url": ("for example https://cloud.example.com", "например, https://cloud.example.com"),
    "username": ("for example billing", "например, billing"),
    "password": ("the account's own password", "собственный пароль этой учётной записи"),
    "ca_file": ("for example /etc/ssl/private-ca.pem", "например, /etc/ssl/private-ca.pem"),
    "dialect": ("without it found out", "без значения — определяется само"),
    "disabled_shares": ("hidden, left or nothing", "hidden, left или пусто"),
    "transport": ("api, occ or auto", "api, occ или auto"),
    "ssh_host": ("for example cloud.example.com", "например, cloud.example.com"),
    "ssh_port": ("without it 22", "без значения — 22"),
    "ssh_user": ("for example provisioning", "например, provisioning"),
    "ssh_key_file": ("for example /etc/bill-nextcloud/cloud_key", "например, /etc/bill-nextcloud/cloud_key"),
    "occ_path": ("for example /var/www/nextcloud/occ", "например, /var/www/nextcloud/occ"),
    "php_path": ("for example /usr/bin/php8.3", "например, /usr/bin/php8.3"),
    "occ_command": ("for example nextcloud.occ", "например, nextcloud.occ"),
}
# Typed, since no documentation says how a descriptor lists the choices of a select.
# By occ neither administrator nor password is needed; which are missing is told by the check.
_REQUIRED = ("url",)
_SEVERAL_LINES = ("ssh_host_keys",)
_TICKED = ("bearer_token", "wipe_devices", "invitation")
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
        if name in _SEVERAL_LINES:
            SubElement(field, "textarea", name=name)
            continue
        entered = SubElement(field, "input", type="password" if name == "password" else _kind(name), name=name)
        if name in _REQUIRED:
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
