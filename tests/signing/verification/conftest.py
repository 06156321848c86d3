"""The files that are attacked."""

from __future__ import annotations

import pytest

from signing.fields import FieldSpec, SignatureBlock
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.signing.verification.attacked import with_text_field


@pytest.fixture(scope="module")
def plain(shared_desk: Desk) -> bytes:
    """An approval signature, and a text field beside it."""
    pdf = shared_desk.signing.add_fields(
        with_text_field(contract_pdf() + b"\n"),
        [FieldSpec("F0", 0, (60, 40, 230, 90)), FieldSpec("F1", 0, (60, 140, 230, 190))],
    )
    block = SignatureBlock("王芳", "经理", "批准", "同意", shared_desk.now())
    return shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准", block=block)


@pytest.fixture(scope="module")
def certified(shared_desk: Desk) -> bytes:
    """Certified for signing and filling in, and signed."""
    pdf = shared_desk.signing.certify(shared_desk.prepared("F0", "F1"), "表单")
    block = SignatureBlock("王芳", "经理", "批准", "同意", shared_desk.now())
    return shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准", block=block)
