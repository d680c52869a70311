"""RELION projects: job.star and default_pipeline.star → the chain of processes with software, parameters, inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from micrographia.describe._patterns import Pattern
from micrographia.describe._tree import Names

# name of a job's folder, or of its type without «relion.» → kind of process
_KINDS = {
    "import": "import",
    "importtomo": "import",
    "motioncorr": "motion correction",
    "ctffind": "CTF estimation",
    "manualpick": "particle picking",
    "autopick": "particle picking",
    "picks": "particle picking",
    "picktomo": "particle picking",
    "extract": "particle extraction",
    "pseudosubtomo": "subtomogram extraction",
    "class2d": "2D classification",
    "select": "subset selection",
    "initialmodel": "initial model",
    "class3d": "3D classification",
    "refine3d": "3D refinement",
    "multibody": "multi-body refinement",
    "maskcreate": "mask creation",
    "joinstar": "joining of tables",
    "subtract": "particle subtraction",
    "postprocess": "post-processing",
    "localres": "local resolution",
    "ctfrefine": "CTF refinement",
    "ctfrefinetomo": "CTF refinement",
    "polish": "Bayesian polishing",
    "framealigntomo": "Bayesian polishing",
    "dynamight": "flexibility analysis",
    "modelangelo": "model building",
    "excludetilts": "tilt selection",
    "excludetilttomo": "tilt selection",
    "aligntiltseries": "tilt-series alignment",
    "reconstructtomograms": "tomogram reconstruction",
    "tomograms": "tomogram reconstruction",
    "denoisetomo": "tomogram denoising",
    "reconstructparticletomo": "subtomogram averaging",
    "external": "external program",
}
# numbers that RELION 3 gave to types
_NUMBERS = {
    0: "import", 1: "motioncorr", 2: "ctffind", 3: "manualpick", 4: "autopick", 5: "extract", 7: "select", 8: "class2d", 9: "class3d",
    10: "refine3d", 12: "maskcreate", 13: "joinstar", 14: "subtract", 15: "postprocess", 16: "localres", 18: "initialmodel",
    19: "multibody", 20: "polish", 21: "ctfrefine", 99: "external",
}  # fmt: skip
# where and how fast it ran is nobody's science
_RUNNING = frozenset(
    [
        "do_queue",
        "qsub",
        "qsubscript",
        "queuename",
        "min_dedicated",
        "nr_mpi",
        "nr_threads",
        "nr_pool",
        "gpu_ids",
        "use_gpu",
        "scratch_dir",
        "do_parallel_discio",
        "do_preread_images",
        "do_combine_thru_disc",
        "do_pad1",
        "skip_gridding",
        "other_args",
        "other_gpu_args",
        "fn_cont",
        "use_ssd",
    ]
)
_INPUTS = frozenset(
    [
        "fn_img",
        "fn_ref",
        "fn_mask",
        "fn_in",
        "fn_mic",
        "input_star_mics",
        "in_mics",
        "in_movies",
        "in_tomograms",
        "in_particles",
        "in_optimisation",
        "in_tomoset",
        "in_star_file",
        "star_mics",
        "star_file",
        "fn_cor",
        "fn_data",
        "fn_part",
        "fn_model",
        "fn_mov",
        "in_tiltseries",
        "in_trajectories",
        "coords_suffix",
        "fn_pick",
    ]
)
_MOST_PARAMETERS = 60


def processes(
    stars: Iterable[Pattern], places: Sequence[tuple[str, str]], tables: Mapping[str, str], names: Names
) -> list[tuple[dict[str, Any], str]]:
    """Return (process, file that tells it), in the order of the pipeline.

    Parameters
    ----------
    stars : iterable of Pattern
        All STAR files of the deposit.
    places : sequence of (id, path)
        Ids of image sets, maps and annotations with the path of one or more of their files.
    tables : mapping of path to id
        Which image set a table describes.
    names : Names
        Gives out the ids of processes.
    """
    facts = [f for p in stars for v in p.variants.values() for f in (v.files or [v.first])]
    jobs = {f.folder: f for f in facts if f.metadata.get("kind") == "job"}
    pipelines = [f for f in facts if f.metadata.get("kind") == "pipeline"]
    steps: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    inputs: dict[str, list[str]] = {}
    outputs: dict[str, list[str]] = {}
    for fact in pipelines:
        pipeline, root = fact.metadata["pipeline"], f"{fact.folder}/" if fact.folder else ""
        version = _version(fact.metadata, is_worded=any(not str(p["type"]).isdigit() for p in pipeline["processes"]))
        for process in pipeline["processes"]:
            job = process["name"].rstrip("/")
            if process["status"] in ("0", "1", "Running", "Scheduled"):
                continue
            told = jobs.pop(root + job, None)
            steps[root + job] = _process(job, str(process["type"]), version, told.metadata["job"] if told else {}, names)
            alias = process["alias"].rstrip("/")
            if alias not in ("", "None"):
                steps[root + job]["description"] = f"alias {alias}"
            sources[root + job] = told.path if told else fact.path
        for node, job in pipeline["inputs"]:
            inputs.setdefault(root + job.rstrip("/"), []).append(root + node)
        for job, node in pipeline["outputs"]:
            outputs.setdefault(root + job.rstrip("/"), []).append(root + node)
    for folder, fact in jobs.items():
        about = fact.metadata["job"]
        parent, _, last = folder.rpartition("/")
        job = f"{parent.rpartition('/')[2]}/{last}".strip("/")
        steps[folder] = _process(job, about["type"], _version(fact.metadata, is_worded=not about["type"].isdigit()), about, names)
        sources[folder] = fact.path
        inputs[folder] = [v.rstrip("/") for k, v in about["options"].items() if k in _INPUTS and "/" in v]
    return _linked(steps, sources, inputs, outputs, places, tables)


def _linked(
    steps: dict[str, dict[str, Any]],
    sources: Mapping[str, str],
    inputs: Mapping[str, list[str]],
    outputs: Mapping[str, list[str]],
    places: Sequence[tuple[str, str]],
    tables: Mapping[str, str],
) -> list[tuple[dict[str, Any], str]]:
    """Name the ends of each step by ids of this deposit; what is not deposited by the process that made it."""

    def ids_below(folder: str) -> list[str]:
        return list(dict.fromkeys(i for i, path in places if path.startswith(f"{folder}/")))

    def ids_of(node: str) -> list[str]:
        direct = [i for i, path in places if path == node or path.endswith(f"/{node}")]
        table = [identifier for path, identifier in tables.items() if path == node or path.endswith(f"/{node}")]
        maker = _maker_of(node, steps)
        return direct or table or ((ids_below(maker) or [steps[maker]["id"]]) if maker else [])

    result = []
    for folder, step in steps.items():
        parameters = step.pop("parameters")
        made = list(dict.fromkeys([i for n in outputs.get(folder, ()) for i in ids_of(n)] + ids_below(folder)))
        used = [i for n in inputs.get(folder, ()) for i in ids_of(n)]
        made = [i for i in made if i != step["id"]]
        if used := [i for i in dict.fromkeys(used) if i != step["id"] and i not in made]:
            step["inputs"] = used
        if made:
            step["outputs"] = made
        if parameters:
            step["parameters"] = parameters
        result.append((step, sources[folder]))
    return result


def _maker_of(node: str, steps: Mapping[str, Any]) -> str | None:
    """Return the folder of the job that made a file; options name it from the project's root, which may lie deeper in the deposit."""
    folder = node.rpartition("/")[0]
    while folder.count("/") >= 1:
        for step in steps:
            if step == folder or step.endswith(f"/{folder}"):
                return step
        folder = folder.rpartition("/")[0]
    return None


def _process(job: str, type_: str, version: str, about: Mapping[str, Any], names: Names) -> dict[str, Any]:
    name = str(about.get("type") or type_)
    key = _NUMBERS.get(int(name), "") if name.isdigit() else name.lower().removeprefix("relion.").split(".")[0]
    folder = job.split("/")[0]
    kind = _KINDS.get(key) or _KINDS.get(folder.lower()) or key or folder
    options = about.get("options", {})
    parameters = {
        k: _typed(v) for k, v in list(options.items()) if v not in ("", '""', "None") and k not in _RUNNING and not k.startswith("qsub")
    }
    return {
        "id": names.give(job.replace("/", "_")),
        "kind": kind,
        "software": {"name": "RELION", **({"version": version} if version else {})},
        "job": job,
        "parameters": dict(list(parameters.items())[:_MOST_PARAMETERS]),
    }


def _version(metadata: Mapping[str, Any], *, is_worded: bool) -> str:
    """Return RELION's version from that of its tables: 30001 was written by 3.1 and, with types in words, by 4.0; 50001 by 5.0."""
    tables = metadata.get("version")
    if tables == 30001:
        return "4.0" if is_worded else "3.1"
    return f"{tables // 10000}.{tables // 1000 % 10}" if isinstance(tables, int) and tables >= 10000 else ""


def _typed(text: str) -> object:
    if text in ("Yes", "No"):
        return text == "Yes"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
