"""The closed lists that a rulebook is written in: grounds, kinds of evidence, departments.

Each word is what stands on the wire; the pair beside it is how a holder reads it (Chinese,
English). A word that is not here is refused wherever it appears, in a book and in a report.
"""

from __future__ import annotations

from typing import NamedTuple

from fuma.domain.colour import Colour
from fuma.domain.time import DAY, HOUR, ID_HORIZON, Ms


class Words(NamedTuple):
    """One thing in both languages."""

    zh: str
    en: str


GROUNDS: dict[str, Words] = {
    "confirmed": Words("确诊病例", "confirmed case"),
    "suspected": Words("疑似病例", "suspected case"),
    "asymptomatic": Words("无症状感染者", "asymptomatic infection"),
    "re-positive": Words("复阳人员", "re-positive"),
    "close-contact": Words("密切接触者", "close contact"),
    "secondary-contact": Words("次密接", "secondary contact"),
    "unexplained-fever": Words("不明原因发热", "unexplained fever"),
    "high-risk-area": Words("高风险地区旅居史", "stay in a high-risk area"),
    "inbound": Words("入境隔离人员", "inbound traveller in isolation"),
    "test-positive": Words("核酸检测阳性", "positive test"),
    "pooled-positive": Words("混管阳性", "positive pooled test"),
    "big-data-risk": Words("大数据风险人员", "big-data risk person"),
    "spatiotemporal-companion": Words("时空伴随", "spatiotemporal companion"),
    "monitoring": Words("健康监测", "health monitoring"),
    "refused-testing": Words("拒不参加核酸检测", "refused mass testing"),
    "other-province": Words("外省赋码", "assigned by another province"),
    "other-by-document": Words("指挥部文件规定的其他情形", "other, by document of the command"),
}

EVIDENCE: dict[str, Words] = {
    "diagnosis-report": Words("确诊报告", "diagnosis report"),
    "clinical-report": Words("临床报告", "clinical report"),
    "pcr-report": Words("核酸检测报告", "PCR report"),
    "pcr-pair": Words("两次核酸检测报告", "pair of PCR reports"),
    "contact-link": Words("密接流调记录", "record of the link to a case"),
    "isolation-record": Words("隔离记录", "isolation record"),
    "fever-clinic-record": Words("发热门诊记录", "fever-clinic record"),
    "area-presence": Words("风险区驻留记录", "dated presence in the area"),
    "border-record": Words("入境记录", "border record"),
    "laboratory-report": Words("实验室报告", "laboratory report"),
    "two-sources": Words("两个来源的数据", "two independent sources"),
    "grid-match": Words("时空网格比对结果", "match of grid and time"),
    "release-notice": Words("解除隔离通知", "notice of release"),
    "discharge-notice": Words("出院通知", "notice of discharge"),
    "exclusion-report": Words("排除报告", "report of exclusion"),
    "negative-test": Words("核酸阴性报告", "negative test"),
    "command-statement": Words("指挥部情况说明", "statement by the command"),
    "command-document": Words("指挥部文件", "document of the command"),
    "received-red": Words("外省红码决定", "another province's decision, red"),
    "received-yellow": Words("外省黄码决定", "another province's decision, yellow"),
    "received-end": Words("外省解除或撤销决定", "another province's end of its decision"),
    "death-certificate": Words("死亡证明", "death certificate"),
    "venue-scan": Words("场所码扫码记录", "scan of a venue code"),
    "signal-record": Words("通信行程数据", "communications itinerary record"),
    "ticket-record": Words("乘运票务记录", "record of a ticket that was used"),
    "police-record": Words("公安查验记录", "record of a police check"),
}

DEPARTMENTS: dict[str, Words] = {
    "health": Words("卫生健康部门", "health"),
    "public-security": Words("公安部门", "public security"),
    "transport": Words("交通运输部门", "transport"),
    "human-resources": Words("人力资源和社会保障部门", "human resources and social security"),
    "education": Words("教育部门", "education"),
    "communications": Words("通信管理部门", "communications"),
    "customs": Words("海关", "customs"),
    "command": Words("疫情防控指挥部", "the command"),
    "townships": Words("乡镇街道与单位", "townships and units"),
}


class Limit(NamedTuple):
    """What no book may exceed for a ground."""

    worst: Colour
    term: Ms  # all its colours together


#: A red lasts 30 days at most without a new report (A).
MAX_RED: Ms = 30 * DAY
#: No order lasts as long as ids are remembered: what came before a release can then never be
#: both forgotten and in force.
MAX_TERM: Ms = ID_HORIZON - DAY

_LIMITS = {
    "monitoring": Limit(Colour.YELLOW, 14 * DAY),
    "refused-testing": Limit(Colour.YELLOW, 3 * DAY),
    "other-by-document": Limit(Colour.RED, 72 * HOUR),
}


def limit(ground: str) -> Limit:
    """The furthest that a book may go for ``ground``."""
    return _LIMITS.get(ground, Limit(Colour.RED, MAX_TERM))
