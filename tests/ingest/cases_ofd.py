"""The corpus's OFDs: all kinds of invoices with the data they carry, fonts inside and not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.ingest.corpus import Case
from tests.ingest.invoices.builder import GOODS, InvoiceSpec, Kind
from tests.ingest.invoices.carriers import CARRIED
from tests.ingest.ofd.builder import vat_invoice_ofd

_UNPRINTED = {
    Kind.RAILWAY: {"net", "tax"},
    Kind.AIR: {"net", "seller_tax_id"},
    Kind.PAPER_SPECIAL: {"check_code"},
}


def cases() -> Iterator[Case]:
    """Two of each kind, one of them with embedded fonts."""
    kinds = (*GOODS, Kind.DIGITAL, Kind.DIGITAL_SPECIAL, Kind.RAILWAY, Kind.AIR)
    for number, kind in enumerate(kinds):
        for is_embedded in (False, True):
            seed = 700 + 2 * number + is_embedded
            spec = InvoiceSpec.random(
                seed, kind, lines=None if kind in (Kind.RAILWAY, Kind.AIR) else 2 + seed % 3
            )
            name = f"{number}-{'embedded' if is_embedded else 'named'}-fonts.ofd"
            yield Case(name, vat_invoice_ofd(spec, embedded=is_embedded), _said(spec))


def _said(spec: InvoiceSpec) -> dict[str, Any]:
    """What data and print say together."""
    carried = {Kind.RAILWAY: "railway", Kind.AIR: "air"}.get(
        spec.kind, "custom_data" if spec.is_digital else "vat"
    )
    unsaid = _UNPRINTED.get(spec.kind, set()) - CARRIED[carried]
    found = {name: value for name, value in spec.expected().items() if name not in unsaid}
    if not found["is_red"] and "is_red" not in CARRIED[carried]:
        del found["is_red"]
    if "lines" not in CARRIED[carried]:
        for line in found.get("lines", ()):
            del line["tax_class"]
        if not found.get("lines"):
            found.pop("lines", None)
    return found
