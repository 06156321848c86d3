"""An OFD with an e-seal whose text was changed after it was sealed."""

from __future__ import annotations

import itertools

from tests.signing.national import builder

_amounts = itertools.count(1)


def broken_ofd() -> bytes:
    """Every one has other bytes; all are read as invoices without any field."""
    sealed = builder.sign_ofd(builder.small_ofd(f"合同金额壹万{next(_amounts)}元整"), builder.office())
    page = "Doc_0/Pages/Page_0/Content.xml"
    return builder.changed(sealed, page, lambda data: data.replace("壹".encode(), "玖".encode()))
