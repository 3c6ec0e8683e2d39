"""The embedded broker's cluster id is never taken for an option."""

from __future__ import annotations

import base64

from fuma.runtime.embedded.kafka import cluster_id


def test_a_leading_dash_is_replaced_and_the_rest_kept() -> None:
    raw = base64.urlsafe_b64decode("-AAAAAAAAAAAAAAAAAAAAQ==")
    assert cluster_id(raw) == "AAAAAAAAAAAAAAAAAAAAAQ"
    for first in range(256):
        made = cluster_id(bytes([first]) + bytes(15))
        assert not made.startswith("-")
        assert len(base64.urlsafe_b64decode(made + "==")) == 16
