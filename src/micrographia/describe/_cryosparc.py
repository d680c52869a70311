"""cryoSPARC exports: job.json and the names of .cs files → processes with parameters, inputs and outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from micrographia.describe._patterns import FileFact, Pattern
from micrographia.describe._tree import Names
from micrographia.formats.source import ReadWhole

_KINDS = (
    (re.compile(r"import"), "import"),
    (re.compile(r"motion"), "motion correction"),
    (re.compile(r"ctf_(estimation|multi)|patch_ctf|ctffind"), "CTF estimation"),
    (re.compile(r"blob_picker|template_picker|topaz|pick"), "particle picking"),
    (re.compile(r"extract"), "particle extraction"),
    (re.compile(r"class_2d"), "2D classification"),
    (re.compile(r"select|curate"), "subset selection"),
    (re.compile(r"homo_abinit|abinit"), "initial model"),
    (re.compile(r"hetero_refine|class_3D|class_3d"), "3D classification"),
    (re.compile(r"local_refine"), "local refinement"),
    (re.compile(r"refine"), "3D refinement"),
    (re.compile(r"sharpen|deepemhancer"), "post-processing"),
    (re.compile(r"local_?res"), "local resolution"),
    (re.compile(r"var_3D|flex"), "flexibility analysis"),
    (re.compile(r"volume_tools|mask"), "mask creation"),
    (re.compile(r"polish|reference_motion"), "Bayesian polishing"),
)
_NAME = re.compile(r"(?:cryosparc_)?(P\d+)_(J\d+)(?:_|$)")
_JOB = re.compile(r"(?:^|/)(J\d+)(?:/|_|$)")
_MOST_BYTES = 16 << 20
_MOST_PARAMETERS = 60


def processes(
    datasets: Iterable[Pattern], patterns: Iterable[Pattern], read: ReadWhole, places: Sequence[tuple[str, str]], names: Names
) -> list[tuple[dict[str, Any], str]]:
    """Return (process, file that tells it) for each cryoSPARC job that the deposit knows of."""
    steps: dict[str, dict[str, Any]] = {}
    sources: dict[str, str] = {}
    parents: dict[str, list[str]] = {}
    for fact in _facts(p for p in patterns if p.suffix == ".json" and "job" in p.name.lower()):
        job = _read_job(read, fact.path, fact.size_bytes)
        if job is not None and str(job["uid"]) not in steps:
            uid = str(job["uid"])
            steps[uid], parents[uid] = _of_job(job, names)
            sources[uid] = fact.path
    for fact in _facts(datasets):
        match = _NAME.match(fact.name)
        uid = match[2] if match else next(iter(_JOB.findall(fact.path)), "")
        if not uid:
            continue
        if uid not in steps:
            steps[uid] = {
                "id": names.give(uid),
                "kind": "cryoSPARC job",
                "software": {"name": "cryoSPARC"},
                "job": match[0].strip("_") if match else uid,
            }
            sources[uid] = fact.path
        referenced = [j for r in fact.metadata.get("references", ()) for f in list(r.get("files", ()))[:50] for j in _JOB.findall(str(f))]
        parents.setdefault(uid, []).extend(j for j in referenced if j != uid)
    for uid in dict.fromkeys(p for found in parents.values() for p in found):
        if uid not in steps and any(uid in f for f in parents.values()) and re.fullmatch(r"J\d+", uid):
            children = [c for c, found in parents.items() if uid in found]
            steps[uid] = {"id": names.give(uid), "kind": "cryoSPARC job", "software": {"name": "cryoSPARC"}, "job": uid}
            sources[uid] = sources[children[0]]
    return [(_ends(step, uid, parents.get(uid, []), steps, places), sources[uid]) for uid, step in sorted(steps.items(), key=_number)]


def _ends(
    step: dict[str, Any], uid: str, parents: Sequence[str], steps: Mapping[str, dict[str, Any]], places: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    made = list(dict.fromkeys(i for i, path in places if uid in _jobs_of(path)))
    used: list[str] = []
    for parent in dict.fromkeys(parents):
        deposited = [i for i, path in places if parent in _jobs_of(path) and i not in made]
        used += deposited or ([steps[parent]["id"]] if parent in steps else [])
    if used:
        step["inputs"] = list(dict.fromkeys(used))
    if made:
        step["outputs"] = made
    parameters = step.pop("parameters", None)
    if parameters:
        step["parameters"] = parameters
    return step


def _jobs_of(path: str) -> set[str]:
    match = _NAME.match(path.rpartition("/")[2])
    return {match[2]} if match else set(_JOB.findall(path)[:1])


def _facts(patterns: Iterable[Pattern]) -> Iterable[FileFact]:
    return (f for p in patterns for v in p.variants.values() for f in (v.files or [v.first]))


def _number(item: tuple[str, Any]) -> int:
    return int(item[0][1:]) if item[0][1:].isdigit() else 0


def _read_job(read: ReadWhole, path: str, size_bytes: int) -> dict[str, Any] | None:
    """Return a job document of cryoSPARC, None when the file is another kind of JSON."""
    if size_bytes > _MOST_BYTES:
        return None
    try:
        job = json.loads(read(path) or b"")
    except (ValueError, RecursionError):
        return None
    is_job = (
        isinstance(job, dict) and re.fullmatch(r"J\d+", str(job.get("uid", ""))) and isinstance(job.get("type", job.get("job_type")), str)
    )
    return job if is_job else None


def _of_job(job: Mapping[str, Any], names: Names) -> tuple[dict[str, Any], list[str]]:
    type_ = str(job.get("type") or job.get("job_type"))
    kind = next((k for expression, k in _KINDS if expression.search(type_)), type_)
    specified = job.get("params_spec")
    parameters = {
        str(k): v.get("value")
        for k, v in (specified.items() if isinstance(specified, dict) else ())
        if isinstance(v, dict) and isinstance(v.get("value"), str | int | float | bool)
    }
    groups = job.get("input_slot_groups")
    connections = [c for g in (groups if isinstance(groups, list) else ()) if isinstance(g, dict) for c in g.get("connections") or ()]
    parents = [str(c["job_uid"]) for c in connections if isinstance(c, dict) and re.fullmatch(r"J\d+", str(c.get("job_uid", "")))]
    version = str(job.get("version") or job.get("cryosparc_version") or "")[:40]
    step = {
        "id": names.give(str(job["uid"])),
        "kind": kind,
        "software": {"name": "cryoSPARC", **({"version": version} if version else {})},
        "job": "_".join(str(job[k]) for k in ("project_uid", "uid") if job.get(k)),
        "parameters": dict(list(parameters.items())[:_MOST_PARAMETERS]),
    }
    return step, parents
