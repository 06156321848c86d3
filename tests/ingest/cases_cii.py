"""The corpus's invoices of EN 16931: CII and UBL as files, Factur-X and ZUGFeRD inside PDF/A-3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.ingest import invoice_forms, invoice_pdfs
from tests.ingest.cases_xml import carried
from tests.ingest.corpus import Case
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import InvoiceSpec, Kind, as_cii, as_ubl

_NAMES = ("factur-x.xml", "ZUGFeRD-invoice.xml", "xrechnung.xml")
"""That profiles gave to the data inside; the name does not matter to what is read."""


def cases() -> Iterator[Case]:
    for number, make in enumerate((as_cii, as_ubl, as_cii, as_ubl)):
        spec = InvoiceSpec.random(1040 + number, Kind.FOREIGN, lines=2 + number, red=number > 1)
        name = f"{make.__name__[3:]}-{'credit' if spec.is_red else 'invoice'}.xml"
        yield Case(name, make(spec), _said(spec))
    spec = replace(InvoiceSpec.random(1045, Kind.FOREIGN, lines=3), remark="Übertrag")
    yield Case("cii-windows-1252.xml", as_cii(spec, "windows-1252"), _said(spec))
    for number, name in enumerate(_NAMES):
        spec = InvoiceSpec.random(1050 + number, Kind.FOREIGN, lines=1 + number, red=number == 1)
        attached = [(name, as_cii(spec))]
        data = invoice_pdfs.pdf(invoice_forms.drawings(spec), Look(archived=True), attached)
        yield Case(f"archived-{name[:-4]}.pdf", data, _said(spec))


def _said(spec: InvoiceSpec) -> dict[str, object]:
    """What the norm's data say: never the tax of a line, and a quantity of 1 where there is none."""
    found = carried(spec, "cii")
    for line in found["lines"]:
        for name in ("quantity", "unit_price", "unit", "tax"):
            del line[name]
    return found
