"""Whether anything was lost or counted twice, asked from outside.

Reads the topics whole, and Redis, and compares them with the written protocol
(``docs/formats/records.md``, ``platform.md``). It shares no code with what it checks: framing, MAC,
partitioner, ids, chain and platform records are done again here, from the formats' pages.
"""
