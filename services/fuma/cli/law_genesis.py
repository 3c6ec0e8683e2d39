"""The genesis of a world: signed with both ceremony keys, written once, pinned."""

from __future__ import annotations

import secrets

from fuma.cli.errors import CliError
from fuma.contracts import dsse, genesis, lawlog
from fuma.contracts.errors import Fatal
from fuma.contracts.rulesfile import Text
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import TIME_HEADER, pack_time
from fuma.runtime.ports import Outgoing


def write_genesis(
    home: Home, texts: list[Text], *, simulated: bool, at: Ms, publisher: str
) -> genesis.World:
    """Sign and write the first record of ``law``, and pin it; both or, after a kill, again.

    (1) keys, (2) the record, (3) the pin. Killed after (2), the next run finds a genesis that its
    own ceremony keys signed, and only pins it.
    """
    keyfiles.generate(home.path)
    reader = KafkaLogReader(kafka_config(home, "auditor"))
    try:
        bounds = reader.bounds(lawlog.LAW_TOPIC, 0)
        if bounds.end > 0:
            return _adopt(home, reader)
    finally:
        reader.close()
    body, envelope = sign_genesis(home, texts, simulated=simulated, at=at, publisher=publisher)
    headers = ((TIME_HEADER, pack_time(at)),) if simulated else ()
    appender = KafkaAppender(kafka_config(home, "law"))
    try:
        value = lawlog.genesis_value(envelope, at)
        appender.append([Outgoing(lawlog.LAW_TOPIC, 0, lawlog.GENESIS_KEY, value, headers)])
    finally:
        appender.close()
    world = genesis.world_of(body)
    genesis.write_world(home.world, world)
    return world


def sign_genesis(
    home: Home, texts: list[Text], *, simulated: bool, at: Ms, publisher: str
) -> tuple[bytes, bytes]:
    """(payload, envelope) of a new world's genesis."""
    first, second = (keyfiles.signing_key(home.path, k) for k in (Key.CEREMONY_A, Key.CEREMONY_B))
    key = dsse.public_bytes(keyfiles.signing_key(home.path, Key.PUBLISHER)).hex()
    body = genesis.payload(
        genesis.Genesis(
            secrets.token_hex(16),
            simulated,
            at,
            (dsse.public_bytes(first).hex(), dsse.public_bytes(second).hex()),
            (genesis.Publisher(key, publisher, publisher, ""),),
            tuple(text.body for text in texts),
        )
    )
    return body, dsse.sign(genesis.GENESIS_TYPE, body, first, second)


def _adopt(home: Home, reader: KafkaLogReader) -> genesis.World:
    """Pin a genesis that is on the log already, if our ceremony keys signed it."""
    first = next(iter(reader.read(lawlog.LAW_TOPIC, 0, 0, 1)))
    envelope = lawlog.envelope_of(first.value)
    found, body = genesis.open_genesis(envelope)
    ours = {
        dsse.public_bytes(keyfiles.signing_key(home.path, k)).hex()
        for k in (Key.CEREMONY_A, Key.CEREMONY_B)
    }
    if set(found.ceremony) != ours:
        raise Fatal(
            "law begins with a genesis that other keys signed", "use an empty broker, or its keys"
        )
    world = genesis.world_of(body)
    if home.world.exists():
        genesis.write_world(home.world, world)  # Fatal where another is pinned
        raise CliError(f"this world has begun already ({world.id.hex()})", "publish texts instead")
    genesis.write_world(home.world, world)
    return world
