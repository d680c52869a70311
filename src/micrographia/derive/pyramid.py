"""The smaller copies of an image, all made in one pass over its samples, in slabs: memory does not grow with the image.

Sections are read in slabs as deep as a chunk. Each slab is halved into the buffer of the next level; a buffer that is full is written,
halved and emptied in turn. Where a slab of whole sections is too large, the image is cut into tiles that hold whole chunks of as many
levels as fit, and the other levels are made from the last one of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from math import isqrt
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from micrographia.derive.checkpoint import Arrays, Checkpoint
from micrographia.derive.shards import ShardedArray
from micrographia.errors import InvalidInputError
from micrographia.formats.description import LazyImage
from micrographia.formats.raw import RawImage
from micrographia.imaging.pooling import pool_mean, pool_mode
from micrographia.model.multiscale import Multiscale, holds_labels, multiscale_of, ome_attributes
from micrographia.model.records import ImageRecord

# one slab of the finest level that a pass reads; there are two, and smaller ones for the levels below
_SLAB_BYTES = 36 << 20
_THREADS = 2
# rows that one task pools, at least
_POOLED_ROWS = 64


class _Source(Protocol):
    """What a pass reads: the deposited image, or a level that is made already."""

    shape: tuple[int, ...]

    def read_into(self, ranges: tuple[range, ...], out: NDArray[Any]) -> None:
        """Fill `out`, shape (z, y, x), with the samples at `ranges`, one an axis in the order of OME-Zarr."""
        ...


def build_pyramid(
    image: LazyImage,
    record: ImageRecord,
    folder: Path,
    *,
    threads: int = _THREADS,
    slab_bytes: int = _SLAB_BYTES,
    checkpoint: Checkpoint | None = None,
) -> None:
    """Write levels 1 and up of an image into `folder` as an OME-Zarr 0.5 group without level 0.

    What was killed goes on from its last checkpoint when it is called with the same folder again.

    Parameters
    ----------
    image : LazyImage
    record : ImageRecord
        What is known of it: labels are pooled by their mode, stacks of separate images not along z.
    folder : Path
        Made here.
    threads : int
        Threads that pool, compress and read.
    slab_bytes : int
        Size of a slab; memory is about four times that.
    checkpoint : Checkpoint, optional
        Where it is written down now and then how far this is; in `folder` without it.
    """
    seen = multiscale_of(record)
    if seen is None or len(seen.levels) < 2:
        raise InvalidInputError(f"{record.path}: an image of {record.shape} has no smaller copies.")
    folder.mkdir(parents=True, exist_ok=True)
    source: _Source = _Deposited(image, seen)
    checkpoint = checkpoint or Checkpoint(folder, of=sha256(record.model_dump_json().encode()).hexdigest())
    resumed = checkpoint.load()
    level, is_labels = resumed[0]["first"] if resumed else 0, holds_labels(record)
    if level:
        source = _Made(folder / str(level), seen)
    with ThreadPoolExecutor(threads) as executor:
        while level < len(seen.levels) - 1:
            run = _Pass(seen, level, image.dtype, folder, executor, is_labels=is_labels, slab_bytes=slab_bytes)
            run.run(source, checkpoint, resumed)
            resumed = None
            level = run.last
            del run  # its buffers, before those of the next
            if level < len(seen.levels) - 1:
                source = _Made(folder / str(level), seen)
    checkpoint.remove()
    attributes = {"ome": ome_attributes(record, seen, range(1, len(seen.levels)))}
    (folder / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": attributes}))


class _Deposited:
    """The deposited image, its axes in the order of OME-Zarr."""

    def __init__(self, image: LazyImage, seen: Multiscale) -> None:
        self.shape = seen.levels[0].shape
        self._image = image
        self._seen = seen

    def read_into(self, ranges: tuple[range, ...], out: NDArray[Any]) -> None:
        presented = self._seen.ranges_as_presented(ranges)
        if isinstance(self._image, RawImage) and self._image.read_into(presented, out):
            return
        out[...] = self._image.read(presented).transpose(self._seen.order).reshape(out.shape)


class _Made:
    """A level that an earlier pass has written."""

    def __init__(self, folder: Path, seen: Multiscale) -> None:
        import zarr

        self._array = zarr.open_array(str(folder), mode="r", zarr_format=3)
        self.shape = tuple(self._array.shape)

    def read_into(self, ranges: tuple[range, ...], out: NDArray[Any]) -> None:
        out[...] = np.asarray(self._array[tuple(slice(r.start, r.stop) for r in ranges)]).reshape(out.shape)


@dataclass(slots=True)
class _Stage:
    """One level of a tile: its buffer and how much of it is filled."""

    array: ShardedArray | None
    """None for the level that is read."""
    buffer: NDArray[Any]
    """Shape (z, y, x) with y and x even: the last row or column is there twice where there is an odd number."""
    height: int
    width: int
    filled: int = 0
    written: int = 0
    """Sections of this tile that were passed on."""


class _Pass:
    """One reading of a level, from which all levels up to `last` are made."""

    def __init__(
        self,
        seen: Multiscale,
        first: int,
        dtype: np.dtype[Any],
        folder: Path,
        executor: ThreadPoolExecutor,
        *,
        is_labels: bool,
        slab_bytes: int,
    ) -> None:
        self._seen, self._first, self._dtype, self._executor = seen, first, dtype, executor
        self._leading = len([a for a in seen.axes if a in "tc"])
        self._depth = 2 if seen.pools_z else 1
        self._pool = pool_mode if is_labels else pool_mean
        chunk = seen.chunk[self._leading :]
        self._chunk = chunk if len(chunk) == 3 else (1, *chunk)
        shape = seen.levels[first].shape[self._leading :]
        self._shape = shape if len(shape) == 3 else (1, *shape)
        self._tile, made = _tile(self._shape, self._chunk, dtype.itemsize, slab_bytes)
        self.last = min(len(seen.levels) - 1, first + made)
        self._arrays = [
            ShardedArray(folder / str(k), shape=seen.levels[k].shape, chunk=seen.chunk, shard=seen.shard, dtype=dtype, axes=seen.axes)
            for k in range(first + 1, self.last + 1)
        ]
        sections = min(self._chunk[0], self._shape[0] + self._shape[0] % self._depth)
        sections += sections % self._depth
        # two of the finest: one is read while the other is worked on
        self._read_buffers = [np.empty((sections, *map(_even, self._tile)), dtype) for _ in range(2)]
        sections = _even(self._chunk[0]) if self._depth == 2 else self._chunk[0]
        self._buffers = [
            np.empty((sections, *(_even(-(-n // (1 << k))) for n in self._tile)), dtype) for k in range(1, self.last - first + 1)
        ]

    def run(self, source: _Source, checkpoint: Checkpoint, resumed: tuple[dict[str, Any], Arrays] | None) -> None:
        leading = self._seen.levels[self._first].shape[: self._leading]
        state, arrays = resumed or ({"tile": 0, "slab": 0, "stages": []}, {})
        if resumed:
            for k, (array, keys) in enumerate(zip(self._arrays, state["shards"], strict=True)):
                array.restore(keys, arrays[f"index{k}"])
        columns, rows = range(0, self._shape[2], self._tile[1]), range(0, self._shape[1], self._tile[0])
        for tile, (at, y, x) in enumerate((at, y, x) for at in np.ndindex(*leading) for y in rows for x in columns):
            if tile < state["tile"]:
                continue
            stages = self._stages(y, x)
            first = 0
            if tile == state["tile"] and state["stages"]:
                first = state["slab"]
                for k, (stage, (filled, written)) in enumerate(zip(stages, state["stages"], strict=True)):
                    stage.filled, stage.written = filled, written
                    if filled:
                        stage.buffer[:filled] = arrays[f"buffer{k}"]
            for slab, is_last in self._run_tile(source, stages, _Place(at, y, x), first):
                if checkpoint.is_due():
                    self._save(checkpoint, (tile + 1, 0, []) if is_last else (tile, slab + 1, stages))
        for array in self._arrays:
            array.close()

    def _save(self, checkpoint: Checkpoint, reached: tuple[int, int, list[_Stage]]) -> None:
        tile, slab, stages = reached
        shards = [array.state() for array in self._arrays]
        arrays: Arrays = {f"index{k}": index for k, (_, index) in enumerate(shards)}
        arrays |= {f"buffer{k}": stage.buffer[: stage.filled] for k, stage in enumerate(stages) if stage.filled}
        places = {"tile": tile, "slab": slab, "stages": [(s.filled, s.written) for s in stages]}
        checkpoint.save({"first": self._first, "shards": [keys for keys, _ in shards], **places}, arrays)

    def _stages(self, y: int, x: int) -> list[_Stage]:
        """The levels of one tile, empty."""
        height, width = (min(n, t) for n, t in ((self._shape[1] - y, self._tile[0]), (self._shape[2] - x, self._tile[1])))
        stages = [_Stage(None, self._read_buffers[0], height, width)]
        for k, (array, buffer) in enumerate(zip(self._arrays, self._buffers, strict=True), 1):
            h, w = -(-height // (1 << k)), -(-width // (1 << k))
            stages.append(_Stage(array, buffer[:, : _even(h), : _even(w)], h, w))
        return stages

    def _run_tile(self, source: _Source, stages: list[_Stage], place: _Place, first: int) -> Iterator[tuple[int, bool]]:
        """Stream the sections of one tile, from a slab on; yield the number of each slab behind it, and whether it was the last."""
        top = stages[0]
        for number, (slab, count, is_last) in enumerate(self._slabs(source, place, (top.height, top.width), first), first):
            top.buffer, top.filled = slab, count
            self._pass_on(stages, 0, place, is_last=is_last)
            yield number, is_last

    def _slabs(self, source: _Source, place: _Place, size: tuple[int, int], first: int) -> Iterator[tuple[NDArray[Any], int, bool]]:
        """Yield (slab, sections in it, whether it is the last one); the next one is read meanwhile."""
        total, step = self._shape[0], self._read_buffers[0].shape[0]
        fixed = tuple(range(i, i + 1) for i in place.at)
        plane = tuple(range(c, c + n) for c, n in zip((place.y, place.x), size, strict=True))
        has_z = "z" in self._seen.axes

        def read(number: int, z: int) -> tuple[NDArray[Any], int]:
            count = min(step, total - z)
            slab = self._read_buffers[number % 2][:, : _even(size[0]), : _even(size[1])]
            ranges = (*fixed, *((range(z, z + count),) if has_z else ()), *plane)
            source.read_into(ranges, slab[:count, : size[0], : size[1]])
            return slab, count

        pending: Future[tuple[NDArray[Any], int]] = self._executor.submit(read, first, first * step)
        for number, z in enumerate(range(first * step, total, step), first):
            slab, count = pending.result()
            if z + step < total:
                pending = self._executor.submit(read, number + 1, z + step)
            yield slab, count, z + step >= total

    def _pass_on(self, stages: list[_Stage], k: int, place: _Place, *, is_last: bool) -> None:
        """Write the full buffer of a level and halve it into that of the next."""
        stage = stages[k]
        count, slab = stage.filled, stage.buffer
        encoding = list(self._encode(stage, k, place)) if stage.array is not None else []
        halving: list[Future[None]] = []
        if k + 1 < len(stages):
            below = stages[k + 1]
            padded = count + count % self._depth
            _repeat_edges(slab, count, padded, stage.height, stage.width)
            made = padded // self._depth
            target = below.buffer[below.filled : below.filled + made, : below.height, : below.width]
            halving = list(self._halve(slab[:padded, : 2 * below.height, : 2 * below.width], target))
            below.filled += made
        for row in encoding:
            for at, chunk in row.result():
                assert stage.array is not None
                stage.array.write(at, chunk)
        for task in halving:
            task.result()
        stage.written += count
        stage.filled = 0
        if k + 1 < len(stages) and (is_last or stages[k + 1].filled >= self._chunk[0]):
            self._pass_on(stages, k + 1, place, is_last=is_last)

    def _halve(self, slab: NDArray[Any], target: NDArray[Any]) -> Iterator[Future[None]]:
        rows = max(_POOLED_ROWS, slab.shape[1] // 4 // 2 * 2)
        for y in range(0, slab.shape[1], rows):
            yield self._executor.submit(self._pool, slab[:, y : y + rows], target[:, y // 2 : (y + rows) // 2], depth=self._depth)

    def _encode(self, stage: _Stage, k: int, place: _Place) -> Iterator[Future[list[tuple[tuple[int, ...], bytes]]]]:
        """Compress the filled sections of a level, one task a row of chunks."""
        array = stage.array
        assert array is not None
        depth, rows, columns = self._chunk
        z, y, x = stage.written // depth, (place.y >> k) // rows, (place.x >> k) // columns
        has_z = "z" in self._seen.axes
        lead = (None,) * self._leading

        def encode(row: int) -> list[tuple[tuple[int, ...], bytes]]:
            part = stage.buffer[: stage.filled, row * rows : min((row + 1) * rows, stage.height)]
            encoded = []
            for column in range(-(-stage.width // columns)):
                block = part[:, :, column * columns : min((column + 1) * columns, stage.width)]
                at = (*place.at, *((z,) if has_z else ()), y + row, x + column)
                encoded.append((at, array.encode((block if has_z else block[0])[lead])))
            return encoded

        for row in range(-(-stage.height // rows)):
            yield self._executor.submit(encode, row)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tile lies: leading indices, first row and column of the level that is read."""

    at: tuple[int, ...]
    y: int
    x: int


def _tile(shape: tuple[int, ...], chunk: tuple[int, ...], item_bytes: int, slab_bytes: int) -> tuple[tuple[int, int], int]:
    """Return rows and columns of a tile, and how many levels can be made of it."""
    depth = min(chunk[0], shape[0])
    _, height, width = shape
    most = max(1, slab_bytes // (depth * item_bytes))
    if height * width <= most:
        return (height, width), 64
    if (halvings := (most // width // chunk[1]).bit_length() - 1) >= 1:
        return (chunk[1] << halvings, width), halvings
    halvings = max(1, (isqrt(most) // chunk[1]).bit_length() - 1)
    return (chunk[1] << halvings, chunk[2] << halvings), halvings


def _repeat_edges(slab: NDArray[Any], count: int, padded: int, height: int, width: int) -> None:
    """Repeat the last section, row and column where their number is odd: means of fewer samples come out right."""
    if width < slab.shape[2]:
        slab[:count, :, width] = slab[:count, :, width - 1]
    if height < slab.shape[1]:
        slab[:count, height] = slab[:count, height - 1]
    if count < padded:
        slab[count] = slab[count - 1]


def _even(n: int) -> int:
    return n + n % 2
