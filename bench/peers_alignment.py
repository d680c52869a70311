"""Run by each program's own interpreter: superpose two MRC files once and print the CPU time of each step and the rotation found."""

import itertools
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

TIMES = 3


def micrographia(path_a, path_b):
    from micrographia.formats.density import open_density
    from micrographia.imaging.alignment import superpose

    yield version("micrographia")
    a, b = (open_density(Path(path)) for path in (path_a, path_b))
    yield None
    for _ in range(TIMES):  # the first time includes tables that the process keeps
        found = superpose(a, b)
        yield found.transform[:3, :3].tolist()


def emalign(path_a, path_b, filtered=False):
    from types import SimpleNamespace

    import scipy.ndimage
    from src.align_volumes_3d import align_volumes  # the name under which EMalign installs itself
    from src.read_write import read_mrc

    yield version("EMalign")
    a, b = read_mrc(path_a), read_mrc(path_b)
    yield None
    # as its command line does, with its defaults
    if filtered:
        a, b = (scipy.ndimage.gaussian_filter(v, 1.5) for v in (a, b))
    rotation, _, reflected, *_ = align_volumes(a, b, False, SimpleNamespace(Nprojs=30, downsample=64, no_refine=False))
    # it counts rows before columns: exchange x and y
    yield None if reflected else rotation[[1, 0, 2]][:, [1, 0, 2]].tolist()


def botalign(path_a, path_b):
    import mrcfile
    from aspire.utils.bot_align import align_BO
    from aspire.volume import Volume

    yield version("aspire")
    a, b = (Volume(mrcfile.read(path)) for path in (path_a, path_b))
    yield None
    yield align_BO(a, b, loss_type="wemd", seed=0)[1].tolist()


def main():
    program, *arguments = sys.argv[1:]
    steps = {"micrographia": micrographia, "emalign": emalign, "emalign-filtered": lambda a, b: emalign(a, b, True), "botalign": botalign}
    said, at = [], [0.0]
    for step in steps[program](*arguments):
        said.append(step)
        at.append(time.process_time())
    seconds = [after - before for before, after in itertools.pairwise(at)]
    document = {"version": said[0], "start_s": seconds[0], "read_s": seconds[1], "first_s": seconds[2], "align_s": min(seconds[2:])}
    print(json.dumps({**document, "rotation": said[-1]}))


if __name__ == "__main__":
    main()
