"""Run by the peer's own interpreter: a pyramid of an MRC file by tensorstore, once for each line on standard input."""

import asyncio
import shutil
import sys
from importlib.metadata import version

import numpy as np
import tensorstore as ts


def spec(path: str, shape: list[int], dtype: str) -> dict:
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    size = np.dtype(dtype).itemsize
    blosc = {"cname": "lz4", "clevel": 5, "shuffle": "bitshuffle", "typesize": size}
    sharding = {
        "chunk_shape": [64] * 3,
        "codecs": [little, {"name": "blosc", "configuration": blosc}],
        "index_codecs": [little, {"name": "crc32c"}],
    }
    shard = [min(256, -(-n // 64) * 64) for n in shape]
    return {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": path, "file_io_sync": False},
        "metadata": {
            "shape": shape,
            "data_type": dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shard}},
            "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
        },
        "create": True,
        "delete_existing": True,
    }


async def build(source: str, out: str, first: int) -> None:
    header = np.fromfile(source, "<i4", 256)
    dtype = {1: "int16", 2: "float32"}[int(header[3])]
    shape = [int(n) for n in header[2::-1]]
    above = ts.array(np.memmap(source, dtype, "r", 1024 + int(header[23]), tuple(shape)))
    level = 0
    while True:
        if level >= first:
            made = await ts.open(spec(f"{out}/{level}/", shape, dtype))
            # a shard of sections at a time: one transaction over the whole level would hold it in memory
            for z in range(0, shape[0], 256):
                part = slice(z, min(z + 256, shape[0]))
                await made[part].write(above[part])
            above = made
        if max(shape) <= 64:
            return
        shape = [-(-n // 2) for n in shape]
        above = ts.downsample(above, [2, 2, 2], "mean")
        level += 1


def main() -> None:
    source, out, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
    print(version("tensorstore"), flush=True)
    for _ in sys.stdin:
        shutil.rmtree(out, ignore_errors=True)
        asyncio.run(build(source, out, first))
        print("done", flush=True)


if __name__ == "__main__":
    main()
