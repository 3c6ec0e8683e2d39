"""A stage's state for one partition, in RocksDB. Disposable: the ledger gives it back.

Writes go through RocksDB's own log without fsync. A killed process loses nothing; a power cut may
lose the last batches whole, and recovery folds them again from the ledger.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    Options,
    Rdict,
    RdictIter,
    WriteBatch,
    WriteBufferManager,
)

from fuma.contracts.errors import Fatal
from fuma.runtime.ports import Range

log = logging.getLogger(__name__)
#: A file in a store's directory: reading it failed, so it is not gone by any more.
DAMAGED = "DAMAGED"
_AGAIN = "the process starts again, drops the store, and the ledger gives it back"
#: Bytes of blocks, indexes and filters in memory, and of what is not on disk yet: for all stores
#: of a process together, so that a worker's memory does not follow the number of its partitions.
_CACHE = Cache(64 << 20)
_BUFFERS = WriteBufferManager(48 << 20, False)
_META = b"m:"
_KEY = b"k:"


class Damaged(Fatal):
    """The store's bytes are not what was written."""


def _is_damage(error: Exception) -> bool:
    """Whether bytes are wrong or missing: a store that is held, or a full disk, is not damaged."""
    text = str(error).lower()
    return "corruption" in text or "no such file" in text


class RocksStore:
    """``ports.SortedStore`` on a RocksDB directory, which RocksDB locks to this process."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._damaged = path / DAMAGED
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(8 << 20)
        options.set_max_write_buffer_number(2)
        options.set_write_buffer_manager(_BUFFERS)
        # Most keys that are asked for are not there, and half of the looks end in what is not on
        # disk yet: a filter there too, whole keys, a twentieth of the buffer.
        options.set_memtable_whole_key_filtering(True)
        options.set_memtable_prefix_bloom_ratio(0.05)
        # Files gather before they are merged into all that is there: half as much is written again.
        options.set_level_zero_file_num_compaction_trigger(8)
        # A level between them and the rest as soon as the rest has 32 MiB: until there is one, each
        # merge writes everything again.
        options.set_max_bytes_for_level_base(32 << 20)
        options.set_keep_log_file_num(2)
        options.set_max_open_files(64)
        # A manifest names the first and last key of each file that ever was: begun anew each time.
        options.set_max_manifest_file_size(1)
        blocks = BlockBasedOptions()
        blocks.set_block_cache(_CACHE)
        # A new report, a new person. Filter and index in parts of a few kilobytes: the filter of a
        # large file is more than a shard of the cache holds, and would be read for every batch.
        blocks.set_bloom_filter(10, False)
        blocks.set_index_type(BlockBasedIndexType.two_level_index_search())
        blocks.set_partition_filters(True)
        blocks.set_pin_top_level_index_and_filter(True)
        blocks.set_cache_index_and_filter_blocks(True)
        blocks.set_pin_l0_filter_and_index_blocks_in_cache(True)
        options.set_block_based_table_factory(blocks)
        try:
            self._db = Rdict(str(path), options)
        except Exception as error:  # rocksdict raises bare exceptions
            what = f"{path}: the store cannot be opened ({error})"
            if _is_damage(error):
                raise Damaged(what, _AGAIN) from error
            raise Fatal(what, "another process holds it, or the disk refuses") from error

        self._lock = threading.Lock()
        self._ranges: dict[Range, None] = {}
        self._failure: Fatal | None = None  # in the background; whoever writes next hears of it
        self._background = ThreadPoolExecutor(1, thread_name_prefix="reclaim")

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
        if not _is_damage(error):
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
        self._write(batch)

    def scan(self, prefixes: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        rows = self._db.iter()
        for prefix in prefixes:
            start = _KEY + prefix
            rows.seek(start)
            while self._valid(rows):
                key = rows.key()
                if not key.startswith(start):
                    break
                yield key[2:], rows.value()
                rows.next()

    def range(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
        rows, last = self._db.iter(), _KEY + end
        rows.seek(_KEY + start)
        while self._valid(rows) and (key := rows.key()) < last:
            yield key[2:], rows.value()
            rows.next()

    def first(self, start: bytes, end: bytes) -> bytes | None:
        rows = self._db.iter()
        rows.seek(_KEY + start)
        if not self._valid(rows):
            return None
        key: bytes = rows.key()
        return key[2:] if key < _KEY + end else None

    def _valid(self, rows: RdictIter) -> bool:
        """Whether a row is there. Unreadable bytes look like the end, but for the status."""
        if rows.valid():
            return True
        try:
            rows.status()
        except Exception as error:
            raise self._failed(error) from error
        return False

    def replace(
        self, puts: Mapping[bytes, bytes | None], drops: Sequence[Range], meta: Mapping[str, bytes]
    ) -> None:
        batch = WriteBatch(raw_mode=True)
        put, delete = batch.put, batch.delete
        # In the order in which they will stand: the tree of what is not on disk yet is walked along
        # and not across, here and when it is flushed.
        for key in sorted(puts):
            value = puts[key]
            if value is None:
                delete(_KEY + key)
            else:
                put(_KEY + key, value)
        for start, end in drops:
            batch.delete_range(_KEY + start, _KEY + end)
        for name, data in meta.items():
            put(_META + name.encode(), data)
        self._write(batch)

    def _write(self, batch: WriteBatch) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._failed(error) from error

    def reclaim(self, ranges: Sequence[Range]) -> None:
        with self._lock:
            idle = not self._ranges
            self._ranges.update(dict.fromkeys(ranges))
        if idle and ranges:
            self._background.submit(self._reclaim)

    def _reclaim(self) -> None:
        try:
            self._reclaim_all()
        except Exception as error:  # nobody looks at what a thread of the background raises
            self._failure = self._failed(error)
            log.error("%s: space cannot be reclaimed, the next write ends the process", error)

    def _reclaim_all(self) -> None:
        # The log of writes goes with the flush, the rows with the compaction that meets the
        # deletion. What a compaction finds unreadable, every write after it is refused for.
        while True:
            with self._lock:
                ranges, self._ranges = list(self._ranges), {}
            if not ranges:
                return
            self._db.flush()
            for start, end in ranges:
                self._db.compact_range(_KEY + start, _KEY + end)

    def close(self) -> None:
        self._background.shutdown(wait=True)
        try:
            self._db.close()  # flushes, where a write failed before it fails again
        except Exception as error:
            raise self._failed(error) from error


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
