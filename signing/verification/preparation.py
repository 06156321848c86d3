"""What stands ready in a signed file to become something else later: hidden layers, spare content, scripts.

A signature over such a file is good, and the file has not changed; but whoever made it may have made it
so that a later revision shows something else (the attacks known as *shadow*). That is told, as a warning.
"""

from __future__ import annotations

from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.facts import Problem
from signing.verification.finding import Found, pages
from signing.verification.objects import File, items, raw, references
from signing.verification.reading import MALFORMED

_MOST_LOOKED_AT: Final = 20_000
_DRAWN: Final = frozenset({"/Page", "/Pages", "/Catalog", "/XObject", "/Font", "/FontDescriptor"})


def warnings(found: Found) -> list[Problem]:
    """What a reader of a signed file should know; nothing for a file without signatures."""
    signed = [one.revision for one in found.signatures if one.revision >= 0]
    if not signed:
        return []
    try:
        return _look(found.file, min(signed))
    except MALFORMED:
        return []


def _look(file: File, revision: int) -> list[Problem]:
    root = file.resolve(file.trailer("/Root", revision), revision)
    told = []
    if file.get(root, "/OCProperties", revision) is not None:
        told.append(Problem("has-layers"))
    if _is_active(file, root, revision):
        told.append(Problem("has-actions"))
    if file.get(file.get(root, "/AcroForm", revision), "/XFA", revision) is not None:
        told.append(Problem("has-xfa"))
    spare = _spare(file, revision)
    if spare:
        told.append(Problem("spare-content", ", ".join(sorted(spare))))
    return told


def _is_active(file: File, root: Any, revision: int) -> bool:
    if raw(root, "/AA") is not None:
        return True
    opening = file.get(root, "/OpenAction", revision)
    if file.get(opening, "/S", revision) in ("/JavaScript", "/Launch", "/URI", "/SubmitForm"):
        return True
    names = file.get(root, "/Names", revision)
    if file.get(names, "/JavaScript", revision) is not None:
        return True
    return any(raw(page, "/AA") is not None for _, page in pages(file, revision)[:500])


def _spare(file: File, revision: int) -> set[str]:
    """Kinds of drawn things that the document holds and does not use: content that waits."""
    numbers = file.numbers(revision)
    if len(numbers) > _MOST_LOOKED_AT:
        return set()
    used: set[int] = set()
    waiting = [
        one.idnum for key in ("/Root", "/Info", "/Encrypt") for one in references(file.trailer(key, revision))
    ]
    while waiting:
        number = waiting.pop()
        if number in used:
            continue
        used.add(number)
        waiting += [one.idnum for one in references(file.value(number, revision))]
    spare = set()
    for number in numbers:
        if number in used or number in file.containers or number in file.xref_streams:
            continue
        value = file.value(number, revision)
        kind = raw(value, "/Type")
        if kind in _DRAWN:
            spare.add(str(kind)[1:])
        elif isinstance(value, generic.StreamObject) and kind is None and items(raw(value, "/BBox")):
            spare.add("XObject")
    return spare
