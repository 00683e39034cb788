# SPDX-License-Identifier: GPL-3.0-or-later
"""``pricelist_dynamic_settings_tune``: the tariff form gets the list of the cloud's groups.

The key of each choice is the group's name itself, since it is what the tariff stores: the vendor's own module stores
the place in a list that changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bill_nextcloud.billmanager.form import add_list, parse, render, values
from bill_nextcloud.billmanager.server_config import Listing
from bill_nextcloud.call import number
from bill_nextcloud.forms.groups import CloudGroups

FIELD = "usergroup"
NO_GROUP = "—"
# Behind a group that the tariff names and the cloud does not have (any more).
MISSING = {"en": "not on the cloud", "ru": "нет в облаке"}


def tune_tariff(groups: CloudGroups, call: Mapping[str, Any]) -> str:
    """The form of ``call["document"]`` with the groups of the cloud ``call["module"]`` (a number). While the cloud does
    not answer, with those that it had when it was last read; what the form has chosen is always among them.

    What else is in the form stays as it is, whatever it is; ``itemtype`` makes no difference. Raises ``BadRequest``,
    ``ModuleUnknown``, ``BillmanagerUnavailable``.
    """
    module = number(call, "module", required=True) or 0
    form = parse(call.get("document"))
    listing = groups.known(module)
    language = "ru" if (call.get("lang") or form.get("lang")) == "ru" else "en"
    add_list(form, FIELD, _choices(listing, values(form, FIELD), MISSING[language]))
    return render(form)


def _choices(listing: Listing | None, chosen: Iterable[str], missing: str) -> Iterator[tuple[str, str]]:
    # The tariff's parameter has commas between names, so one with a comma, or a blank at an end, could not be meant.
    names = [name for name in (listing.groups if listing else ()) if "," not in name and name == name.strip()]
    yield "", NO_GROUP
    yield from ((name, name) for name in sorted(names, key=lambda name: (name.casefold(), name)))
    for value in dict.fromkeys(chosen):
        if value in names:
            continue
        # Tariffs may name several groups, with commas; one that the list does not have is missing only if that is all.
        gone = {part.strip() for part in value.split(",") if part.strip()} - set(names)
        yield value, f"{value} ({missing})" if listing and listing.whole and gone else value
