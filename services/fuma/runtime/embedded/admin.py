"""Brings a broker's users and ACLs to what the code says; topics are ``topicsync``'s."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from fuma.contracts.errors import Fatal, Retryable
from fuma.runtime.embedded.acl import Rule
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.credentials import ADMIN, credential
from fuma.runtime.embedded.paths import Home

_ITERATIONS = 4096  # the least that SCRAM allows: the passwords are 256 random bits
_TIMEOUT = 20.0


def admin_client(home: Home, user: str = ADMIN) -> AdminClient:
    """A client for administration; quiet while the broker is not there yet."""
    config: dict[str, str | int | float | bool] = {**kafka_config(home, user)}
    config |= {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 250}
    return AdminClient(config)


def wait_ready(client: AdminClient, *, patience: float) -> None:
    """Until the broker answers as a broker that knows its cluster. Raises ``Retryable``."""
    deadline = time.monotonic() + patience
    said = ""
    while time.monotonic() < deadline:
        try:
            if client.list_topics(timeout=1.0).brokers:
                return
        except KafkaException as error:
            fault = error.args[0]
            said = fault.str()
            if fault.code() == KafkaError._AUTHENTICATION:
                raise Fatal(
                    f"the broker does not take the administrator's password: {said}",
                    "the credentials and the broker's data are of different stacks",
                ) from error
        time.sleep(0.05)
    raise Retryable(f"the broker does not answer: {said or 'no broker in its answer'}")


def _unknown(client: AdminClient, users: list[str]) -> list[str]:
    """Those of ``users`` that the broker has no credential of."""
    known = client.describe_user_scram_credentials(users, request_timeout=_TIMEOUT)
    assert isinstance(known, dict)  # one answer for each user, since users were named
    missing = []
    for user, future in known.items():
        try:
            if not future.result(_TIMEOUT).scram_credential_infos:
                missing.append(user)
        except KafkaException:
            missing.append(user)
    return missing


def ensure_users(client: AdminClient, home: Home, users: list[str]) -> list[str]:
    """Give every user that the broker does not know its SCRAM credential; who was added."""
    missing = _unknown(client, users)
    if missing:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        changes: list[UserScramCredentialAlteration] = [
            UserScramCredentialUpsertion(u, info, credential(home, u).password.encode())
            for u in missing
        ]
        done = client.alter_user_scram_credentials(changes, request_timeout=_TIMEOUT)
        for future in done.values():
            future.result(_TIMEOUT)
        _settled(lambda: not _unknown(client, users), "the users")
    return missing


def _settled(holds: Callable[[], bool], what: str) -> None:
    """Wait until the broker itself has what its controller accepted: it follows a moment later."""
    deadline = time.monotonic() + _TIMEOUT
    while not holds():
        if time.monotonic() > deadline:
            raise Retryable(f"the broker has not taken over {what} after {_TIMEOUT:.0f} s")
        time.sleep(0.02)


def _binding(rule: Rule) -> AclBinding:
    return AclBinding(
        ResourceType[rule.resource],
        rule.name,
        ResourcePatternType[rule.pattern],
        f"User:{rule.user}",
        "*",
        AclOperation[rule.operation],
        AclPermissionType.ALLOW,
    )


def existing_rules(client: AdminClient) -> list[AclBinding]:
    """Every ACL that the broker has."""
    anything: Any = None  # the library's own stubs do not know that None matches everything
    everything = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return list(client.describe_acls(everything, request_timeout=_TIMEOUT).result(_TIMEOUT))


def ensure_rules(client: AdminClient, rules: set[Rule]) -> tuple[int, int]:
    """Make the broker's ACLs exactly ``rules``; how many were added and removed.

    One that is not declared is removed: a hole that somebody opened by hand closes again.
    """
    wanted = {_binding(rule) for rule in rules}
    present = set(existing_rules(client))
    missing, surplus = sorted(wanted - present), sorted(present - wanted)
    if missing:
        for future in client.create_acls(missing, request_timeout=_TIMEOUT).values():
            future.result(_TIMEOUT)
    if surplus:
        filters = [
            AclBindingFilter(
                a.restype,
                a.name,
                a.resource_pattern_type,
                a.principal,
                a.host,
                a.operation,
                a.permission_type,
            )
            for a in surplus
        ]
        for removed in client.delete_acls(filters, request_timeout=_TIMEOUT).values():
            removed.result(_TIMEOUT)
    if missing or surplus:
        _settled(lambda: set(existing_rules(client)) == wanted, "the access rules")
    return len(missing), len(surplus)
