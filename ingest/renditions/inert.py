"""Taking out of a PDF whatever acts, points outside or hides files. Its look stays."""

from __future__ import annotations

from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest.errors import FileBroken
from ingest.pdf_findings import MOST_OBJECTS
from ingest.renditions.appearances import annotations_of

_HARMLESS_ACTIONS: Final = frozenset({"/GoTo"})
_ACTIONS: Final = ("/AA", "/PA", "/JS", "/JavaScript")
_OF_CATALOG: Final = (
    "/OpenAction", "/AA", "/URI", "/Perms", "/Legal", "/Collection", "/Requirements", "/AF", "/DSS",
    "/SpiderInfo", "/Extensions", "/Threads",
)  # fmt: skip
_OF_NAMES: Final = (
    "/JavaScript", "/EmbeddedFiles", "/AlternatePresentations", "/Renditions", "/URLS", "/IDS", "/Pages",
    "/Templates",
)  # fmt: skip
_MEDIA: Final = frozenset({"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/FileAttachment"})
_OUTSIDE: Final = ("/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI")
"""Keys of a stream whose data, page or picture to print lies in another file."""
_DEEPEST: Final = 60


def clear(document: pikepdf.Pdf) -> None:
    """Remove actions, scripts, files, media, XFA, outside references and signature values."""
    root = document.Root
    for key in _OF_CATALOG:
        _remove(root, key)
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        for key in _OF_NAMES:
            _remove(names, key)
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary):
        for key in ("/XFA", "/NeedAppearances", "/CO", "/SigFlags"):
            _remove(form, key)
    for page in document.pages:
        _still_media(page.obj)
    for number, item in enumerate(document.objects):
        if number > MOST_OBJECTS:
            raise FileBroken(reason=f"more than {MOST_OBJECTS} objects")
        if isinstance(item, Stream):
            for key in _OUTSIDE:
                _remove(item, key)
            _clear(item.stream_dict, 0)
        elif isinstance(item, Dictionary | Array):
            _clear(item, 0)


def _remove(item: Any, key: str) -> None:
    if key in item:
        del item[key]


def _still_media(page: Any) -> None:
    """Films, sounds and attached files stay as the picture that stands for them, or go."""
    kept = []
    for annotation in annotations_of(page):
        if str(annotation.get("/Subtype", "")) in _MEDIA:
            if "/AP" not in annotation:
                continue
            annotation.Subtype = Name.Stamp
            for key in ("/FS", "/RichMediaContent", "/RichMediaSettings", "/Movie", "/Sound", "/MK", "/3DD",
                        "/3DV", "/3DA"):  # fmt: skip
                _remove(annotation, key)
        kept.append(annotation)
    if "/Annots" in page:
        page.Annots = Array(kept)


def _clear(item: Any, depth: int) -> None:
    """One dictionary or array with the direct ones inside it; indirect ones are met by themselves."""
    if depth > _DEEPEST:
        raise FileBroken(reason="nested too deep")
    if isinstance(item, Array):
        for value in item:
            if isinstance(value, Dictionary | Array) and not value.is_indirect:
                _clear(value, depth + 1)
        return
    for key in _ACTIONS:
        _remove(item, key)
    for key in ("/A", "/Next"):
        if key in item and _is_action(item[key], key):
            del item[key]
    if "/V" in item and _is_signature(item["/V"]):
        del item["/V"]
    _remove(item, "/EF")
    if str(item.get("/Type", "")) == "/Action" or "/S" in item:
        _disarm(item)
    for key in list(item.keys()):
        value = item[key]
        if key != "/Parent" and isinstance(value, Dictionary | Array) and not value.is_indirect:
            _clear(value, depth + 1)


def _is_action(value: Any, key: str) -> bool:
    """Whether the value of ``/A`` or ``/Next`` is an action other than a jump inside the document."""
    if isinstance(value, Array):
        return key == "/Next" and any(isinstance(one, Dictionary) and "/S" in one for one in value)
    return isinstance(value, Dictionary) and "/S" in value and str(value["/S"]) not in _HARMLESS_ACTIONS


_ARMED: Final = frozenset(
    {
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/URI", "/Rendition",
        "/Movie", "/Sound", "/RichMediaExecute", "/Hide", "/ResetForm", "/SetOCGState", "/Trans",
        "/GoTo3DView", "/Thread",
    }
)  # fmt: skip


def _disarm(item: Any) -> None:
    """An action that something else still points to does nothing any more."""
    kind = item.get("/S")
    if not isinstance(kind, Name) or str(kind) not in _ARMED:
        return
    if str(kind) in ("/Hide", "/Trans", "/Thread") and str(item.get("/Type", "")) != "/Action":
        return  # the same names mean other things elsewhere
    for key in list(item.keys()):
        del item[key]


def _is_signature(value: Any) -> bool:
    if not isinstance(value, Dictionary):
        return False
    return "/ByteRange" in value or str(value.get("/Type", "")) in ("/Sig", "/DocTimeStamp")
