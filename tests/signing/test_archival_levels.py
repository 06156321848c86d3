"""Files stay PDF/A-2b at every level, whatever stands on them: veraPDF judges each state once.

B-LT is what is signed after an archive time-stamp: the material is there already, and none covers it yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from signing import pades
from signing.fields import FieldSpec, Placement, SignatureBlock, Straddle
from signing.source import Source
from signing.verification import Outcome, verify_pdf
from signing.verification.facts import Kind
from tests.signing.conftest import Desk
from tests.signing.test_placing import Stamp, archival, reserved, stamp  # noqa: F401  (a fixture)
from tests.verapdf import violations
from workflow import sheet

Steps = list[tuple[str, bytes, list[str]]]
"""What was done last, the file then, and the levels that its people's and seals' signatures have."""


def block(desk: Desk, comment: str) -> SignatureBlock:
    return SignatureBlock("王芳", "部门经理", "同意", comment, desk.now())


def sheet_of(*fields: str, at: datetime) -> bytes:
    """An approval sheet with a field for each name."""
    data = sheet.SheetData(
        entity="云杉测试科技有限公司", heading="合同审批表", serial_number="HT-2026-00001", round=1,
        applicant="张伟", position="采购专员", department="市场部", subject="软件系统采购合同",
        submitted_at=at, facts=(("对方单位", "蓝海贸易有限公司"),),
        documents=(sheet.ListedDocument("合同.pdf", "合同文本", 2, "0" * 64),),
        boxes=tuple(sheet.Box(name, f"第{number}步") for number, name in enumerate(fields)),
        verify_url="http://127.0.0.1/verify/code", is_demo=False, made_at=at,
    )  # fmt: skip
    made = sheet.typeset(data)
    return pades.add_fields(made.pdf, made.fields)


def sheet_states(desk: Desk) -> Steps:
    """A sheet that is certified, and approved by people with and without a time-stamp."""
    signing, head, gm = desk.signing, desk.signatory("head"), desk.signatory("gm")
    made = signing.certify(sheet_of("F0", "F1", "F2", at=desk.now()), "合同审批表")
    with signing.authority.stampers.left_out():
        plain = signing.sign(made, "F0", head, reason="批准", block=block(desk, "同意，尽快办理。"))
    stamped = signing.sign(plain, "F1", gm, reason="批准", block=block(desk, "龙龘 ABC (1)"))
    lasting = signing.add_evidence(stamped)
    added = signing.sign(lasting, "F2", head, reason="批准", block=block(desk, ""))
    renewed = signing.add_evidence(added)
    return [
        ("B-B", plain, ["B-T", "B-B"]),
        ("B-T", stamped, ["B-T", "B-B", "B-T"]),
        ("B-LTA", lasting, ["B-LTA", "B-B", "B-LTA"]),
        ("B-LT", added, ["B-LTA", "B-B", "B-LTA", "B-LT"]),
        ("second document time-stamp", renewed, ["B-LTA", "B-B", "B-LTA", "B-LTA"]),
    ]


def contract_states(desk: Desk, seal: Stamp) -> Steps:
    """A contract with reserved slices, approved in place without being seen, then sealed and archived."""
    signing = desk.signing
    bare = reserved(archival(2), [Straddle()])
    ready = signing.add_fields(bare, [FieldSpec("D0")])
    approved = signing.sign(ready, "D0", desk.signatory("head"), reason="批准")
    sealed, _ = seal.put(approved, [Straddle(), Placement(1, 60, 90), Placement(2, 120, 200)])
    lasting = signing.add_evidence(sealed)
    return [
        ("sealed", sealed, ["B-T", "B-T", "B-T"]),
        ("sealed B-LTA", lasting, ["B-LTA"] * 3),
    ]


def test_files_are_pdf_a_at_every_level(shared_desk: Desk, stamp: Stamp) -> None:  # noqa: F811
    at, found = shared_desk.now() + timedelta(minutes=1), {}
    for name, pdf, levels in sheet_states(shared_desk) + contract_states(shared_desk, stamp):
        verdict = verify_pdf(Source.of(pdf), shared_desk.roots(), at)
        people = [one for one in verdict.facts.signatures if one.kind is not Kind.TIMESTAMP]
        assert [one.level and one.level.value for one in people] == levels, name
        assert verdict.outcome is Outcome.VALID, name
        found[name] = violations(pdf)
    assert not any(found.values()), found
