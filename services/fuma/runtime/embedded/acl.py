"""Who may do what: the broker's ACLs from the topics' annotations, and the users of Redis."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from fuma.contracts.topics import TopicSpec
from fuma.runtime.embedded.credentials import ADMIN, REDIS_USERS, Credential


class Rule(NamedTuple):
    """One thing that ``user`` is allowed. Everything else is denied, the broker's default."""

    user: str
    operation: str  # READ | WRITE | DESCRIBE
    resource: str  # TOPIC | GROUP
    pattern: str  # LITERAL | PREFIXED
    name: str


def kafka_rules(specs: Iterable[TopicSpec]) -> set[Rule]:
    """What the annotations allow, and to each consumer its own groups.

    READ and WRITE imply DESCRIBE. A group is ``fuma.<user>`` or ``fuma.<user>.<anything>``. Nobody
    gets DELETE, ALTER or CREATE: those are the administrator's, who needs no rule.
    """
    rules: set[Rule] = set()
    for spec in specs:
        for user in spec.producers:
            rules.add(Rule(user, "WRITE", "TOPIC", "LITERAL", spec.name))
        for user in spec.consumers:
            rules.add(Rule(user, "READ", "TOPIC", "LITERAL", spec.name))
            rules.add(Rule(user, "READ", "GROUP", "LITERAL", f"fuma.{user}"))
            rules.add(Rule(user, "READ", "GROUP", "PREFIXED", f"fuma.{user}."))
    # The auditor sees how far everyone has read (`fuma lag`), without being able to move it.
    rules.add(Rule("auditor", "DESCRIBE", "GROUP", "PREFIXED", "fuma."))
    return {rule for rule in rules if rule.user != ADMIN}


# The sink writes with WATCH and MULTI, and never needs a script.
_REDIS_GRANTS = {
    "sink": "~fuma:* -@all +@read +@write +@connection +@transaction +eval +evalsha +script|load "
    "+time +wait -@dangerous +info +client|setname +client|setinfo "
    # Its guard: to be told of every key that somebody else changes, and who is connected.
    "+client|list +client|id +client|tracking +acl|log +subscribe +unsubscribe "
    "resetchannels &__redis__:invalidate",
    "reader": "~fuma:* -@all +@read +@connection +@transaction +time -@dangerous +info "
    "+client|setname +client|setinfo",
    ADMIN: "~* &* +@all",
}


def redis_users(credentials: Iterable[Credential]) -> str:
    """The content of Redis's ACL file. ``default``, who needs no password, is off."""
    lines = ["user default off nopass sanitize-payload resetchannels -@all"]
    for secret in credentials:
        if secret.user not in REDIS_USERS:
            raise ValueError(f"no such Redis user: {secret.user}")
        digest = hashlib.sha256(secret.password.encode()).hexdigest()
        lines.append(f"user {secret.user} on #{digest} {_REDIS_GRANTS[secret.user]}")
    return "\n".join(lines) + "\n"
