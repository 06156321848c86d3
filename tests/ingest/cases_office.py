"""The corpus's Office files: the words of each page come out, on as many pages."""

from __future__ import annotations

from collections.abc import Iterator

from tests.ingest import builders_containers as builders
from tests.ingest.corpus import Case

_SECOND = (
    '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    "<w:p><w:r><w:t>第二条 合同总金额为人民币壹万贰仟元整（¥12,000.00）</w:t></w:r></w:p>"
)


def cases() -> Iterator[Case]:
    contract = builders.docx("采购合同 编号 HT-2026-0815", body=_SECOND)
    yield Case("contract.docx", contract, texts=(("采购合同", "HT-2026-0815"), ("壹万贰仟元整", "12,000.00")))
    yield Case("budget.xlsx", builders.xlsx("9876.5"), texts=(("9876.5",),))
    yield Case("slides.pptx", builders.pptx("年度预算 Budget of the year"), texts=(("年度预算", "Budget"),))
