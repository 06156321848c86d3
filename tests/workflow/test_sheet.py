"""The text of a sheet is what stands on it: digests can be copied out and compared."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from workflow import sheet

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@settings(max_examples=40)
@given(document=DIGESTS, earlier=DIGESTS)
def test_digests_are_copied_out_of_a_sheet_as_they_are(document: str, earlier: str) -> None:
    data = sheet.SheetData(
        entity="云杉测试科技有限公司", heading="合同审批表", serial_number="HT-2026-00001", round=2,
        applicant="张伟", position="", department="市场部", subject="软件系统采购合同",
        submitted_at=datetime(2026, 11, 27, tzinfo=UTC), made_at=datetime(2026, 11, 27, tzinfo=UTC), facts=(),
        documents=(sheet.ListedDocument("合同.pdf", "合同文本", 2, document),),
        boxes=(sheet.Box("Decision_2_head", "部门负责人审批"),),
        verify_url="http://127.0.0.1/verify/code", is_demo=False,
        earlier=(sheet.NamedSheet("HT-2026-00001 审批表", earlier),),
    )  # fmt: skip
    pdf = sheet.typeset(data).pdf
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\n", "")
    assert document in text and earlier in text
    assert f"sha256:{earlier}".encode() in pdf  # and found without a PDF reader
