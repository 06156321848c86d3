"""An invented register of seal uses and long documents, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from search.index import Record, Tag

START: Final = datetime(2018, 1, 1, tzinfo=UTC)
CITIES: Final = (
    "北京", "上海", "广州", "深圳", "杭州", "南京", "苏州", "成都",
    "武汉", "西安", "重庆", "天津", "青岛", "宁波", "厦门", "长沙",
)  # fmt: skip
SYLLABLES: Final = (
    "华", "中", "天", "金", "瑞", "恒", "盛", "德", "安", "信", "达", "利", "宏", "泰",
    "鑫", "龙", "汇", "通", "联", "远", "博", "嘉", "祥", "锦", "源", "腾", "云", "智",
    "创",
)  # fmt: skip
TRADES: Final = (
    "科技", "电子", "贸易", "建筑工程", "信息技术", "机械设备",
    "医疗器械", "物流", "供应链管理", "文化传媒", "环保", "软件",
)  # fmt: skip
PAPERS: Final = (
    "采购合同", "销售合同", "框架协议", "保密协议", "租赁合同",
    "技术服务合同", "授权委托书", "对账单", "验收单",
)  # fmt: skip
PROJECTS: Final = (
    "智慧园区", "数据中心扩建", "办公楼装修", "年度设备采购",
    "生产线改造", "云平台建设", "轨道交通三号线",
)  # fmt: skip
SEALS: Final = tuple(
    Tag(UUID(int=n + 1), name) for n, name in enumerate(("公章", "合同专用章", "财务专用章", "发票专用章"))
)
DEPARTMENTS: Final = tuple(
    Tag(UUID(int=n + 100), name)
    for n, name in enumerate(
        ("市场部", "采购部", "财务部", "法务部", "工程部", "人力资源部", "研发中心", "行政部")
    )
)
_SURNAMES: Final = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林罗高"
_GIVEN: Final = "芳伟娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂文辉玲建国华志"
PEOPLE: Final = tuple(
    Tag(UUID(int=10_000 + n), f"{surname}{first}{second}")
    for n, (surname, first, second) in enumerate(
        (surname, first, second) for surname in _SURNAMES for first in _GIVEN for second in ("", *_GIVEN[:4])
    )
)
_SENTENCES: Final = (
    "甲乙双方本着平等互利的原则，经友好协商，就下列事项达成一致。",
    "乙方应当按照约定的质量标准交付货物，并提供出厂检验报告。",
    "任何一方未经对方书面同意，不得将本合同项下的权利义务转让给第三人。",
    "因本合同引起的争议，双方应协商解决；协商不成的，提交仲裁委员会仲裁。",
    "付款方式为银行转账，收款账户以书面通知为准。",
    "保密义务在合同终止后三年内继续有效。",
    "验收不合格的，乙方应在十日内免费更换或者修理。",
)


@dataclass(frozen=True)
class Facts:
    """What a person may remember of a record."""

    project: str
    paper: str
    city: str
    name: str
    trade: str
    applicant: Tag
    seal: Tag
    number: str


def seal_records(many: int, seed: int = 1) -> Iterator[Record]:
    """Invented uses of seals."""
    return (record for record, _ in told(many, seed))


def told(many: int, seed: int = 1) -> Iterator[tuple[Record, Facts]]:
    """Invented uses of seals, each with what makes it up."""
    chance = random.Random(seed)
    for n in range(many):
        city, trade = chance.choice(CITIES), chance.choice(TRADES)
        name = chance.choice(SYLLABLES) + chance.choice(SYLLABLES)
        company = f"{city}{name}{trade}有限公司"
        project, paper = chance.choice(PROJECTS), chance.choice(PAPERS)
        number = f"HT-{chance.randrange(2018, 2027)}-{chance.randrange(10**6):06d}"
        people = chance.sample(range(len(PEOPLE)), 3)
        applicant, seal = PEOPLE[people[0]], chance.choice(SEALS)
        cents = chance.randrange(100_000, 9 * 10**8)
        department = chance.randrange(len(DEPARTMENTS))
        record = Record(
            kind="seal_record",
            id=UUID(int=n + 1_000_000),
            title=f"关于{project}项目{paper}用印申请",
            date=START + timedelta(seconds=chance.randrange(270_000_000)),
            number=number,
            texts=(
                f"根据{project}项目需要，拟与{company}签订{paper}，金额{cents / 100:,.2f}元，"
                f"一式{chance.randrange(2, 8)}份，请领导审批。",
            ),
            state="sealed",
            seal=seal,
            department=DEPARTMENTS[department],
            applicant=applicant,
            people=tuple(PEOPLE[one] for one in people),
            counterparty=company,
            amount=Decimal(cents) / 100,
            access=tuple(
                sorted(
                    {
                        *(f"person:{one}" for one in people),
                        f"department:{department + chance.randrange(7) * 8}",
                    }
                )
            ),
        )
        yield record, Facts(project, paper, city, name, trade, applicant, seal, number)


def documents(many: int, seed: int = 2) -> Iterator[Record]:
    """Invented contracts of five to thirty pages."""
    chance = random.Random(seed)
    for n in range(many):
        company = f"{chance.choice(CITIES)}{chance.choice(SYLLABLES)}{chance.choice(SYLLABLES)}"
        owner = chance.randrange(len(PEOPLE))
        paper = chance.choice(PAPERS)
        yield Record(
            kind="document",
            id=UUID(int=n + 1_000_000_000),
            title=f"{company}{paper}",
            date=START + timedelta(seconds=chance.randrange(270_000_000)),
            pages=tuple(
                f"第{page}页 " + "".join(chance.choices(_SENTENCES, k=12)) + company
                for page in range(1, chance.randrange(6, 31))
            ),
            subkind="contract",
            state="ready",
            department=DEPARTMENTS[owner % len(DEPARTMENTS)],
            applicant=PEOPLE[owner],
            people=(PEOPLE[owner],),
            counterparty=f"{company}有限公司",
            access=(f"person:{owner}",),
        )
