"""The demo's seals, documents and cases, made step by step through the services people use.

Each step is harmless when repeated: a demo that was interrupted is finished at the next start.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from core.models import LegalEntity, Person
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from ingest.models import DocumentKind
from ingest.service import IngestService
from signing.fields import Placement
from signing.models import Seal
from signing.service import SigningService
from vermilion.demo_documents import Contract, Invoice, Letter, photograph, typeset
from workflow.models import Case, Outcome
from workflow.service import WorkflowService

Advance = Callable[[int, int, str], None]
OURS: Final = "云杉（演示）科技有限公司"
OUR_TAX_ID: Final = "91320000DEMO00002X"
SEALS: Final = (
    # name, kind, keeper, code
    ("公章", "official", "sunli", "3201009990001"),
    ("合同专用章", "contract", "sunli", "3201009990002"),
    ("财务专用章", "finance", "hejing", "3201009990003"),
)


@dataclass(frozen=True)
class Act:
    """What somebody does with a case. ``seal`` needs places: (page, x, y) in millimetres."""

    who: str
    outcome: Outcome
    comment: str = ""
    at: tuple[int, float, float] | None = None


@dataclass(frozen=True)
class Story:
    """A case of the demo: who applies for what with which papers, and what becomes of it."""

    applicant: str
    flow: str
    form: Mapping[str, Any]
    papers: Mapping[str, tuple[tuple[str, DocumentKind, Contract | Invoice | Letter, bool], ...]]
    acts: tuple[Act, ...] = ()
    is_withdrawn: bool = False
    comment: tuple[str, str] | None = field(default=None)


def ensure(runtime: Runtime, pins: Mapping[str, str], advance: Advance) -> None:
    """Make what is missing of credentials, seals and cases."""
    stories = _stories(runtime)
    total = len(pins) + len(SEALS) + len(stories)
    with runtime.database.read() as session:
        made_cases = session.scalar(select(func.count()).select_from(Case)) or 0
        people = dict(session.execute(select(Person.username, Person.id)).all())
        made_seals = session.scalar(select(func.count()).select_from(Seal)) or 0
    if made_cases >= len(stories) and made_seals >= len(SEALS):
        return
    signing = runtime.get(SigningService)
    for done, (username, pin) in enumerate(pins.items()):
        advance(done, total, username)
        with runtime.database.read() as session:
            is_enrolled = signing.has_credential(session, people[username])
        if not is_enrolled:
            signing.enrol(_principal(runtime, people[username]), pin)
    _make_seals(runtime, people)
    for number, story in enumerate(stories[made_cases:], start=made_cases):
        advance(
            len(pins) + len(SEALS) + number, total, str(story.form.get("title") or story.form.get("purpose"))
        )
        _Teller(runtime, people, pins).tell(story)
    advance(total, total, "")


def _principal(runtime: Runtime, person_id: UUID) -> Principal:
    with runtime.database.read() as session:
        return load_principal(session, person_id, runtime.clock.now(), runtime.settings.zone)


def _make_seals(runtime: Runtime, people: Mapping[str, UUID]) -> None:
    administrator = _principal(runtime, people["gaoyuan"])
    with runtime.database.write() as session:
        present = set(session.scalars(select(Seal.name)))
        entity = session.scalars(select(LegalEntity).where(LegalEntity.name == OURS)).one()
        for name, kind, keeper, code in SEALS:
            if name not in present:
                runtime.get(SigningService).create_seal(
                    session,
                    administrator,
                    entity_id=entity.id,
                    name=name,
                    kind=kind,
                    keeper_id=people[keeper],
                    code=code,
                )


class _Teller:
    """Plays one story."""

    def __init__(self, runtime: Runtime, people: Mapping[str, UUID], pins: Mapping[str, str]) -> None:
        self._runtime = runtime
        self._people = people
        self._pins = pins
        self._workflow = runtime.get(WorkflowService)

    def tell(self, story: Story) -> None:
        applicant = _principal(self._runtime, self._people[story.applicant])
        form = dict(story.form)
        for key, papers in story.papers.items():
            form[key] = [str(self._upload(applicant, *paper)) for paper in papers]
        if "invoices" in form:
            line = {"category": form.pop("category"), "amount": form["amount"]}
            form["invoices"] = [{"document": invoice, **line} for invoice in form["invoices"]]
        if "seal" in form:
            with self._runtime.database.read() as session:
                form["seal"] = str(session.scalar(select(Seal.id).where(Seal.name == form["seal"])))
        case_id = self._workflow.submit(applicant, story.flow, form)
        for act in story.acts:
            self._do(case_id, act)
        if story.comment is not None:
            who, text = story.comment
            with self._runtime.database.write() as session:
                self._workflow.comment(session, _principal(self._runtime, self._people[who]), case_id, text)
        if story.is_withdrawn:
            self._workflow.withdraw(applicant, case_id)

    def _upload(
        self,
        owner: Principal,
        name: str,
        kind: DocumentKind,
        paper: Contract | Invoice | Letter,
        is_photo: bool,
    ) -> UUID:
        data = typeset(paper)
        suffix = "pdf"
        if is_photo:
            data, suffix = photograph(data), "jpg"
        ingest = self._runtime.get(IngestService)
        received = ingest.receive(owner, io.BytesIO(data), f"{name}.{suffix}", kind)
        ingest.process(received.document_id)
        return received.document_id

    def _do(self, case_id: UUID, act: Act) -> None:
        principal = _principal(self._runtime, self._people[act.who])
        with self._runtime.database.read() as session:
            view = self._workflow.get_case(session, principal, case_id)
        if view.my_task is None:
            raise LookupError(f"{act.who} has nothing to do in {view.case.serial_number}")
        pin, shown = self._pins[act.who], view.sheet.digest
        if act.at is None:
            self._workflow.decide(principal, view.my_task.id, act.outcome, act.comment, pin, shown)
            return
        places = {one.id: [Placement(*act.at)] for one in view.documents if one.is_signed_in_place}
        self._workflow.seal(principal, view.my_task.id, pin, shown, places, act.comment)


def _stories(runtime: Runtime) -> list[Story]:
    today = runtime.clock.now().astimezone(runtime.settings.zone).date()
    earlier = [(today - timedelta(days=days)).isoformat() for days in range(0, 60, 5)]
    return [*_contracts(earlier), *_seal_requests(earlier), *_claims(earlier)]


def _contracts(days: list[str]) -> list[Story]:
    def contract(
        title: str, number: str, theirs: str, we_buy: bool, goods: str, amount: str, day: str
    ) -> dict[str, tuple[tuple[str, DocumentKind, Contract, bool], ...]]:
        paper = Contract(title, number, OURS, theirs, we_buy, goods, Decimal(amount), day)
        return {"contract": ((title, DocumentKind.CONTRACT, paper, False),)}

    def form(title: str, theirs: str, amount: str, direction: str, note: str = "") -> dict[str, Any]:
        return {
            "title": title,
            "counterparty": theirs,
            "amount": amount,
            "direction": direction,
            "seal": "合同专用章",
            "copies": 2,
            "note": note,
        }

    approve = Outcome.APPROVED
    whole = (
        Act("wangfang", approve, "业务需要，同意"),
        Act("zhouyang", approve, "条款已核对，无异议"),
        Act("liumin", approve, "在预算内"),
        Act("chenjianguo", approve),
        Act("sunli", Outcome.SEALED, at=(2, 62.0, 88.0)),
    )
    software, office, cloud = (
        "江南智算（演示）信息技术有限公司",
        "春和（演示）办公设备有限公司",
        "北辰（演示）云计算有限公司",
    )
    return [
        Story(
            "zhangwei",
            "contract",
            form("档案管理软件采购合同", software, "268000.00", "pay", "已比价三家"),
            contract(
                "档案管理软件采购合同",
                "CG-DEMO-2601",
                software,
                True,
                "企业档案管理软件一套及实施服务",
                "268000",
                days[9],
            ),
            whole,
        ),
        Story(
            "lina",
            "contract",
            form("年度云服务器租用合同", cloud, "96000.00", "pay"),
            contract(
                "年度云服务器租用合同", "CG-DEMO-2602", cloud, True, "云服务器及存储服务", "96000", days[6]
            ),
            whole,
        ),
        Story(
            "zhangwei",
            "contract",
            form("市场推广服务合同", "东湖（演示）文化传媒有限公司", "158000.00", "pay"),
            contract(
                "市场推广服务合同",
                "CG-DEMO-2603",
                "东湖（演示）文化传媒有限公司",
                True,
                "新产品市场推广服务",
                "158000",
                days[2],
            ),
            whole[:2],
            comment=("zhouyang", "请业务部门补充推广效果的验收标准，作为付款依据。"),
        ),
        Story(
            "huanglin",
            "contract",
            form("测试设备租赁合同", office, "42000.00", "pay"),
            contract(
                "测试设备租赁合同", "CG-DEMO-2604", office, True, "高低温测试设备租赁", "42000", days[1]
            ),
        ),
    ]


def _seal_requests(days: list[str]) -> list[Story]:
    def letter(
        title: str, to: str, text: str, day: str
    ) -> dict[str, tuple[tuple[str, DocumentKind, Letter, bool], ...]]:
        return {"documents": ((title, DocumentKind.ATTACHMENT, Letter(title, to, text, OURS, day), False),)}

    approve = Outcome.APPROVED
    income = (
        "兹证明李娜系我单位正式员工，任市场专员，入职日期为二〇二三年三月一日。\n"
        "其上年度税前年收入为人民币壹拾捌万元整。"
    )
    authorised = "兹授权我单位员工黄琳（研发部工程师）前往贵单位办理产品送检事宜。\n授权期限自即日起三十日。"
    tender = "兹证明我单位近三年内无重大违法记录，具备履行合同所必需的设备和专业技术能力。"
    return [
        Story(
            "lina",
            "seal_request",
            {
                "purpose": "开具在职及收入证明",
                "recipient": "某某银行（演示）江宁支行",
                "seal": "公章",
                "copies": 1,
            },
            letter("在职及收入证明", "某某银行（演示）江宁支行", income, days[4]),
            (
                Act("wangfang", approve),
                Act("zhouyang", approve, "格式无误"),
                Act("sunli", Outcome.SEALED, at=(1, 150.0, 150.0)),
            ),
        ),
        Story(
            "huanglin",
            "seal_request",
            {"purpose": "产品送检授权委托书", "recipient": "省质检院（演示）", "seal": "公章", "copies": 2},
            letter("授权委托书", "省质检院（演示）", authorised, days[1]),
            (Act("zhaolei", approve, "同意"), Act("zhouyang", approve)),
        ),
        Story(
            "zhangwei",
            "seal_request",
            {"purpose": "投标资格声明函", "recipient": "市采购中心（演示）", "seal": "公章", "copies": 3},
            letter("资格声明函", "市采购中心（演示）", tender, days[3]),
            (Act("wangfang", approve), Act("zhouyang", Outcome.RETURNED, "请写明项目名称和编号后重新提交")),
        ),
    ]


def _claims(days: list[str]) -> list[Story]:
    def invoice(
        name: str, number: str, day: str, seller: str, *lines: tuple[str, int, str, str], photo: bool = False
    ) -> tuple[str, DocumentKind, Invoice, bool]:
        paper = Invoice(
            number,
            day,
            seller,
            "91310000DEMO00001X",
            OURS,
            OUR_TAX_ID,
            tuple((goods, count, Decimal(net), Decimal(tax)) for goods, count, net, tax in lines),
        )
        return name, DocumentKind.INVOICE, paper, photo

    def form(category: str, purpose: str, amount: str, late_reason: str = "") -> dict[str, Any]:
        return {"category": category, "purpose": purpose, "amount": amount, "late_reason": late_reason}

    approve = Outcome.APPROVED
    travel = "江南旅行（演示）服务有限公司"
    return [
        Story(
            "zhangwei",
            "reimbursement",
            form("travel", "上海客户拜访往返", "2800.00", "出差返回后统一整理票据"),
            {
                "invoices": (
                    invoice(
                        "机票与住宿发票",
                        "26312000000010000011",
                        days[5],
                        travel,
                        ("旅游服务*机票代订", 1, "1886.79", "113.21"),
                        ("住宿服务*住宿费", 2, "754.72", "45.28"),
                    ),
                )
            },
            (Act("wangfang", approve), Act("liumin", approve, "票据齐全，准予报销")),
        ),
        Story(
            "huanglin",
            "reimbursement",
            form("training", "信息安全培训", "3600.00", "培训结业后才收到发票"),
            {
                "invoices": (
                    invoice(
                        "培训费发票",
                        "26312000000010000012",
                        days[4],
                        "明德（演示）教育咨询有限公司",
                        ("非学历教育*培训费", 1, "3396.23", "203.77"),
                    ),
                )
            },
            (Act("zhaolei", approve, "同意"), Act("liumin", approve)),
        ),
        Story(
            "lina",
            "reimbursement",
            form("transport", "展会期间市内交通", "186.00", "展会结束后一并提交"),
            {
                "invoices": (
                    invoice(
                        "出租车发票",
                        "26312000000010000013",
                        days[2],
                        "顺达（演示）出租汽车有限公司",
                        ("运输服务*客运服务费", 1, "175.47", "10.53"),
                        photo=True,
                    ),
                )
            },
            (Act("wangfang", approve),),
        ),
        Story(
            "zhangwei",
            "reimbursement",
            form("entertainment", "接待合作伙伴", "1280.00", "商家补开发票较晚"),
            {
                "invoices": (
                    invoice(
                        "餐饮发票",
                        "26312000000010000014",
                        days[2],
                        "山水（演示）餐饮有限公司",
                        ("餐饮服务*餐费", 1, "1207.55", "72.45"),
                    ),
                )
            },
            (Act("wangfang", Outcome.REJECTED, "超出接待标准，请按制度另行申请"),),
        ),
        Story(
            "huanglin",
            "reimbursement",
            form("office", "采购键盘和显示器支架", "742.00"),
            {
                "invoices": (
                    invoice(
                        "办公用品发票",
                        "26312000000010000015",
                        days[0],
                        "春和（演示）办公设备有限公司",
                        ("计算机外部设备*键盘", 2, "400.00", "24.00"),
                        ("金属制品*支架", 2, "300.00", "18.00"),
                    ),
                )
            },
        ),
        Story(
            "lina",
            "reimbursement",
            form("travel", "杭州行业会议", "1560.00", "会议主办方延期开票"),
            {
                "invoices": (
                    invoice(
                        "高铁与住宿发票",
                        "26312000000010000016",
                        days[3],
                        travel,
                        ("旅游服务*火车票代订", 1, "716.98", "43.02"),
                        ("住宿服务*住宿费", 1, "754.72", "45.28"),
                    ),
                )
            },
            is_withdrawn=True,
        ),
    ]
