"""Chinese fonts for PDFs that name theirs and do not embed them, as many makers of invoices do.

Without a font PDFium draws nothing for such text, and leaves out single letters of it when it is read.
It looks for substitutes only where it is told to when it starts; so it is started again, once, before the
first file is opened. The system's own fonts stay available behind the product's.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

from pypdfium2 import raw
from pypdfium2.internal import bases

from core import fonts

_SYSTEM: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/X11/fonts/Type1",
    "/usr/share/X11/fonts/TTF",
)


@cache
def provide() -> bool:
    """Let PDFium use the product's fonts. False when a document is open already: then it goes on without."""
    if any(reference() is not None for known in bases.ObjectTracker.values() for reference in known):
        return False
    texts = [ctypes.create_string_buffer(folder.encode()) for folder in (str(fonts.folder()), *_SYSTEM)]
    paths = (ctypes.POINTER(ctypes.c_char) * (len(texts) + 1))()
    for at, text in enumerate(texts):
        paths[at] = ctypes.cast(text, ctypes.POINTER(ctypes.c_char))
    raw.FPDF_DestroyLibrary()
    raw.FPDF_InitLibraryWithConfig(
        raw.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=paths, m_pIsolate=None, m_v8EmbedderSlot=0)
    )
    _kept.append((texts, paths))
    return True


_kept: list[object] = []
"""PDFium keeps the pointers to the paths, so what they point to stays."""
