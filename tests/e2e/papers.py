"""Papers that people of the demo organisation would upload, each a real file."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import pikepdf

from tests.ingest import builders_containers, builders_photos, invoice_pdfs, samples
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices import carriers
from tests.ingest.invoices.builder import InvoiceSpec, Kind, Party
from tests.ingest.ofd import builder as ofd
from tests.signing.national.builder import Office, changed, office, sign_ofd, signed_data, unpacked
from tests.signing.national.pdfs import signed_pdf
from vermilion.demo_documents import Contract, typeset

US = "云杉（演示）科技有限公司"
TAX_ID = "91320000DEMO00002X"


def spec(seed: int, kind: Kind = Kind.DIGITAL, lines: int = 1) -> InvoiceSpec:
    """An invoice of today, made out to the demo company."""
    drawn = InvoiceSpec.random(seed, kind, red=False, lines=lines)
    today = datetime.now(UTC).date()
    buyer = Party(US, TAX_ID)
    number = f"{today:%y}{drawn.number[2:]}" if drawn.is_digital else drawn.number
    return replace(drawn, issue_date=today, number=number, buyer=buyer)


def old(seed: int) -> InvoiceSpec:
    """An invoice of last year, too late to be claimed without a reason."""
    drawn = spec(seed)
    return replace(drawn, issue_date=date(2025, 3, 4), number=f"25{drawn.number[2:]}")


def as_pdf(one: InvoiceSpec) -> bytes:
    return invoice_pdfs.pdf(drawings(one), invoice_pdfs.Look())


def as_ofd(one: InvoiceSpec) -> bytes:
    return ofd.vat_invoice_ofd(one)


def as_xml(one: InvoiceSpec) -> bytes:
    return carriers.as_einvoice_xml(one)


@cache
def _maker() -> Office:
    return office()


def tampered_ofd(one: InvoiceSpec) -> bytes:
    """Sealed by the tax office; afterwards somebody wrote another seller on the page."""
    sealed = sign_ofd(ofd.vat_invoice_ofd(one), _maker())
    first = "Doc_0/Pages/Page_0/Content.xml"
    name = one.seller.name.encode()
    assert name in unpacked(sealed)[first]
    return changed(sealed, first, lambda data: data.replace(name, "某某商贸有限公司".encode()))


def tampered_pdf(one: InvoiceSpec) -> bytes:
    """Signed with SM2; afterwards a letter of the signed part became another."""
    whole = signed_pdf(
        as_pdf(one), "/adbe.pkcs7.detached", lambda covered: signed_data(_maker().signer, covered)
    )
    at = whole.index(b"/Producer") if b"/Producer" in whole else whole.index(b"/MediaBox")
    return whole[: at + 1] + bytes([whole[at + 1] ^ 1]) + whole[at + 2 :]


def photo(seed: int) -> bytes:
    """As a phone takes it."""
    return builders_photos.photo(seed)


def zipped(files: dict[str, bytes]) -> bytes:
    return builders_containers.zipped(files)


def active() -> bytes:
    """A contract that would run a script."""
    with pikepdf.open(io.BytesIO(contract("含脚本的合同", Decimal("1200")))) as document:
        document.Root.OpenAction = document.make_indirect(
            pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        )
        return samples.saved(document)


def contract(title: str, amount: Decimal, goods: str = "智能仓储系统") -> bytes:
    """A contract of two pages."""
    theirs = "天工（演示）物流装备有限公司"
    return typeset(Contract(title, "CG-E2E-2", US, theirs, True, goods, amount, "2026-11-24"))


def small_pdf(number: int) -> bytes:
    """A page of a kilobyte, unlike every other number's."""
    document = samples.plain()
    document.pages[0].Contents = document.make_stream(b"BT /F1 12 Tf 72 720 Td (%d) Tj ET" % number)
    return samples.saved(document)


def as_text(data: bytes) -> str:
    """Bytes in base64, to be handed to a script."""
    return base64.b64encode(data).decode()
