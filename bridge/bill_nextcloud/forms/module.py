# SPDX-License-Identifier: GPL-3.0-or-later
"""``get_suitable_module``: which clouds can take a new service of a tariff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bill_nextcloud.billmanager.form import parse, render
from bill_nextcloud.billmanager.selling import Seller, sellers
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

        In the provider's own order: how much room a cloud has left is not known. (Nextcloud's app serverinfo may tell,
        to those who have its token; no playbook asks for it.) Clouds of whose groups nothing is known come last: they
        do not answer now, but the operation will wait for them. Raises ``BadRequest``, :class:`NoSuitableModule`
        (with the reason for each), ``BillmanagerUnavailable``.
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
        later: list[Seller] = []
        if wanted:
            listings = self._listings(fitting, wanted)
            later = [seller for seller in fitting if listings[seller.id] is None]
            for seller in list(fitting):
                listing = listings[seller.id]
                missing = sorted(wanted - set(listing.groups)) if listing else []
                if listing and missing and listing.whole:
                    reasons[seller.id] = f"lacks {', '.join(missing)}"
        chosen = [seller for seller in fitting if seller.id not in reasons and seller not in later] + later
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

    def _listings(self, modules: Iterable[Seller], wanted: set[str]) -> dict[int, Listing | None]:
        """What is known of each cloud's groups: what was kept is believed where it has all; else the cloud is asked,
        for it may have got them since. ``None``: nothing is known."""
        found = {module.id: self.groups.saved(module.id) for module in modules}
        ask = [module for module, listing in found.items() if listing is None or wanted - set(listing.groups)]
        pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="suitable")
        # The others would answer too late: what was kept of them counts.
        questions = {module: pool.submit(self.groups.ask, module) for module in ask[:_ASKED_AT_ONCE]}
        pool.shutdown(wait=False)
        for module, question in questions.items():
            answer = question.result()
            if not isinstance(answer, Failure):
                found[module] = answer
        return found


def _answer(modules: Iterable[Seller]) -> str:
    document = Element("doc")
    holder = SubElement(document, "modules")
    for module in modules:
        SubElement(holder, "module", id=str(module.id))
    return render(document)
