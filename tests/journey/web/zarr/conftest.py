"""A served archive of files of many formats, and what independent readers see in each."""

import json
from types import SimpleNamespace

import h5py
import httpx
import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from obstore.store import HTTPStore
from zarr.storage import ObjectStore

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.derive.making import derive
from micrographia.derive.products import FOR_VIEWERS
from micrographia.settings import Settings
from micrographia.testing.mrc_files import mrc_bytes

RNG = np.random.default_rng(1665)
MRC_TYPES = ("int8", "int16", "float32", "uint16", "float16")  # modes 0, 1, 2, 6, 12


def noise(shape, dtype):
    return (RNG.normal(size=shape) * 40).astype(dtype)


def write_mrc(path, array, voxel_size=3.0):
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.voxel_size = voxel_size
        file.set_volume()


def write_mrc_files(folder):
    for dtype in MRC_TYPES:
        write_mrc(folder / f"mrc_{dtype}.mrc", noise((70, 30, 85), dtype), (1.5, 2.0, 2.5))
    big = noise((5, 6, 7), ">i2")
    (folder / "big_endian.mrc").write_bytes(mrc_bytes(big.tobytes(), ">", nx=7, ny=6, nz=5, mode=1))
    long = noise((9, 301, 70), np.int16)
    write_mrc(folder / "long.mrc", long)
    write_mrc(folder / "long_labels.mrc", (long > 20).astype(np.int8))
    truth = {}
    for path in folder.glob("*.mrc"):
        with mrcfile.open(path) as file:
            truth[path.name] = np.array(file.data)
    # mrcfile reads neither packed nibbles nor pairs of 16-bit integers
    packed = RNG.integers(0, 16, (4, 6, 10), dtype=np.uint8)
    nibbles = packed[..., 0::2] | packed[..., 1::2] << 4
    (folder / "packed.mrc").write_bytes(mrc_bytes(nibbles.tobytes(), nx=10, ny=6, nz=4, mode=101))
    for mode, item_bytes in ((3, 4), (4, 8)):
        (folder / f"complex_{mode}.mrc").write_bytes(mrc_bytes(bytes(4 * 6 * 10 * item_bytes), nx=10, ny=6, nz=4, mode=mode))
    return truth | {"packed.mrc": packed}


def write_tiff_files(folder):
    plane, pages = RNG.integers(0, 60000, (700, 530), dtype=np.uint16), noise((6, 50, 40), np.float32)
    colour, channels = RNG.integers(0, 255, (90, 70, 3), dtype=np.uint8), RNG.integers(0, 4000, (3, 8, 66, 50), dtype=np.uint16)
    tifffile.imwrite(folder / "strips.tif", plane, rowsperstrip=64)
    tifffile.imwrite(folder / "tiles.tif", plane, tile=(128, 128))
    tifffile.imwrite(folder / "deflated.tif", plane, compression="zlib")
    tifffile.imwrite(folder / "lzw_tiles.tif", plane, compression="lzw", tile=(256, 256), predictor=True)
    tifffile.imwrite(folder / "big_endian.tif", plane, byteorder=">")
    tifffile.imwrite(folder / "pages.tif", pages, photometric="minisblack")
    tifffile.imwrite(folder / "colour.tif", colour, photometric="rgb")
    axes = {"axes": "CZYX", "Channel": {"Name": ["DNA", "actin", "tubulin"]}, "PhysicalSizeX": 0.2, "PhysicalSizeXUnit": "µm"}
    axes |= {"PhysicalSizeY": 0.2, "PhysicalSizeYUnit": "µm", "PhysicalSizeZ": 0.5, "PhysicalSizeZUnit": "µm"}
    tifffile.imwrite(folder / "channels.ome.tif", channels, metadata=axes, photometric="minisblack")
    truth = {path.name: tifffile.imread(path) for path in folder.glob("*.tif")}
    truth["colour.tif"] = np.moveaxis(truth["colour.tif"], -1, 0)  # in OME-Zarr colours are channels, and channels come first
    return truth


def write_other_files(folder):
    volume = noise((20, 66, 30), np.float32)
    with h5py.File(folder / "contiguous.h5", "w") as file:
        file.create_dataset("data", data=volume)
    with h5py.File(folder / "chunked.h5", "w") as file:
        file.create_dataset("data", data=volume, chunks=(7, 16, 30), compression="gzip", shuffle=True)
    axes = [{"name": a, "type": "space", "unit": "micrometer"} for a in "zyx"]
    multiscale = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.25, 0.25]}]}]}
    group = zarr.open_group(str(folder / "cells.ome.zarr"), mode="w", zarr_format=3)
    group.create_array("0", data=volume, chunks=(16, 16, 16), dimension_names=list("zyx"))
    group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    group = zarr.open_group(str(folder / "older.ome.zarr"), mode="w", zarr_format=2)
    group.create_array("0", data=volume, chunks=(16, 16, 16), chunk_key_encoding={"name": "v2", "separator": "/"})
    group.attrs["multiscales"] = [{"version": "0.4", **multiscale}]
    truth = {path.name: h5py.File(path)["data"][...] for path in folder.glob("*.h5")}
    return truth | {path.name: zarr.open_array(f"{path}/0", mode="r")[...] for path in folder.glob("*.zarr")}


SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Cork",
    "authors": [{"name": "Hooke, Robert"}],
    "image_sets": [{"id": "cells", "kind": "tomogram", "files": ["long.mrc"]}],
    "annotations": [{"id": "walls", "kind": "segmentation", "of": "cells", "files": ["long_labels.mrc"]}],
    "other_files": ["*"],
}


@pytest.fixture(scope="package")
def streamed(tmp_path_factory, start):
    """Address of the server; by path the samples that an independent reader sees, and the document of the image."""
    where = tmp_path_factory.mktemp("zarr")
    folder = where / "in"
    folder.mkdir()
    truth = write_mrc_files(folder) | write_tiff_files(folder) | write_other_files(folder)
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=2))
    accession = deposit_folder(archive, folder, until="released").accession
    assert derive(archive, FOR_VIEWERS).failed == 0
    archive.catalogue.close()
    process = start(where / "archive")
    items = httpx.get(f"{process.url}/api/v1/images?entry={accession}").json()["items"]
    images = {item["path"]: item for item in items}
    addresses = {path: process.url + item["links"]["zarr"] for path, item in images.items() if item["links"]["zarr"]}
    yield SimpleNamespace(url=process.url, truth=truth, images=images, addresses=addresses)
    process.terminate()
    process.wait(20)
    process.stdout.close()


@pytest.fixture(scope="session")
def opened():
    """A function that opens a group with zarr-python over HTTP."""
    return lambda url: zarr.open_group(ObjectStore(HTTPStore.from_url(url, client_options={"allow_http": True}), read_only=True), mode="r")
