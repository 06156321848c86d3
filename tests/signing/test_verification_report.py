"""The report of a verification is PDF/A, in both languages, and says what the verdict says."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from core.i18n import Language
from signing.verification import verify_pdf
from signing.verification_report import typeset
from tests.signing.conftest import Desk
from tests.verapdf import violations


@pytest.mark.parametrize(("language", "words"), [("en", "Invalid"), ("zh-CN", "无效")])
def test_a_report_names_the_file_and_every_finding(shared_desk: Desk, language: Language, words: str) -> None:
    pdf = shared_desk.signed("head", "gm")
    altered = bytearray(pdf)
    altered[1000] ^= 1
    at = datetime.now(UTC)
    verdict = verify_pdf(bytes(altered), shared_desk.roots(), at)
    report = typeset(
        verdict, "合同\U0001f600.pdf", language, organisation="云杉", at=at, zone=ZoneInfo("Asia/Shanghai")
    )
    pages = pypdfium2.PdfDocument(report)
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    assert words in text and "王芳" in text
    assert verdict.sha256 in text.replace("\r\n", "")
    signed = shared_desk.signing.verification_report(verdict, "a.pdf", language, organisation="云杉")
    assert verify_pdf(signed, shared_desk.roots(), at.now(UTC)).outcome.value == "valid"
    assert violations(signed) == []
