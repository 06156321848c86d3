"""The corpus's PDFs: all kinds of invoices, typeset and written by hand, plain and odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.ingest import invoice_forms, invoice_pdfs
from tests.ingest.corpus import Case
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import InvoiceSpec, Kind, Party, as_cii, as_einvoice_xml, as_xbrl

_BLIND = frozenset({"type", "drawer", "remark", "lines"})
"""What nobody can tell from words alone where all labels are a picture."""
_UNPRINTED = {
    Kind.RAILWAY: {"net", "tax"},
    Kind.AIR: {"net", "seller_tax_id"},
    Kind.PAPER_SPECIAL: {"check_code"},
    Kind.FOREIGN: {"lines", "remark", "red_of_number", "red_of_code"},
}
"""What the forms do not print."""

_LONG_NAME = "云杉测试（上海）国际贸易与技术服务发展股份有限公司新疆维吾尔自治区乌鲁木齐分公司"
"""That takes two lines."""


@dataclass(frozen=True)
class Sample:
    """What a case is made of."""

    name: str
    spec: InvoiceSpec
    look: Look = field(default_factory=Look)
    attached: str = ""
    """The structured data inside: xbrl, einvoice or cii."""

    def data(self) -> bytes:
        makers = {"xbrl": as_xbrl, "einvoice": as_einvoice_xml, "cii": as_cii}
        names = {
            "xbrl": f"rai_issuer_{self.spec.number}.xml",
            "einvoice": "invoice.xml",
            "cii": "factur-x.xml",
        }
        inside = [(names[self.attached], makers[self.attached](self.spec))] if self.attached else []
        return invoice_pdfs.pdf(invoice_forms.drawings(self.spec), self.look, inside)

    def printed(self) -> dict[str, Any]:
        """What can be read of the words."""
        unsaid = set(_UNPRINTED.get(self.spec.kind, ()))
        if self.look.labels_are_picture:
            unsaid |= _BLIND | ({"net", "tax"} if self.spec.tax == 0 else set())
        found = {name: value for name, value in self.spec.expected().items() if name not in unsaid}
        if not self.spec.buyer.tax_id:
            found["buyer_tax_id"] = None
        if not found["is_red"]:
            del found["is_red"]
        if not found.get("lines"):
            found.pop("lines", None)  # data inside may have some
        for line in found.get("lines", ()):
            del line["tax_class"]
        return found


def samples() -> Iterator[Sample]:
    """All of them; seeds were chosen for what they draw, not for what is read."""
    by_hand = Look(by_hand=True)

    def spec(kind: Kind, seed: int, lines: int = 2, red: bool = False) -> InvoiceSpec:
        return InvoiceSpec.random(seed, kind, lines=lines, red=red)

    yield Sample("vat", spec(Kind.ELECTRONIC, 1, 1))
    yield Sample("vat-song", spec(Kind.ELECTRONIC, 2, 3), by_hand)
    yield Sample("vat-unicode-song", spec(Kind.ELECTRONIC, 3, 3), Look(by_hand=True, encoding="UniGB-UCS2-H"))
    yield Sample("vat-red", spec(Kind.ELECTRONIC, 4, 2, red=True), by_hand)
    yield Sample("vat-with-list", spec(Kind.ELECTRONIC, 5, 40), by_hand)
    yield Sample("vat-special", spec(Kind.ELECTRONIC_SPECIAL, 6, 5))
    yield Sample("vat-special-song", spec(Kind.ELECTRONIC_SPECIAL, 7, 3), by_hand)
    yield Sample("vat-spaced", spec(Kind.ELECTRONIC, 8, 3), Look(by_hand=True, spaced_labels=True))
    yield Sample("vat-picture", spec(Kind.ELECTRONIC, 9, 2), Look(labels_are_picture=True))
    yield Sample("vat-shuffled", spec(Kind.ELECTRONIC, 10, 4), Look(by_hand=True, order="shuffled"))
    yield Sample("vat-letters", spec(Kind.ELECTRONIC, 11, 3), Look(by_hand=True, order="letters"))
    yield Sample("vat-rotated", spec(Kind.ELECTRONIC, 12, 2), Look(by_hand=True, rotate=90))
    yield Sample("vat-in-form", spec(Kind.ELECTRONIC, 13, 2), Look(by_hand=True, in_form=True))
    yield Sample("vat-bold", spec(Kind.ELECTRONIC, 14, 2), Look(by_hand=True, overprint=True))
    yield Sample("vat-hidden", spec(Kind.ELECTRONIC, 15, 2), Look(by_hand=True, hidden="发票号码：99999999"))
    yield Sample("paper", spec(Kind.PAPER, 16, 3))
    yield Sample("paper-special", spec(Kind.PAPER_SPECIAL, 17, 2), by_hand)
    yield Sample("digital", spec(Kind.DIGITAL, 18, 1))
    yield Sample("digital-song", spec(Kind.DIGITAL, 19, 4), by_hand)
    yield Sample("digital-special", spec(Kind.DIGITAL_SPECIAL, 20, 3))
    yield Sample("digital-pages", spec(Kind.DIGITAL_SPECIAL, 21, 24))
    yield Sample("digital-many-pages", spec(Kind.DIGITAL, 22, 60), by_hand)
    yield Sample("digital-red", spec(Kind.DIGITAL, 23, 3, red=True))
    yield Sample("digital-picture", spec(Kind.DIGITAL_SPECIAL, 24, 2), Look(labels_are_picture=True))
    yield Sample("digital-red-picture", spec(Kind.DIGITAL, 25, 2, red=True), Look(labels_are_picture=True))
    yield Sample("digital-reversed", spec(Kind.DIGITAL, 26, 3), Look(by_hand=True, order="reversed"))
    yield Sample("digital-upside", spec(Kind.DIGITAL, 27, 2), Look(rotate=180))
    yield Sample("digital-rotated", spec(Kind.DIGITAL, 28, 2), Look(rotate=270))
    yield Sample("digital-sideways", spec(Kind.DIGITAL, 29, 2), Look(is_sideways=True))
    yield Sample("digital-cropped", spec(Kind.DIGITAL, 30, 2), Look(cropped=True))
    yield Sample("digital-attached", spec(Kind.DIGITAL, 31, 2), attached="einvoice")
    for name, buyer in (("person", "王芳（个人）"), ("stranger", "Jane Q. Public"), ("long", _LONG_NAME)):
        person = replace(spec(Kind.DIGITAL, 39, 2), buyer=Party(buyer, ""))
        yield Sample(f"digital-{name}", person)
        yield Sample(f"digital-{name}-song", person, by_hand)
    yield Sample("railway", spec(Kind.RAILWAY, 32), attached="xbrl")
    yield Sample("railway-song", spec(Kind.RAILWAY, 33), by_hand)
    yield Sample("air", spec(Kind.AIR, 34), attached="xbrl")
    yield Sample("air-song", spec(Kind.AIR, 35), by_hand)
    yield Sample("foreign", spec(Kind.FOREIGN, 36, 3))
    yield Sample("foreign-attached", spec(Kind.FOREIGN, 37, 2), attached="cii")
    yield Sample("foreign-credit", spec(Kind.FOREIGN, 38, 60, red=True))


def cases() -> Iterator[Case]:
    """For the corpus: what is not printed is not expected, even where data inside say it."""
    for sample in samples():
        yield Case(f"{sample.name}.pdf", sample.data(), sample.printed())
