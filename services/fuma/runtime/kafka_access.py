"""Connection settings, which are written in librdkafka's words, for aiokafka's clients."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any


def tls(config: Mapping[str, str]) -> ssl.SSLContext | None:
    """``None`` where the connection is not encrypted."""
    if config.get("security.protocol", "").upper() not in ("SSL", "SASL_SSL"):
        return None
    return ssl.create_default_context(cafile=config.get("ssl.ca.location"))


def for_client(config: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of ``AIOKafkaClient``: where, and as whom."""
    access: dict[str, Any] = {
        "bootstrap_servers": config["bootstrap.servers"],
        "security_protocol": config.get("security.protocol", "PLAINTEXT").upper(),
        "ssl_context": tls(config),
    }
    if "sasl.username" in config:
        access["sasl_mechanism"] = config["sasl.mechanism"]
        access["sasl_plain_username"] = config["sasl.username"]
        access["sasl_plain_password"] = config["sasl.password"]
    return access
