"""What happens in the demo organisation: who applies for what, with which papers, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from ingest.models import DocumentKind
from vermilion.demo_documents import Contract, Invoice, Letter
from workflow.models import Outcome

OURS: Final = "云杉（演示）科技有限公司"
SELLER_TAX_ID: Final = "91310000DEM000001H"
OUR_TAX_ID: Final = "91320000DEM000002Q"
"""Both have the check digit of a social credit code (GB 32100), else every invoice would carry a warning."""


@dataclass(frozen=True)
class Act:
    """What somebody does with a case. ``seal`` needs places: (page, x, y) in millimetres."""

    who: str
    outcome: Outcome
    comment: str = ""
    at: tuple[int, float, float] | None = None


@dataclass(frozen=True)
class Addition:
    """Somebody has another approver decide before them 前加签."""

    who: str
    whom: str
    reason: str


@dataclass(frozen=True)
class Story:
    """A case of the demo: who applies for what with which papers, and what becomes of it."""

    applicant: str
    flow: str
    form: Mapping[str, Any]
    papers: Mapping[str, tuple[tuple[str, DocumentKind, Contract | Invoice | Letter, bool], ...]]
    acts: tuple[Act | Addition, ...] = ()
    is_withdrawn: bool = False
    comment: tuple[str, str] | None = field(default=None)


def invoice_of(number: str, day: str, seller: str, *lines: tuple[str, int, str, str]) -> Invoice:
    """An invoice made out to us; the number of a 数电票 without its year, which is that of the day."""
    return Invoice(
        day[2:4] + number,
        day,
        seller,
        SELLER_TAX_ID,
        OURS,
        OUR_TAX_ID,
        tuple((goods, count, Decimal(net), Decimal(tax)) for goods, count, net, tax in lines),
    )


def office_supplies(day: str) -> Invoice:
    """An invoice that is being claimed, and lies in its owner's folder in another file besides."""
    return invoice_of(
        "312000000010000015",
        day,
        "春和（演示）办公设备有限公司",
        ("计算机外部设备*键盘", 2, "400.00", "24.00"),
        ("金属制品*支架", 2, "300.00", "18.00"),
    )


def stories(today: date) -> list[Story]:
    """What happened in the demo organisation until today, in the order in which it is told."""
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
            (
                Addition("wangfang", "zhaolei", "请研发部确认所租配置是否够用"),
                Act("zhaolei", approve, "配置可满足明年需求"),
                *whole,
            ),
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
        return name, DocumentKind.INVOICE, invoice_of(number, day, seller, *lines), photo

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
                        "312000000010000011",
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
                        "312000000010000012",
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
                        "312000000010000013",
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
                        "312000000010000014",
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
            {"invoices": (("办公用品发票", DocumentKind.INVOICE, office_supplies(days[0]), False),)},
        ),
        Story(
            "lina",
            "reimbursement",
            form("travel", "杭州行业会议", "1560.00", "会议主办方延期开票"),
            {
                "invoices": (
                    invoice(
                        "高铁与住宿发票",
                        "312000000010000016",
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
