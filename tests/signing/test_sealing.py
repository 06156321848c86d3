"""A seal is put once, by its keeper, on exactly the document that was authorised, or not at all."""

from __future__ import annotations

import hashlib
import io
import threading
from datetime import timedelta
from uuid import UUID

import numpy
import pikepdf
import pypdfium2
import pytest
from sqlalchemy import select

from core.ids import new_id
from signing.errors import (
    NotTheKeeper,
    SealAuthorisationExpired,
    SealAuthorisationUsed,
    SealDigestDiffers,
    SealNotAuthorised,
    SealNotUsable,
    SigningRefused,
    WrongPin,
)
from signing.fields import Placement, WantedPlace
from signing.models import Seal, SealAuthorisation, SealRecord, SealState
from signing.sealing import SealedPdf
from tests.builders import PIN
from tests.office import Office, contract_pdf

PLACES: list[WantedPlace] = [Placement(2, 60.0, 90.0)]
PDF = contract_pdf() + b"\n"


def digest(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()


def authorise(office: Office, pdf: bytes = PDF, *, days: int = 3) -> UUID:
    now = office.runtime.clock.now()
    with office.runtime.database.write() as session:
        return office.signing.authorise_seal(
            session,
            seal_id=office.seal.id,
            case_id=new_id(),
            case_serial="YY-1",
            document_id=new_id(),
            document_title="x",
            digest=digest(pdf),
            copies=1,
            subject="盖章",
            counterparty=None,
            applicant_id=office.company.people["staff"],
            department_id=office.company.departments["market"],
            approver_ids=[],
            expires_at=now + timedelta(days=days),
        ).id


def prepare(
    office: Office,
    authorisation: UUID,
    pdf: bytes = PDF,
    who: str = "keeper",
    pin: str = PIN,
    *,
    named: str | None = None,
) -> SealedPdf:
    return sealed_file(office, authorisation, pdf, PLACES, who, pin, named)[0]


def sealed_file(
    office: Office,
    authorisation: UUID,
    pdf: bytes,
    places: list[WantedPlace],
    who: str = "keeper",
    pin: str = PIN,
    named: str | None = None,
) -> tuple[SealedPdf, bytes]:
    """A file sealed where it lies; when it is not, it is as it was."""
    path = office.runtime.settings.home / f"{new_id()}.pdf"
    path.write_bytes(pdf)
    try:
        sealed = office.signing.prepare_seal(
            office.principal(who), pin, authorisation, named or digest(pdf), path, places
        )
    except Exception:
        assert path.read_bytes() == pdf
        raise
    made = path.read_bytes()
    assert made.startswith(pdf) and digest(made) == sealed.digest_after
    return sealed, made


def record(office: Office, sealed: SealedPdf) -> SealRecord:
    with office.runtime.database.write() as session:
        return office.signing.record_seal(session, sealed, sealed.digest_after)


def test_without_an_authorisation_there_is_no_seal(office: Office) -> None:
    with pytest.raises(SealNotAuthorised):
        prepare(office, new_id())


def test_an_authorisation_is_used_once(office: Office) -> None:
    authorisation = authorise(office)
    first, second = prepare(office, authorisation), prepare(office, authorisation)
    record(office, first)
    with pytest.raises(SealAuthorisationUsed):
        record(office, second)
    with pytest.raises(SealAuthorisationUsed):
        prepare(office, authorisation)


def test_another_document_is_refused_by_its_digest(office: Office) -> None:
    authorisation = authorise(office)
    other = contract_pdf("另一份合同")
    with pytest.raises(SealDigestDiffers):
        prepare(office, authorisation, other)
    with pytest.raises(SealDigestDiffers):
        prepare(office, authorisation, other, named=digest(PDF))
    sealed = prepare(office, authorisation)
    with pytest.raises(SealDigestDiffers), office.runtime.database.write() as session:
        office.signing.record_seal(session, sealed, digest(other))


def test_an_authorisation_ends(office: Office) -> None:
    with pytest.raises(SealAuthorisationExpired):
        prepare(office, authorise(office, days=-1))
    authorisation = authorise(office)
    sealed = prepare(office, authorisation)
    with office.runtime.database.write() as session:
        session.get_one(SealAuthorisation, authorisation).revoked_at = office.runtime.clock.now()
    with pytest.raises(SealAuthorisationExpired):
        record(office, sealed)


def test_only_the_keeper_with_the_keepers_pin(office: Office) -> None:
    authorisation = authorise(office)
    for username in ("gm", "head"):
        with pytest.raises(NotTheKeeper):
            prepare(office, authorisation, who=username)
    with pytest.raises(WrongPin):
        prepare(office, authorisation, pin="999990")


def test_a_suspended_seal_rests(office: Office) -> None:
    authorisation = authorise(office)
    with office.runtime.database.write() as session:
        session.get_one(Seal, office.seal.id).state = SealState.SUSPENDED
    with pytest.raises(SealNotUsable):
        prepare(office, authorisation)
    with pytest.raises(SealNotUsable):
        authorise(office)


def test_of_two_at_once_one_is_recorded_and_numbers_have_no_gaps(office_anywhere: Office) -> None:
    office = office_anywhere
    prepared = []
    for _ in range(6):
        authorisation = authorise(office)
        prepared += [prepare(office, authorisation), prepare(office, authorisation)]
    refused: list[Exception] = []

    def go(sealed: SealedPdf) -> None:
        try:
            record(office, sealed)
        except Exception as error:
            refused.append(error)

    threads = [threading.Thread(target=go, args=(sealed,)) for sealed in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in refused] == [SealAuthorisationUsed] * 6
    with office.runtime.database.read() as session:
        numbers = session.scalars(select(SealRecord.number).order_by(SealRecord.number)).all()
    assert list(numbers) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (40, 60, 540, 760)])
def test_the_seal_stands_upright_where_the_keeper_put_it(
    office: Office, turn: int, crop: tuple[int, int, int, int] | None
) -> None:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(600, 800))
    page.Rotate = turn
    if crop:
        page.CropBox = pikepdf.Array(crop)
    out = io.BytesIO()
    document.save(out)
    pdf = out.getvalue()
    authorisation = authorise(office, pdf)
    _, sealed = sealed_file(office, authorisation, pdf, [Placement(1, 60.0, 80.0)])
    left, top, right, bottom, upper, lower = red_parts(sealed)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((60.0, 80.0), abs=0.6)
    assert (right - left, bottom - top) == pytest.approx((42.0, 42.0), abs=0.8)
    assert upper > lower  # the name's arc is above, the number's below


def red_parts(pdf: bytes) -> tuple[float, float, float, float, int, int]:
    """Bounds of what is red in mm from the top left as shown; red pixels in upper and lower third."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    scale = 4.0
    image = document[0].render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    document.close()
    pixels = numpy.asarray(image)
    rows, columns = numpy.nonzero((pixels[:, :, 0] > 150) & (pixels[:, :, 1] < 120))
    unit = 25.4 / 72 / scale
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    third = (bottom - top) / 3
    upper, lower = int((rows < top + third).sum()), int((rows > bottom - third).sum())
    return left * unit, top * unit, right * unit, bottom * unit, upper, lower


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7 nothing"])
def test_what_is_no_pdf_is_refused(office: Office, pdf: bytes) -> None:
    authorisation = authorise(office, pdf)
    with pytest.raises(SigningRefused):
        prepare(office, authorisation, pdf)
