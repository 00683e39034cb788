# Copyright (c) 2026 The bill-nextcloud authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nextcloud's API checks of a value, and ``occ user:setting`` does not: it stores any text; and a quota's text.

Source: Nextcloud 31, ``UsersController::editUser``, ``OC\\L10N\\Factory::findAvailableLanguages``, and PHP's
``FILTER_VALIDATE_EMAIL`` (``php_filter_validate_email``).
"""

from __future__ import annotations

import re

from ansible_collections.bill.nextcloud.plugins.module_utils.account import quoted
from ansible_collections.bill.nextcloud.plugins.module_utils.errors import CloudError
from ansible_collections.bill.nextcloud.plugins.module_utils.quota import Quota, read_stored, stored_text
from ansible_collections.bill.nextcloud.plugins.plugin_utils.backend import Settings
from ansible_collections.bill.nextcloud.plugins.plugin_utils.nextcloud.instance_quota import limit_words

# Those of PHP without quoted names and addresses of hosts in brackets.
_LOCAL = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*\Z")
_LABEL = re.compile(r"(?:xn--)?[a-z0-9]+(?:-+[a-z0-9]+)*\Z", re.IGNORECASE | re.ASCII)
_LAST_LABEL = re.compile(r"(?:[a-z][a-z0-9]*|xn--[a-z0-9]+)(?:-+[a-z0-9]+)*\Z", re.IGNORECASE | re.ASCII)
_LOCAL_LENGTH = 64
_LABEL_LENGTH = 63
_EMAIL_LENGTH = 254

_SURE_WITH_UNIT = 10**14
"""Bytes, below which a text with a unit is exact: its number passes through one of 14 digits (``numericToNumber``)."""

LANGUAGES = frozenset(
    """
    af ar ast az be bg bg_BG bn_BD br bs ca cs cs_CZ cy_GB da de de_DE el en en_GB eo es es_419 es_AR es_CL es_CO es_CR
    es_DO es_EC es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_PY es_SV es_UY et_EE eu fa fi fi_FI fr ga gd gl he hr hsb
    hu hu_HU hy ia id is it ja ka ka_GE kab km kn ko lb lo lt_LT lv mk mn mr ms_MY my nb nb_NO nl nn_NO oc pl ps pt_BR
    pt_PT ro ru sc si sk sk_SK sl sq sr sr@latin sv sw ta th tk tr ug uk ur_PK uz vi zh_CN zh_HK zh_TW
    """.split()  # noqa: SIM905 - so it can be read
)
"""The languages that any release from 17 on has; which of them an instance has, no command tells."""


def check_email(address: str) -> None:
    """Check an address by the rules that the API has for an edit.

    :raises CloudError: ``invalid_value``.
    """
    local, _at, host = address.rpartition("@")
    labels = host.split(".")
    good = (
        len(address) <= _EMAIL_LENGTH
        and len(local) <= _LOCAL_LENGTH
        and bool(_LOCAL.match(local))
        and len(labels) > 1
        and all(len(label) <= _LABEL_LENGTH and _LABEL.match(label) for label in labels)
        and bool(_LAST_LABEL.match(labels[-1]))
    )
    if not good:
        raise CloudError("invalid_value", f"email is no address that Nextcloud takes: {quoted(address)}.")


def check_language(code: str) -> None:
    """Check that there is a language.

    :raises CloudError: ``invalid_value``.
    """
    if code not in LANGUAGES:
        raise CloudError("invalid_value", f"Nextcloud has no language {quoted(code)}.")


def check_quota(quota: Quota, settings: Settings) -> None:
    """Check a quota by the limits of the instance. Nextcloud itself would put any that it has stored into force.

    :raises CloudError: ``invalid_value``.
    """
    words = limit_words(settings, quota) if settings.release.knows_quota_limits else ""
    if words:
        raise CloudError("invalid_value", words)


def quota_text(quota: Quota) -> str:
    """Return the text to keep for a quota, which is in force to the byte: as people know it if that is exact ("5 GB").

    Plain digits are exact at any size (``OC_Helper::computerFileSize``; tried with releases 17 and 31).
    """
    if quota.size is None:
        return "none"
    text = stored_text(quota.size)
    return text if quota.size < _SURE_WITH_UNIT and read_stored(text) == quota else str(quota.size)
