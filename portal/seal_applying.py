"""Applying for a seal: drawn by the usual conventions or from a scan, and seen before it is applied for."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, File, Form, Request, Response, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, VermilionError
from core.ids import new_id
from core.models import LegalEntity, Role
from ingest.service import IngestService
from portal.fields import as_id
from portal.frame import Visiting, page, see_other
from portal.once import once
from portal.seals import holders, plain, said, seal_pages, svg, users_named
from portal.visit import Visit
from signing import prints, seal_powers
from signing.models import SealScan
from signing.seal_facts import SealFacts
from signing.seals import INSCRIBED, USUAL_SIZES, SealKind
from signing.service import SigningService
from workflow import seal_scans

Typed = dict[str, str]
FACE: Final = ("entity", "kind", "source", "code", "inscription", "width", "height", "scan")
"""Fields that decide what the seal looks like."""
FIELDS: Final = (*FACE, "name", "keeper", "auditor", "users", "reason")
_NUMBERED: Final = frozenset(SealKind) - {SealKind.INVOICE, SealKind.LEGAL_REPRESENTATIVE}
"""Kinds with a number on the lower arc: the round ones."""
_NAMES: Final = {"diameter_mm": "width", "height_mm": "height"}


def _asks(visit: Visiting) -> None:
    seal_powers.require_asker(visit.person)


router = seal_pages()
router.dependencies.append(Depends(_asks))


def _asked(request: Request) -> Typed:
    """The fields of the picture, from an address."""
    return {name: request.query_params.get(name, "").replace("\x00", "")[:200] for name in FACE}


async def _typed(request: Request) -> Typed:
    form = await request.form()
    return {name: str(form.get(name, "")).replace("\x00", "")[:2000] for name in FIELDS}


Filled = Annotated[Typed, Depends(_typed)]
Uploaded = Annotated[UploadFile | None, File()]


@router.get("/seals/new")
def show_new(request: Request, visit: Visiting) -> Response:
    """The empty form."""
    return _new(request, visit, dict.fromkeys(FIELDS, ""), {})


@router.get("/seals/new/preview")
def show_preview(request: Request, visit: Visiting) -> Response:
    """The picture of the seal as the form stands now, or what is missing for it."""
    return page(request, visit, "parts/seal-preview.html", **_face(visit, _asked(request), {}))


@router.get("/seals/new/preview.svg")
def preview_picture(request: Request, visit: Visiting) -> Response:
    """The picture of a seal that does not exist yet."""
    typed = _asked(request)
    with visit.runtime.database.read() as session:
        return svg(_drawn(session, visit, typed))


@router.post("/seals/new/face")
def show_face(request: Request, visit: Visiting, typed: Filled, file: Uploaded = None) -> Response:
    """The part of the form that belongs to the kind, and the preview; takes a scan in."""
    errors: dict[str, str] = {}
    _take(visit, typed, file, errors)
    return page(request, visit, "parts/seal-face.html", is_part=True, **_face(visit, typed, errors))


@router.post("/seals/new")
def apply(
    request: Request,
    visit: Visiting,
    typed: Filled,
    file: Uploaded = None,
    act: Annotated[str, Form()] = "",
    form_id: Annotated[str, Form()] = "",
) -> Response:
    """Apply for the seal. A scan that came with this very form is shown first."""
    errors: dict[str, str] = {}
    is_new = _take(visit, typed, file, errors)
    if errors or is_new or act == "preview":
        return _new(request, visit, typed, errors, 422 if errors else 200, look=is_new and not errors)
    life = visit.runtime.get(SigningService).seal_life

    def work() -> str:
        with visit.runtime.database.write() as session:
            users = users_named(session, visit, typed["users"])
            keeper = as_id(typed["keeper"])
            if keeper is None:
                raise InvalidInput(field="keeper", reason=visit.text("admin-required"))
            facts = _facts(visit, typed, keeper_id=keeper, auditor_id=as_id(typed["auditor"]), user_ids=users)
            change = life.apply(session, visit.person, facts, plain(typed["reason"]))
            return f"/seals/changes/{change.id}?after=asked"

    try:
        return see_other(request, once(visit, form_id, work))
    except VermilionError as error:
        field = _NAMES.get(error.field or "form", error.field or "form")
        return _new(request, visit, typed, {field: said(visit, error)}, error.status)


def _take(visit: Visit, typed: Typed, file: UploadFile | None, errors: dict[str, str]) -> bool:
    """Take a scan in, where one was chosen; its digest joins what was typed. Whether there was one."""
    if file is None or not file.filename:
        return False
    typed["source"] = "scan"
    try:
        ingest, signing = visit.runtime.get(IngestService), visit.runtime.get(SigningService)
        typed["scan"] = seal_scans.take(ingest, signing, visit.person, file.file).digest
    except VermilionError as error:
        errors["scan"] = visit.translator.error(error)
    return True


def _facts(visit: Visit, typed: Typed, **people: Any) -> SealFacts:
    """What was typed, as facts. Raises InvalidInput."""
    entity = as_id(typed["entity"])
    if entity is None:
        raise InvalidInput(field="entity", reason=visit.text("admin-required"))
    is_scan = typed["source"] == "scan"
    if is_scan and not typed["scan"]:
        raise InvalidInput(field="scan", reason=visit.text("seals-scan-wanted"))
    return SealFacts(
        entity,
        plain(typed.get("name", "")),
        typed["kind"],
        people.pop("keeper_id", visit.person.person_id),
        typed["code"].strip() or None if typed["kind"] in _NUMBERED else None,
        _length(visit, typed, "width"),
        _length(visit, typed, "height"),
        None if is_scan else plain(typed["inscription"]),
        typed["scan"] if is_scan else None,
        **people,
    )


def _length(visit: Visit, typed: Typed, field: str) -> float | None:
    text = typed[field].strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        reason = visit.text("error-field-not-understood", kind="number")
        raise InvalidInput(field=field, reason=reason) from error


def _drawn(session: Session, visit: Visit, typed: Typed) -> bytes:
    """The picture as SVG. Raises what is wrong with the fields; a print is shown to who took it in."""
    signing = visit.runtime.get(SigningService)
    facts = _facts(visit, typed)
    if facts.picture_digest:
        signing.scans.own(session, visit.person, facts.picture_digest)
    return signing.preview_seal(session, facts)


def _face(visit: Visit, typed: Typed, errors: dict[str, str]) -> dict[str, Any]:
    """What the picture's part of the form needs: which fields the kind has, the scan, the preview."""
    kind = SealKind(typed["kind"]) if typed["kind"] in set(SealKind) else SealKind.CONTRACT
    is_scan, scan = typed["source"] == "scan", None
    problem = ""
    with visit.runtime.database.read() as session:
        if is_scan and typed["scan"]:
            scan = session.execute(
                select(SealScan.width, SealScan.height)
                .where(SealScan.digest == typed["scan"], SealScan.made_by == visit.person.person_id)
                .limit(1)
            ).one_or_none()
        try:
            _drawn(session, visit, typed)
        except VermilionError as error:
            problem = _wanted(visit, kind, typed, error)
            if error.field == "scan" and scan is not None:
                errors.setdefault("scan", problem)
    picture = "" if problem else f"/seals/new/preview.svg?{urlencode({name: typed[name] for name in FACE})}"
    return {
        "typed": typed,
        "errors": errors,
        "kind": kind.value,
        "usual": USUAL_SIZES[kind],
        "is_scan": is_scan,
        "is_numbered": kind in _NUMBERED,
        "is_inscribed": kind in INSCRIBED and not is_scan,
        "has_height": is_scan or kind not in _NUMBERED,
        "scan": scan,
        "least_dpi": prints.LEAST_DPI,
        "accepted": ",".join(f"image/{one}" for one in ("png", "jpeg", "tiff", "webp", "heic")) + ",.pdf",
        "problem": problem,
        "picture": picture,
    }


def _wanted(visit: Visit, kind: SealKind, typed: Typed, error: VermilionError) -> str:
    """Why there is no picture yet: what is to be filled in, or what is wrong with it."""
    field = _NAMES.get(error.field or "", error.field or "")
    if not isinstance(error, InvalidInput) or field not in FACE:
        return visit.translator.error(error)
    names = {"entity": "admin-entity", "inscription": f"seals-inscription-{kind.value}"}
    label = visit.text(names.get(field, f"seals-{field}"))
    if not typed[field].strip():
        return visit.text("seals-preview-wants", field=label)
    return visit.text("seals-preview-wrong", field=label, reason=str(error.context.get("reason", "")))


def _new(
    request: Request,
    visit: Visit,
    typed: Typed,
    errors: dict[str, str],
    status: int = 200,
    *,
    look: bool = False,
) -> Response:
    with visit.runtime.database.read() as session:
        entities = session.execute(
            select(LegalEntity.id, LegalEntity.name).where(LegalEntity.is_active).order_by(LegalEntity.name)
        ).all()
        keepers = holders(session, visit, Role.SEAL_KEEPER)
        auditors = holders(session, visit, Role.AUDITOR)
    first = {"kind": SealKind.CONTRACT.value, "source": "drawn"}
    if len(entities) == 1:
        first["entity"] = str(entities[0].id)
    typed = {**typed, **{name: value for name, value in first.items() if not typed[name]}}
    return page(
        request, visit, "seals/new.html", status=status, entities=entities, keepers=keepers,
        auditors=auditors, kinds=list(SealKind), form_id=str(new_id()), look=look, is_part=False,
        **_face(visit, typed, errors),
    )  # fmt: skip
