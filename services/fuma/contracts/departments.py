"""The departments that report, as topic and user names have them."""

from __future__ import annotations

#: Name on the wire to its Chinese name.
DEPARTMENTS = {
    "health": "卫生健康",
    "public-security": "公安",
    "transport": "交通运输",
    "human-resources": "人力资源和社会保障",
    "education": "教育",
    "communications": "通信管理",
    "customs": "海关",
    "command": "疫情防控指挥部",
    "townships": "乡镇街道与单位",
}


def in_topic(department: str) -> str:
    """Where the department's sealed rows arrive."""
    return f"fuma.in.{department}"


def answers_topic(department: str) -> str:
    """Where it is answered, row by row."""
    return f"fuma.answers.{department}"


def feed_topic(department: str) -> str:
    """Where the gateway puts what names a holder."""
    return f"fuma.feed.{department}"
