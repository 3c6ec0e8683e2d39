"""What may be wrong with a row, in words: the closed list of codes that a department can get.

Codes of the rule itself (ground, owner, evidence, times) are ``domain.codes.words``; these are the
door's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one row. ``field`` is a path in the report, or a column."""

    field: str
    code: str
    zh: str
    en: str


WORDS: dict[str, tuple[str, str]] = {
    # form of the event
    "not-json": ("不是合法的 JSON", "not valid JSON"),
    "not-object": ("应为 JSON 对象", "not a JSON object"),
    "too-long": ("内容过长", "longer than allowed"),
    "missing": ("缺少必填项", "missing"),
    "unknown-field": ("未知字段", "unknown field"),
    "not-text": ("应为文本", "not a text"),
    "bad-text": ("含有控制字符", "contains control characters"),
    "bad-specversion": ("specversion 应为 1.0", "specversion must be 1.0"),
    "bad-type": ("未知的报告类型", "unknown type of report"),
    "bad-content-type": ("datacontenttype 应为 application/json", "must be application/json"),
    "bad-time": ("时间格式不正确或缺少时区", "not an RFC 3339 instant with an offset"),
    "bad-date": ("日期或时间格式不正确", "neither a date nor an RFC 3339 instant with an offset"),
    "not-list": ("应为列表", "not a list"),
    "too-many": ("数量过多", "more than allowed"),
    "bad-count": ("应为非负整数", "not a whole number from 0"),
    "bad-flag": ("应为 true 或 false", "neither true nor false"),
    "not-for-kind": ("此类报告不应有该字段", "not for this kind of report"),
    # what it says
    "id-form": ("身份证号码应为 18 位", "an identity number has 18 characters"),
    "id-birth-date": ("身份证号码中的出生日期不存在", "no such birth date as in the number"),
    "id-checksum": ("身份证号码校验位不正确", "the check digit of the number is wrong"),
    "division-form": ("行政区划代码格式不正确", "not in the form of a division code"),
    "division-unknown": ("行政区划代码不存在", "no such division"),
    "until-before-from": ("结束时间不晚于开始时间", "ends before it begins"),
    # the itinerary
    "division-not-within": (
        "风险区不在报告所属行政区划内",
        "an area's divisions lie within the division that draws it",
    ),
    "place-form": (
        "地点应为网格、坐标或交通工具班次之一",
        "a place is a cell, coordinates, or a vehicle run, and one of them only",
    ),
    "bad-cell": ("不存在的网格", "no cell of the grid"),
    "bad-coordinate": ("坐标格式不正确或超出范围", "not degrees in decimal text, or out of range"),
    "bad-vehicle": ("未知的交通工具", "none of flight, train, coach, ship"),
    "bad-run-number": ("班次号应为1至16位字母数字", "a run's number is 1 to 16 letters and digits"),
    "bad-seat": (
        "座位号应如12F，或为数字",
        "a seat is as on the ticket: 12F, or digits alone where seats are counted through",
    ),
    "seat-not-in-row": ("座位号与所报排号不一致", "the seat is in another row than the one stated"),
    "place-not-of-evidence": (
        "所附证据不能证明该类地点",
        "this kind of evidence does not show this kind of place",
    ),
    "not-presence": (
        "扫码不等于到场，不能作为驻留证据",
        "a scan is not presence: a picture of the code may have been scanned anywhere",
    ),
    "not-over": ("尚未结束", "not over yet when it was reported"),
    "stay-too-long": ("单次驻留超过4天，须分段报告", "longer than 4 days: report it in pieces"),
    "over-too-long": ("已结束超过14天", "over for more than 14 days: nothing is compared with it"),
    "reported-too-late": (
        "报告时间超过14天，比对不再采用",
        "reported more than 14 days ago: the comparison takes it no longer",
    ),
    "not-traced": (
        "现行规则不追踪该类人员的接触者",
        "by the rulebook in force such a person's stays are not compared",
    ),
    "not-beside-periods": ("不得与 periods 同时出现", "not beside periods"),
    "withdrawn-needs-revision": (
        "撤回须使用更高的修订号",
        "a withdrawal needs a revision above the one it takes back",
    ),
    # the clock of a simulated world
    "time-jump": (
        "模拟时间超前过多",
        "its simulated time is further ahead of the log than this deployment lets it jump",
    ),
    # the batch
    "incomplete-batch": (
        "申报行数与实际不符，整批拒收",
        "the batch did not have the rows it declared: refused whole",
    ),
    "declared-changed": (
        "同一批次申报行数前后不一致，整批拒收",
        "the declared count changed within the batch: refused whole",
    ),
    "not-sealed-to-us": ("无法解封", "could not be opened: not sealed to this gateway"),
    "undecodable": ("无法解码", "the record could not be decoded"),
    # the mapping (local, at the client)
    "bad-encoding": ("字符编码不正确", "not in the encoding that the mapping names"),
    "bad-csv": ("CSV 格式不正确", "not well-formed CSV"),
    "column-count": ("列数与表头不一致", "has another number of columns than the header"),
    "empty-cell": ("必填列为空", "empty, but the report needs it"),
    "bad-date-cell": ("日期不符合映射中的任何格式", "in none of the date forms of the mapping"),
    "unknown-word": ("代码词不在映射表中", "not among the code words of the mapping"),
    "no-report": ("该行未产生任何报告", "no report follows from this row"),
}


def fault(field: str, code: str, detail: str = "") -> Fault:
    """A fault in the words of the list; ``detail`` (no identity in it) is put behind both."""
    zh, en = WORDS[code]
    if detail:
        zh, en = f"{zh}：{detail}", f"{en}: {detail}"
    return Fault(field, code, zh, en)
