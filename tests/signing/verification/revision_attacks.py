"""What a forger writes as another revision behind a signature: incremental saving, shadow, certification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from tests.signing.verification.attacked import EVIL, drawing
from tests.signing.verification.attacks import (
    annotate,
    dictionary,
    first_page,
    numbers,
    stream,
)

# incremental saving, shadow, certification: another revision behind the signature


def content(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Contents")] = stream(writer, EVIL)
    writer.update_container(page)


def content_in_place(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)


def resources(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Resources")] = dictionary()
    writer.update_container(page)


def font(writer: Any) -> None:
    fonts = first_page(writer)["/Resources"]["/Font"]
    font = fonts[next(iter(fonts))]
    font[pdf_name("/BaseFont")] = pdf_name("/Other")
    writer.update_container(font)


def font_map(writer: Any) -> None:
    fonts = first_page(writer)["/Resources"]["/Font"]
    font = fonts[next(iter(fonts))]
    below = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
    below["/FontDescriptor"][pdf_name("/Flags")] = generic.NumberObject(4)
    writer.update_container(below["/FontDescriptor"])


def media_box(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/CropBox")] = numbers(0, 0, 100, 100)
    writer.update_container(page)


def rotate(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Rotate")] = generic.NumberObject(180)
    writer.update_container(page)


def page_tree(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages[pdf_name("/Kids")] = generic.ArrayObject([pages["/Kids"].raw_get(0)] * 2)
    writer.update_container(pages)


def new_tree(writer: Any) -> None:
    content = stream(writer, EVIL)
    page = writer.add_object(
        dictionary(Type=pdf_name("/Page"), MediaBox=numbers(0, 0, 595, 842), Contents=content)
    )
    tree = dictionary(
        Type=pdf_name("/Pages"), Kids=generic.ArrayObject([page]), Count=generic.NumberObject(1)
    )
    writer.root[pdf_name("/Pages")] = writer.add_object(tree)
    writer.update_root()


def note(kind: str, **more: generic.PdfObject) -> Callable[[Any], None]:
    def add(writer: Any) -> None:
        look = drawing(writer, EVIL, 500, 700)
        annotate(
            writer,
            dictionary(
                Type=pdf_name("/Annot"),
                Subtype=pdf_name(kind),
                Rect=numbers(50, 400, 450, 700),
                AP=dictionary(N=look),
                **more,
            ),
        )

    add.__name__ = f"_note_{kind[1:]}"
    return add


def open_action(writer: Any) -> None:
    writer.root[pdf_name("/OpenAction")] = dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1"))
    writer.update_root()


def page_action(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/AA")] = dictionary(O=dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1")))
    writer.update_container(page)


def names(writer: Any) -> None:
    script = dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1"))
    tree = dictionary(Names=generic.ArrayObject([generic.pdf_string("a"), script]))
    writer.root[pdf_name("/Names")] = dictionary(JavaScript=tree)
    writer.update_root()


def layers(writer: Any) -> None:
    group = writer.add_object(dictionary(Type=pdf_name("/OCG"), Name=generic.pdf_string("a")))
    settings = dictionary(OFF=generic.ArrayObject([group]))
    writer.root[pdf_name("/OCProperties")] = dictionary(OCGs=generic.ArrayObject([group]), D=settings)
    writer.update_root()


def swap_value(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "Payee":
            field.get_object()[pdf_name("/V")] = generic.pdf_string("Mallory")
            writer.update_container(field.get_object())


def swap_appearance(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "Payee":
            reference = field.get_object()["/AP"].raw_get("/N").reference
            look = generic.StreamObject(dict(field.get_object()["/AP"]["/N"]), stream_data=EVIL)
            writer.objects[(reference.generation, reference.idnum)] = look


def form_default(writer: Any) -> None:
    writer.root["/AcroForm"][pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
    writer.update_container(writer.root["/AcroForm"])
    writer.update_root()


def xfa(writer: Any) -> None:
    writer.root["/AcroForm"][pdf_name("/XFA")] = stream(writer, b"<xdp/>")
    writer.update_container(writer.root["/AcroForm"])
    writer.update_root()


def signed_field_moves(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            field.get_object()[pdf_name("/Rect")] = numbers(0, 0, 595, 842)
            writer.update_container(field.get_object())


def signed_field_looks_other(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            look = drawing(writer, EVIL, 170, 50)
            field.get_object()[pdf_name("/AP")] = dictionary(N=look)
            writer.update_container(field.get_object())


def empty_field_is_seen(writer: Any) -> None:
    append_signature_field(writer, SigFieldSpec("Sneaky", on_page=0, box=(50, 400, 450, 700)))
    field = writer.root["/AcroForm"]["/Fields"][-1]
    look = drawing(writer, EVIL, 400, 300)
    field[pdf_name("/AP")] = dictionary(N=look)


def no_signature_in_field(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F1":
            look = drawing(writer, EVIL, 170, 50)
            field.get_object()[pdf_name("/AP")] = dictionary(N=look)
            writer.update_container(field.get_object())


def text_field_added(writer: Any) -> None:
    annotate(
        writer,
        dictionary(
            Type=pdf_name("/Annot"),
            Subtype=pdf_name("/Widget"),
            FT=pdf_name("/Tx"),
            T=generic.pdf_string("New"),
            Rect=numbers(50, 400, 450, 700),
        ),
    )
    writer.root["/AcroForm"]["/Fields"].append(first_page(writer)["/Annots"].raw_get(-1))
    writer.update_container(writer.root["/AcroForm"]["/Fields"])
    writer.update_root()


def signature_taken_out(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            del field.get_object()["/V"]
            writer.update_container(field.get_object())


def signature_nulled(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            field.get_object()[pdf_name("/V")] = generic.NullObject()
            writer.update_container(field.get_object())


def signature_doubled(writer: Any) -> None:
    form = writer.root["/AcroForm"]
    signed = next(one.get_object() for one in form["/Fields"] if one.get_object()["/T"] == "F0")
    other = next(one.get_object() for one in form["/Fields"] if one.get_object()["/T"] == "F1")
    other[pdf_name("/V")] = signed.raw_get("/V")
    writer.update_container(other)


def evidence_replaces_page(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)
    pointer = generic.IndirectObject(reference.idnum, reference.generation, writer)
    writer.root[pdf_name("/DSS")] = dictionary(Certs=generic.ArrayObject([pointer]))
    writer.update_root()


def metadata_is_a_page(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)
    writer.root[pdf_name("/Metadata")] = generic.IndirectObject(reference.idnum, reference.generation, writer)
    writer.update_root()


def permissions(writer: Any) -> None:
    writer.root[pdf_name("/Perms")] = dictionary()
    writer.update_root()


REVISIONS = [
    content, content_in_place, resources, font, font_map, media_box, rotate, page_tree, new_tree,
    note("/FreeText"), note("/Stamp"), note("/Square"), note("/Redact"), note("/Widget"), note("/Text"),
    open_action, page_action, names, layers, form_default, xfa, signed_field_moves,
    signed_field_looks_other, empty_field_is_seen, no_signature_in_field, text_field_added,
    signature_taken_out, signature_nulled, signature_doubled, evidence_replaces_page, metadata_is_a_page,
    permissions,
]  # fmt: skip
