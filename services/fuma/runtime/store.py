"""A stage's state for one partition, in RocksDB. Disposable: the ledger gives it back.

Writes go through RocksDB's own log without fsync. A killed process loses nothing; a power cut may
lose the last batches whole, and recovery folds them again from the ledger.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rocksdict import Options, Rdict, WriteBatch

from fuma.contracts.errors import Fatal

log = logging.getLogger(__name__)
#: A file in a store's directory: reading it failed, so it is not gone by any more.
DAMAGED = "DAMAGED"
_AGAIN = "the process starts again, drops the store, and the ledger gives it back"
_META = b"m:"
_KEY = b"k:"


class Damaged(Fatal):
    """The store's bytes are not what was written."""


def _is_locked(error: Exception) -> bool:
    return "lock" in str(error).lower()


class RocksStore:
    """``ports.Store`` on a RocksDB directory, which RocksDB locks to this process."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._damaged = path / DAMAGED
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(8 << 20)
        options.set_max_write_buffer_number(2)
        options.set_keep_log_file_num(2)
        options.set_max_open_files(64)
        try:
            self._db = Rdict(str(path), options)
        except Exception as error:  # rocksdict raises bare exceptions
            if _is_locked(error):
                raise Fatal(f"{path}: another process holds the store ({error})") from error
            raise Damaged(f"{path}: the store cannot be opened ({error})", _AGAIN) from error

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        return cast("list[bytes | None]", self._get([_KEY + key for key in keys]))

    def get_meta(self, name: str) -> bytes | None:
        return cast("bytes | None", self._get(_META + name.encode()))

    def _get(self, what: Any) -> Any:
        try:
            return self._db.get(what)
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> Fatal:
        """Where a checksum failed, whoever opens the store next begins anew."""
        if "corruption" not in str(error).lower():
            return Fatal(f"{self._damaged.parent}: {error}")
        self._damaged.touch()
        return Damaged(f"{self._damaged.parent}: {error}", _AGAIN)

    def write(self, puts: Mapping[bytes, bytes | None], meta: Mapping[str, bytes]) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, value in puts.items():
            if value is None:
                batch.delete(_KEY + key)
            else:
                batch.put(_KEY + key, value)
        for name, data in meta.items():
            batch.put(_META + name.encode(), data)
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failed(error) from error

    def close(self) -> None:
        self._db.close()


class StoreRoot:
    """A directory of stores that belongs to one process for as long as it lives.

    Workers on one machine take the first free ``worker-<n>`` under the service's directory, so that
    a restarted worker finds its own stores again, and two never meet. A store that is behind, since
    another worker had the partition meanwhile, catches up from the ledger.
    """

    def __init__(self, service: Path) -> None:
        service.mkdir(parents=True, exist_ok=True)
        for number in range(1024):
            self.path = service / f"worker-{number}"
            self.path.mkdir(exist_ok=True)
            descriptor = os.open(self.path / "LOCK", os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            self._lock = descriptor  # held until the process ends, however it ends
            return
        raise Fatal(f"{service}: more than 1024 workers", "delete directories of workers long gone")

    def open(self, stage: str, partition: int) -> RocksStore:
        """The store of one partition of one stage; a damaged one is dropped, and empty."""
        path = self.path / stage / str(partition)
        if not (path / DAMAGED).exists():
            try:
                return RocksStore(path)
            except Damaged as error:
                log.error("%s", error)
        log.error("%s: damaged, dropped, folded again from the ledger", path)
        self.drop(stage, partition)
        return RocksStore(path)

    def drop(self, stage: str, partition: int) -> None:
        """Delete a store; the ledger gives it back."""
        shutil.rmtree(self.path / stage / str(partition), ignore_errors=True)

    def close(self) -> None:
        """Give the directory back."""
        os.close(self._lock)
