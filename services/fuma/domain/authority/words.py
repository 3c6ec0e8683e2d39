"""Why a command, an order or a line was refused, or how it ended: the closed list, in words.

A code is what stands on the log and in replies; the words are what officers read.
"""

from __future__ import annotations

from fuma.domain.codes import words as codes
from fuma.domain.law.vocabulary import Words

#: The command itself.
COMMAND: dict[str, Words] = {
    "not-a-command": Words("不是合法的指令", "not in the form of a command"),
    "too-large": Words("指令过大", "larger than a command may be"),
    "bad-signature": Words("签名与密钥不符", "not signed by the key that it names"),
    "other-world": Words("指令属于另一系统", "signed for another world than this one"),
    "other-province": Words("指令属于另一省份", "signed for another province"),
    "province-unknown": Words("省份代码应为两位数字", "a province is two digits"),
    "expired": Words("指令已过期", "the command has expired: sign it anew"),
    "issued-later": Words(
        "签发时间晚于系统时间", "issued later than the log's time: check the clock"
    ),
    "validity-wrong": Words(
        "有效期不正确，最长72小时", "valid too long, or not at all: at most 72 hours"
    ),
    "same-id-other-content": Words(
        "同一指令编号内容不同", "the same id came before with another content"
    ),
    "key-unknown": Words("密钥未登记", "the key is not registered"),
    "key-ended": Words("密钥已停用", "the key was rotated, revoked, or its account closed"),
    "account-closed": Words("账号已关闭", "the account is closed"),
    "office-closed": Words("机构已关闭", "the office is closed"),
}

#: Offices, accounts, keys, the channel.
ACCOUNTS: dict[str, Words] = {
    "not-the-ceremony": Words("须由创世仪式签署", "a founding is signed by the ceremony's keys"),
    "not-founded": Words("该省尚未设立", "the province was not founded yet"),
    "already-founded": Words("该省已设立", "the province was founded before"),
    "office-kind-unknown": Words("未知的机构类别", "no such kind of office"),
    "level-not-of-division": Words("级别与区划不符", "the level is not that of the division"),
    "outside-jurisdiction": Words("超出管辖范围", "outside the jurisdiction"),
    "office-exists": Words("机构编号已使用", "an office of that id exists or existed"),
    "office-unknown": Words("没有该机构", "no such office"),
    "not-yours-to-open": Words(
        "无权开设或关闭该账号", "not yours to open or close by the procedure"
    ),
    "role-unknown": Words("未知的角色", "no such role"),
    "need-missing": Words("未说明需要", "an application states its need and its person"),
    "key-exists": Words("密钥已使用", "that key is or was in use: make another"),
    "already-applied": Words("申请已提交", "applied for already"),
    "account-exists": Words("账号编号已使用", "an account of that id exists or existed"),
    "account-unknown": Words("没有该账号", "no such account"),
    "application-unknown": Words("没有该申请", "no such application"),
    "own-application": Words("不得审核本人申请", "nobody reviews an application of their own"),
    "reason-missing": Words("须说明理由", "a reason is needed"),
    "no-channel": Words("该地没有名单通道", "no list channel by the procedure there"),
    "not-yours-to-admit": Words("无权准入", "not yours to admit"),
    "code-not-yours": Words("准入码不符", "not the code that was issued to this account"),
    "not-admitted": Words("未准入名单通道", "not admitted to the list channel"),
    "list-unknown": Words("没有该名单", "no such list"),
    "list-exists": Words("名单编号已使用", "a list of that id exists"),
    "seal-wrong": Words("加密公钥不正确", "no X25519 public key to encrypt lists to"),
    "recipient-not-admitted": Words(
        "收件人未准入名单通道", "encrypted to somebody who is no member, or told no key"
    ),
    "not-a-recipient": Words("名单并非发给该账号", "the list was not encrypted to this account"),
}

#: Forms and the steps of their chain.
ORDERS: dict[str, Words] = {
    "order-exists": Words("赋码表编号已使用", "a form of that id exists"),
    "order-unknown": Words("没有该赋码表", "no such form"),
    "order-not-open": Words("赋码表不在办理中", "the form is not open any more, or not complete"),
    "order-not-effective": Words("赋码未生效", "the order is not in effect"),
    "no-procedure-for-orders": Words(
        "当地流程不以赋码表办理",
        "the procedure there takes no forms: reports are handled automatically",
    ),
    "not-your-step": Words("该步骤不属本岗位", "not your step by the procedure"),
    "may-report": Words("可按流程上报", "you may report: the procedure gives you that step"),
    "no-law": Words("当时当地没有有效的规则", "no law is in force there"),
    "ground-not-in-force": Words("现行规则中没有该事由", "not a ground by the rulebook in force"),
    "colour-not-of-ground": Words("该事由不产生此颜色", "the ground does not give that colour"),
    "begins-too-late": Words("生效时间晚于三十日之后", "asks for effect more than 30 days ahead"),
    "before-recorded": Words("生效时间早于签发", "asks for effect before it is recorded"),
    "until-before-from": Words("结束时间不晚于开始时间", "ends before it begins"),
    "beyond-term": Words("超过规则规定期限", "longer than the rule's term"),
    "ended-before-recorded": Words("记录时已过期", "its time had ended when it was to take effect"),
    "papers-missing": Words("缺少流程要求的材料", "papers that the procedure asks for are missing"),
    "count-wrong": Words("人数或摘要不正确", "the count or digest is not in order"),
    "not-the-drafter": Words("并非填表人", "only who drafted or signed it may do that"),
    "content-frozen": Words("内容已冻结", "the content is frozen"),
    "page-wrong": Words("页码或行数不正确", "not a page of this form, or one that is there"),
    "root-differs": Words(
        "明细与签署摘要不符", "the lines are not those that the manifest was signed over"
    ),
    "procedure-changed": Words("流程已变更，须重新填报", "the procedure changed: draft anew"),
    "no-line-left": Words("没有可办理的行", "every line was refused"),
    "pages-missing": Words("明细未到齐", "pages are missing"),
    "not-the-next-step": Words("不是下一步骤", "not the step that is next"),
    "four-eyes": Words("同一自然人不得再次经办", "one natural person takes part in a form once"),
    "same-office": Words("须为另一机构", "another office is needed for this step"),
    "not-the-signing-office": Words(
        "须由填表机构签字", "signed by the office that filled the form"
    ),
    "content-differs": Words("内容与所签不符", "not the content that is on the log"),
    "not-held": Words("并非批量待批", "not held by the bulk gate"),
    "not-completed-in-time": Words("逾期未办结", "not completed in time"),
    "term": Words("期限届满", "its term ended"),
}

#: Single lines, and what undoes them.
LINES: dict[str, Words] = {
    "no-evidence": Words("缺少证据", "without evidence"),
    "subject-twice": Words("同一人重复", "the same person twice in one form"),
    "not-at-venue": Words("该人近期不在本场所", "the person was not at this venue in the time"),
    "one-person": Words("红码须两名自然人", "a red needs two natural persons"),
    "line-unknown": Words("没有该行", "no such line"),
    "fact-absent": Words("所引证据未到", "the fact it cites is not on the person's record"),
    "contradicted": Words(
        "证据相互矛盾", "the evidence is contradicted: held until a person decides"
    ),
    "unanswered": Words("未得到确认", "nobody confirmed it in its time"),
    "condition-met": Words("符合解除条件", "its lifting condition is met"),
    "never-valid": Words("自始无效", "it was never valid"),
    "appeal": Words("申诉成立", "an appeal was upheld against it"),
    "appeal-overdue": Words("申诉逾期且无证据", "an appeal is overdue and no evidence on file"),
    "own-order": Words("不得处理本人经办的赋码", "nobody decides on an order they took part in"),
    "not-recalled": Words("没有待确认的撤回", "nothing is to be acknowledged"),
    "not-the-recipient": Words("并非接收方", "not the recipient that was recalled"),
}

#: Appeals, complaints, daily returns.
CASES: dict[str, Words] = {
    "case-exists": Words("受理编号已使用", "a case of that number exists"),
    "case-kind-unknown": Words("应为申诉或投诉", "a case is an appeal or a complaint"),
    "case-not-open": Words("案件不存在或已办结", "no such case, or closed"),
    "department-missing": Words("须指明有关部门", "a complaint names the department concerned"),
    "below-escalated-level": Words("须由上一级办理", "it was brought to a higher level"),
    "not-a-decider": Words("该账号无权承办", "not one who decides by the procedure"),
    "not-the-department-concerned": Words(
        "须由有关部门办理", "a complaint is given to the department that it concerns"
    ),
    "not-the-decider": Words("并非承办人", "not the decider it was given to"),
    "outcome-missing": Words("须有结论和理由", "closed only with an outcome and its reason"),
    "no-returns-here": Words("当地没有日报", "no daily returns by the procedure there"),
    "another-department": Words("不得报送其他部门数据", "another department's data"),
    "day-wrong": Words("日期不正确", "not a day of the last seven"),
    "already-returned": Words("已报送，更正须注明", "returned already: say that it corrects"),
    "nothing-to-correct": Words("没有可更正的报送", "nothing to correct"),
    "items-differ": Words(
        "与各部门报送不一致", "not what the departments pushed: it may edit nothing"
    ),
}

WORDS: dict[str, Words] = {**COMMAND, **ACCOUNTS, **ORDERS, **LINES, **CASES}


def words(code: str) -> Words:
    """The words of ``code``; a reason in an officer's own words is itself."""
    return WORDS.get(code) or codes.words(code)
