"""Signature fields of a PDF's form: found, made, and what they and the file allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, ensure_sig_flags
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1

from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.revision import Revision

_MOST_NODES: Final = 200_000
_DEEPEST: Final = 50
_PRINTED_AND_LOCKED: Final = 132
"""Flags of a widget: printed (bit 3) and not to be moved (bit 8), as PDF/A wants it (ISO 19005-2, 6.3.2)."""


@dataclass(frozen=True)
class SignatureField:
    """A signature field: its full name, where it stands in the file, and its dictionary."""

    name: str
    reference: generic.IndirectObject
    dictionary: Any

    @property
    def is_signed(self) -> bool:
        """Whether it has a value."""
        return "/V" in self.dictionary


def signature_fields(handler: PdfHandler) -> Iterator[SignatureField]:
    """Every named signature field, in the order of the form; kids take the type of their parents."""
    root = handler.root
    if "/AcroForm" not in root or "/Fields" not in root["/AcroForm"]:
        return
    waiting = [(reference, "", None, 0) for reference in reversed(root["/AcroForm"]["/Fields"])]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        reference, prefix, kind, depth = waiting.pop()
        field = reference.get_object()
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        kind = field["/FT"] if "/FT" in field else kind  # noqa: SIM401 (get does not resolve)
        if kind == "/Sig" and own:
            yield SignatureField(name, reference, field)
        if "/Kids" in field and depth < _DEEPEST:
            waiting += [(kid, name, kind, depth + 1) for kid in reversed(field["/Kids"])]


def free_field(handler: PdfHandler, name: str) -> SignatureField:
    """The field of this name, which nobody signed. Raises SigningRefused."""
    for field in signature_fields(handler):
        if field.name == name:
            if field.is_signed:
                raise SigningRefused(reason="field-signed")
            if "/SV" in field.dictionary:  # its maker wants certain signers, which are not ours to judge
                raise SigningRefused(reason="field-demands")
            return field
    raise SigningRefused(reason="no-such-field")


def add_field(writer: Revision, spec: FieldSpec) -> SignatureField:
    """Make a signature field with its widget on a page.

    Raises SigningRefused when the form has a field of this name, IndexError when there is no such page.
    """
    if not spec.name or "." in spec.name:
        raise ValueError(f"a field's own name has no periods (ISO 32000-1, 12.7.3.2): {spec.name}")
    page, _resources = writer.find_page_for_modification(spec.page)  # type: ignore[no-untyped-call]
    form, fields = _form(writer)
    if any(reference.get_object().get("/T") == spec.name for reference in fields):
        raise SigningRefused(reason="field-there")
    box = spec.box or (0, 0, 0, 0)
    # Parts of a unit count where a page's unit is large (UserUnit).
    left, bottom, right, top = (round(edge, 3) for edge in box)
    field = generic.DictionaryObject(
        {
            pdf_name("/FT"): pdf_name("/Sig"),
            pdf_name("/T"): generic.pdf_string(spec.name),
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Widget"),
            pdf_name("/F"): generic.NumberObject(_PRINTED_AND_LOCKED),
            pdf_name("/Rect"): generic.ArrayObject(
                [generic.FloatObject(edge) for edge in (left, bottom, right, top)]
            ),
            pdf_name("/P"): page,
        }
    )
    reference = writer.add_object(field)
    if right > left and top > bottom:
        empty = RawContent(b"", box=BoxConstraints(right - left, top - bottom)).as_form_xobject()
        field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(empty)})
    if spec.locks:
        lock = FieldMDPSpec(FieldMDPAction.INCLUDE, list(spec.locks)).as_sig_field_lock()
        field[pdf_name("/Lock")] = writer.add_object(lock)
    fields.append(reference)
    writer.update_container(fields)
    writer.register_annotation(page, reference)  # type: ignore[no-untyped-call]
    if "/SigFlags" not in form:
        form[pdf_name("/SigFlags")] = generic.NumberObject(1)
        writer.update_container(form)
    return SignatureField(spec.name, reference, field)


def _form(writer: Revision) -> tuple[Any, Any]:
    """The form's dictionary and its list of fields; made where there is none."""
    root = writer.root
    if "/AcroForm" not in root:
        fields = generic.ArrayObject()
        form = generic.DictionaryObject({pdf_name("/Fields"): fields})
        root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()  # type: ignore[no-untyped-call]
        return form, fields
    form = root["/AcroForm"]
    if "/Fields" not in form:
        form[pdf_name("/Fields")] = generic.ArrayObject()
        writer.update_container(form)
    return form, form["/Fields"]


def locked_by(field: SignatureField) -> FieldMDPSpec | None:
    """The fields that a signature in this one locks (ISO 32000-1, 12.8.2.4)."""
    return FieldMDPSpec.from_pdf_object(field.dictionary["/Lock"]) if "/Lock" in field.dictionary else None


def check_certification(writer: Revision, *, certify: bool) -> None:
    """A certified file takes what its certification allows (ISO 32000-1, 12.8.2.2); it is certified
    once, and before anybody signs. Raises SigningRefused."""
    permissions = writer.root["/Perms"] if "/Perms" in writer.root else {}  # noqa: SIM401
    if "/DocMDP" in permissions:
        if certify:
            raise SigningRefused(reason="certified-already")
        if certified_permission(permissions["/DocMDP"]) is MDPPerm.NO_CHANGES:
            raise SigningRefused(reason="certified-against-change")
    elif certify and any(field.is_signed for field in signature_fields(writer)):
        raise SigningRefused(reason="signed-already")


def certified_permission(signature: Any) -> MDPPerm:
    """What a certification signature allows; 2 where it does not say (Table 254)."""
    for transform in signature["/Reference"] if "/Reference" in signature else ():  # noqa: SIM401
        if transform["/TransformMethod"] == "/DocMDP":
            parameters = transform["/TransformParams"] if "/TransformParams" in transform else {}  # noqa: SIM401
            return MDPPerm(int(parameters["/P"])) if "/P" in parameters else MDPPerm.FILL_FORMS
    return MDPPerm.FILL_FORMS


def declare(writer: Revision) -> None:
    """The catalog names the extension that PAdES is of before PDF 2.0; the form forbids rewriting."""
    writer.ensure_output_version((1, 7))  # type: ignore[no-untyped-call]
    if writer.output_version < (2, 0):
        writer.register_extension(ESIC_EXTENSION_1)
    ensure_sig_flags(writer)
