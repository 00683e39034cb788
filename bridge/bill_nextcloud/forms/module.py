# SPDX-License-Identifier: GPL-3.0-or-later
"""``get_suitable_module``: which clouds can take a new service of a tariff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.billmanager.form import parse, render
from bill_nextcloud.billmanager.selling import Seller, included, sellers
from bill_nextcloud.billmanager.server_config import Listing
from bill_nextcloud.billmanager.service import Database
from bill_nextcloud.errors import BadRequest, Failure, NoSuitableModule, OperationError
from bill_nextcloud.forms.groups import CloudGroups
from bill_nextcloud.holds import Holds
from bill_nextcloud.mapping import Mapping as Expressions
from bill_nextcloud.playbook import ADMIN_GROUP

# Each question is a process of its own on the panel's host.
_ASKED_AT_ONCE = 3


@dataclass(frozen=True)
class SuitableModule:
    """Chooses among the processing modules of ours."""

    groups: CloudGroups
    database: Database
    holds: Holds
    mapping: Expressions

    def __call__(self, call: Mapping[str, Any]) -> str:
        """``doc/modules/module@id`` for the tariff ``doc/item/pricelist`` of ``call["document"]``, best first:
        modules that sell it, are active, not held, not in ``doc/skip_modules``, and whose clouds have its groups.

        The one with most free space comes first; it is what the disk has left, so what was sold and is not used yet
        counts as free. Then those that do not say, in the provider's own order, as among equals; those of whose groups
        nothing is known (they do not answer now, but the operation will wait for them); and at the end, rather than
        refused, those whose disk has less left than the tariff includes. Raises ``BadRequest``,
        :class:`NoSuitableModule` (with the reason for each), ``BillmanagerUnavailable``.
        """
        form = parse(call.get("document"))
        tariff = (form.findtext("item/pricelist") or "").strip()
        if not tariff.isascii() or not tariff.isdigit() or len(tariff) > 18:
            raise BadRequest(detail="the document names no tariff (doc/item/pricelist)")
        skipped = {word.strip() for word in (form.findtext("skip_modules") or "").split(",")}
        found = self.database.tariffs_of([], [int(tariff)])
        wanted = self._wanted(found[0].params) if found else set()
        reasons: dict[int, str] = {}
        fitting: list[Seller] = []
        offered = sellers(self.database, int(tariff))
        for seller in offered:
            held = self.holds.failure(seller.id)
            if str(seller.id) in skipped:
                reasons[seller.id] = "skipped"
            elif not seller.active:
                reasons[seller.id] = "not active"
            elif held is not None:
                reasons[seller.id] = f"held: {held.code}"
            else:
                fitting.append(seller)
        listings = self._listings(fitting, wanted)
        for seller in fitting:
            listing = listings[seller.id]
            missing = sorted(wanted - set(listing.groups)) if listing else []
            if listing and missing and listing.whole:
                reasons[seller.id] = f"lacks {', '.join(missing)}"
        chosen = [seller for seller in fitting if seller.id not in reasons]
        if len(chosen) > 1:
            least = self._least(int(tariff), found[0].params if found else {})
            chosen.sort(key=lambda seller: _rank(listings[seller.id], bool(wanted), least))
        if not chosen:
            words = "; ".join(f"{seller.name} ({seller.id}): {reasons[seller.id]}" for seller in offered)
            raise NoSuitableModule(tariff=found[0].name if found else tariff, detail=words or "no module sells it")
        return _answer(chosen)

    def _wanted(self, params: dict[str, str]) -> set[str]:
        """The groups that a tariff gives, as far as they follow from it alone."""
        try:
            return set(self.mapping.groups_of(params)) - {ADMIN_GROUP}
        except OperationError:
            return set()  # an expression that needs the service: what it gives is found out when that is opened

    def _least(self, tariff: int, params: dict[str, str]) -> int:
        """How many bytes the tariff includes; 0 where it cannot be told."""
        try:
            return self.mapping.included(params, included(self.database, tariff).values()) or 0
        except OperationError:
            return 0  # as for groups

    def _listings(self, modules: Sequence[Seller], wanted: set[str]) -> dict[int, Listing | None]:
        """What is known of each cloud. Of one alone what was kept is believed where it has all groups; else it is
        asked, for it may have got them since. Several are asked how much space they have left, three at most. Of those
        that are not, or do not answer, what was kept counts; ``None``: nothing is known."""
        found = {module.id: self.groups.saved(module.id) for module in modules}
        several = len(found) > 1
        lacking = [module for module, kept in found.items() if wanted and (kept is None or wanted - set(kept.groups))]
        ask = [*lacking, *(module for module in found if several and module not in lacking)]
        pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="suitable")
        # More would answer too late.
        asked = ask[:_ASKED_AT_ONCE]
        questions = {module: pool.submit(self.groups.ask, module, space=several) for module in asked}
        pool.shutdown(wait=False)
        for module, question in questions.items():
            answer = question.result()
            if not isinstance(answer, Failure):
                found[module] = answer
        return found


def _rank(listing: Listing | None, wants_groups: bool, least: int) -> tuple[bool, bool, bool, int]:
    """The place of a cloud among others, the lowest first."""
    space = listing.free_space if listing else None
    return space is not None and space < least, wants_groups and listing is None, space is None, -(space or 0)


def _answer(modules: Iterable[Seller]) -> str:
    document = Element("doc")
    holder = SubElement(document, "modules")
    for module in modules:
        SubElement(holder, "module", id=str(module.id))
    return render(document)
