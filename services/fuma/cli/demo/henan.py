"""The Henan case: every way in which 1,317 depositors might be turned red, tried for real.

What is shown of an attempt is what the platform itself recorded: the ledger's refusals, the
broker's authorizer log, dead letters, Redis's ACL log, incidents. Nothing is taken from the trying
side but how many records it sent. This module: through the door, with a department's own
credentials; ``henan_kafka`` and ``henan_redis``: past it.
"""

from __future__ import annotations

from collections.abc import Mapping

from fuma.cli.demo.driver import Told
from fuma.cli.demo.henan_kafka import directly, list_without_credentials, rows_as_a_department
from fuma.cli.demo.henan_redis import redis_directly
from fuma.cli.demo.planned import REFUSED, Report
from fuma.cli.demo.scene import CARRIED_OUT_BY, ORDERED_BY, Scene
from fuma.domain.time import HOUR, MINUTE

_VENUE = "场所码 郑州东站"
_STATION = {"place": {"latitude": "34.7597", "longitude": "113.7731"}}


def try_everything(scene: Scene) -> None:
    """One after the other. The ledger first, while the depositors have no record there."""
    directly(scene)
    stability_office_list(scene)
    false_inbound(scene)
    venue_code(scene)
    rows_as_a_department(scene)
    redis_directly(scene)


def stability_office_list(scene: Scene) -> None:
    """A list from a stability office: by itself, then in the name of the command."""
    scene.say("a list from a stability office")
    list_without_credentials(scene)
    told = _send(scene, "command", "finding", "stability", "command-document", ORDERED_BY)
    _refused(scene, "list from a stability office", "command", "ground-unknown", told)


def false_inbound(scene: Scene) -> None:
    """The reason that was shown in 2022: an inbound traveller in isolation."""
    scene.say('the false reason "inbound"')
    told = _send(scene, "command", "finding", "inbound", "border-record", ORDERED_BY)
    _refused(scene, 'false "inbound" ground', "command", "not-owner", told)
    told = _send(scene, "customs", "finding", "inbound", "", "口岸 009 号")
    _refused(scene, 'false "inbound", without a border record', "customs", "missing", told)


def venue_code(scene: Scene) -> None:
    """Scans of a forwarded venue code, then a stay in a high-risk area and a presence claimed from
    them."""
    scene.say("scans of a forwarded venue code")
    told = _send(scene, "townships", "scan", "", "venue-scan", _VENUE)
    scene.add(
        "scans of a forwarded venue code",
        "own (townships)",
        told.rows,
        f"{told.accepted:,} noted: a scan is no presence and gives no colour",
        f"dept-townships, {_VENUE}",
        held=told.accepted == told.rows == len(scene.people),
    )
    told = _send(
        scene, "public-security", "finding", "high-risk-area", "venue-scan", CARRIED_OUT_BY
    )
    way = "stay in a high-risk area, claimed from the scans"
    _refused(scene, way, "public-security", "evidence-not-of-ground", told)
    told = _send(scene, "communications", "presence", "", "venue-scan", _VENUE, _STATION)
    heard = scene.world.ask.at_the_door("communications", "not-presence")
    scene.add(
        "presence at the station, claimed from the scans",
        "own (communications)",
        told.rows,
        f"{told.refused:,} refused at the door (not-presence); oversight heard of {heard:,}",
        f"dept-communications, {_VENUE}",
        held=told.refused == told.rows == heard == len(scene.people),
    )


def _send(
    scene: Scene,
    department: str,
    kind: str,
    ground: str,
    evidence: str,
    reporter: str,
    more: Mapping[str, object] | None = None,
) -> Told:
    """A report on every depositor, through the department's own client."""
    scene.sent += 1
    at = scene.at + scene.sent * MINUTE
    rows = [
        Report(
            department, at, f"henan-{scene.sent}-{n:04d}", kind, p.number, p.name, p.home, ground,
            at - HOUR, at if more else None, evidence,
            f"H{scene.sent}{n:06d}" if evidence else "", reporter, REFUSED, more=more or {},
        )
        for n, p in enumerate(scene.people)
    ]  # fmt: skip
    name = f"henan-{scene.sent}"
    return scene.departments.send(department, name, rows, Told(), as_events=True)


def _refused(scene: Scene, way: str, department: str, code: str, told: Told) -> None:
    """Every row answered as refused, and every refusal on the ledger with who asked."""
    scene.world.ask.drained()
    recorded = scene.world.ask.refusals(scene.tags, department, code)
    scene.add(
        way,
        f"own ({department})",
        told.rows,
        f"{told.refused:,} refused at the door ({code}); {recorded.count:,} refusals on the ledger",
        f"dept-{department}, {recorded.reporter}",
        held=told.refused == told.rows == recorded.count == len(scene.people),
        at=recorded.at,
        connection=recorded.place,
    )
