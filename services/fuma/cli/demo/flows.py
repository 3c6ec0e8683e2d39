"""What a province's departments report on one day, and in which measure: the demo's only numbers.

Counts are per 100,000 holders. They are made up: a province in the middle of an outbreak, with the
mistakes that every real feed has. Companions and stays in high-risk areas are reported by nobody:
they follow from ``itineraries``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """How some of a flow's findings end the same day."""

    evidence: str
    share: float  # of the flow's findings
    hours: tuple[float, float]  # after the finding was reported


@dataclass(frozen=True, slots=True)
class Flow:
    """One kind of report from one department. ``age``: days by which ``from`` precedes it."""

    department: str
    kind: str
    ground: str
    evidence: str
    count: int
    hours: tuple[float, float] = (0.2, 23.5)  # of the day, when it is reported
    age: tuple[float, float] = (0.0, 0.5)
    ending: Ending | None = None


FLOWS: tuple[Flow, ...] = (
    # health and its CDCs: the day's new cases, and those of the days before that come late
    Flow("health", "finding", "confirmed", "diagnosis-report", 160),
    Flow(
        "health",
        "finding",
        "confirmed",
        "diagnosis-report",
        120,
        (0.2, 6.0),
        (6.0, 20.0),
        Ending("discharge-notice", 0.5, (4.0, 15.0)),
    ),
    Flow("health", "finding", "asymptomatic", "pcr-report", 420),
    Flow(
        "health",
        "finding",
        "asymptomatic",
        "pcr-report",
        150,
        (0.2, 6.0),
        (5.0, 14.0),
        Ending("release-notice", 0.6, (4.0, 15.0)),
    ),
    Flow(
        "health",
        "finding",
        "suspected",
        "clinical-report",
        180,
        (0.2, 12.0),
        (0.0, 0.5),
        Ending("exclusion-report", 0.4, (3.0, 11.0)),
    ),
    Flow("health", "finding", "re-positive", "pcr-pair", 30),
    Flow("health", "finding", "close-contact", "isolation-record", 2_400, age=(0.0, 3.0)),
    Flow(
        "health",
        "finding",
        "close-contact",
        "isolation-record",
        900,
        (0.2, 8.0),
        (9.0, 13.0),
        Ending("release-notice", 0.3, (3.0, 12.0)),
    ),
    Flow("health", "finding", "secondary-contact", "contact-link", 3_600, age=(0.0, 3.0)),
    Flow(
        "health",
        "finding",
        "unexplained-fever",
        "fever-clinic-record",
        500,
        (0.2, 16.0),
        (0.0, 0.3),
        Ending("exclusion-report", 0.5, (2.0, 7.0)),
    ),
    Flow("health", "death", "", "death-certificate", 12, age=(0.0, 0.4)),
    # customs: who came in and is in isolation
    Flow("customs", "finding", "inbound", "border-record", 900, age=(0.0, 2.0)),
    Flow(
        "customs",
        "finding",
        "inbound",
        "border-record",
        300,
        (0.2, 8.0),
        (8.0, 13.0),
        Ending("release-notice", 0.5, (3.0, 12.0)),
    ),
    # everyday scans of venue codes: recorded, never a colour
    Flow("transport", "scan", "", "venue-scan", 9_000, (5.0, 23.5), (0.0, 0.05)),
    Flow("education", "scan", "", "venue-scan", 4_000, (6.5, 19.0), (0.0, 0.05)),
    Flow("human-resources", "scan", "", "venue-scan", 2_500, (7.0, 19.0), (0.0, 0.05)),
    Flow("communications", "scan", "", "venue-scan", 2_000, (6.0, 23.0), (0.0, 0.05)),
    Flow("townships", "scan", "", "venue-scan", 6_000, (6.0, 22.0), (0.0, 0.05)),
    Flow("command", "scan", "", "venue-scan", 500, (8.0, 20.0), (0.0, 0.05)),
)

#: Mistakes: how many of each, per 100,000 holders, and which department makes them.
MISTAKES: tuple[tuple[str, str, int], ...] = (
    ("bad-checksum", "health", 90),
    ("bad-checksum", "public-security", 60),
    ("wrong-name", "health", 80),
    ("not-in-register", "customs", 70),
    ("wrong-owner", "transport", 50),
    ("wrong-owner", "townships", 60),
    ("wrong-owner", "education", 30),
    ("wrong-owner", "communications", 40),
    ("no-evidence", "health", 60),
    ("no-evidence", "customs", 40),
    ("wrong-evidence", "public-security", 60),
    ("unknown-ground", "human-resources", 20),
    ("unknown-ground", "command", 30),
    ("unknown-division", "health", 30),
    ("until-before-from", "health", 25),
    ("not-json", "townships", 5),
    ("ended-long-ago", "customs", 40),
    ("repeat", "health", 150),
    ("repeat", "transport", 100),
    ("same-id-other-content", "health", 10),
)
