"""What the blocks and columns of a STAR file mean: particles, micrographs, tilt series, jobs, pipelines; which files they refer to.

The metadata of a STAR file, all JSON-ready::

    kind        particles, coordinates, micrographs, movies, tilt_series, tilt_series_set, tomograms, optimisation_set,
                job, pipeline, model, optimiser, sampling, postprocess, mmcif or other
    version     of the file format as RELION writes it: 30001, 50001 (absent where no comment says it)
    blocks      {name: {columns, row_count, is_loop}}; a second table of a block is name#2
    values      {block: {name: text}} of single values
    references  [{block, column, files: {path: highest index or null}, complete}], 000003@stack.mrcs counts from 1
    ranges      {column: [minimum, maximum]} of optics, defocus, tilt angles
    tilt_angles_deg  nominal angles, one a row, of a tilt series
    optics      [{column: text}] the optics groups
    job         {type, is_continue, is_tomo, options: {name: text}} of a job.star
    pipeline    {processes: [{name, alias, type, status}], nodes: [{name, type}], inputs: [[node, process]], outputs: [[process, node]]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from micrographia.formats import star
from micrographia.formats.description import Contents
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding

# columns that name files; RELION 5 metadata labels, Warp's tomostar
_FILE_COLUMNS = frozenset(
    """rlnImageName rlnImageOriginalName rlnMicrographName rlnMicrographNameNoDW rlnMicrographNameEven rlnMicrographNameOdd
    rlnMicrographMovieName rlnMicrographMetadata rlnMicrographGainName rlnMicrographDefectFile rlnMicrographCoordinates rlnCtfImage
    rlnMtfFileName rlnReferenceImage rlnUnfilteredMapHalf1 rlnUnfilteredMapHalf2 rlnMaskName
    rlnTomoTiltSeriesStarFile rlnTomoTiltSeriesName rlnTomoReconstructedTomogram rlnTomoReconstructedTomogramDenoised
    rlnTomoReconstructedTomogramHalf1 rlnTomoReconstructedTomogramHalf2 rlnTomoParticlesFile rlnTomoTomogramsFile
    rlnTomoTrajectoriesFile rlnTomoManifoldsFile rlnTomoImportParticleFile rlnEtomoDirectiveFile wrpMovieName""".split()  # noqa: SIM905  a table, not code
)
_RANGE_COLUMNS = frozenset(
    """rlnVoltage rlnSphericalAberration rlnAmplitudeContrast rlnDefocusU rlnDefocusV rlnMagnification rlnDetectorPixelSize rlnPixelSize
    rlnImagePixelSize rlnImageSize rlnMicrographPixelSize rlnMicrographOriginalPixelSize rlnTomoTiltSeriesPixelSize rlnTomoTomogramBinning
    rlnTomoNominalStageTiltAngle rlnTomoNominalTiltAxisAngle rlnTomoNominalDefocus rlnMicrographPreExposure rlnMicrographDoseRate
    rlnCtfMaxResolution rlnHelicalTubeID wrpAngleTilt wrpDose""".split()  # noqa: SIM905
)
# the first that fits says the kind: name, blocks one of which must be there, columns all of which must be there
_KINDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("job", ("job", "joboptions_values"), ()),
    ("pipeline", ("pipeline_general", "pipeline_processes"), ()),
    ("optimiser", ("optimiser_general",), ()),
    ("model", ("model_general",), ()),
    ("sampling", ("sampling_general",), ()),
    ("postprocess", (), ("rlnFinalResolution", "rlnFourierShellCorrelationCorrected")),
    ("optimisation_set", (), ("rlnTomoParticlesFile",)),
    ("optimisation_set", (), ("rlnTomoTomogramsFile",)),
    ("particles", ("particles",), ("rlnImageName",)),
    ("tomograms", (), ("rlnTomoReconstructedTomogram",)),
    ("tilt_series_set", (), ("rlnTomoTiltSeriesStarFile",)),
    ("tilt_series", (), ("rlnTomoNominalStageTiltAngle",)),
    ("tilt_series", (), ("wrpAngleTilt",)),
    ("particles", (), ("rlnImageName",)),
    ("coordinates", (), ("rlnCoordinateX", "rlnCoordinateY")),
    ("coordinates", (), ("rlnCenteredCoordinateXAngst",)),
    ("movies", (), ("rlnMicrographMovieName",)),
    ("micrographs", (), ("rlnMicrographName",)),
    ("mmcif", (), ("entry.id",)),
)

_MOST_FILES = 100_000
_MOST_BLOCKS = 2_000
_MOST_VALUES = 2_000
# tables whose rows are kept whole: optics groups, job options, pipelines
_KEPT_BLOCKS = frozenset(
    ("optics", "job", "joboptions_values", "pipeline_processes", "pipeline_nodes", "pipeline_input_edges", "pipeline_output_edges")
)
_MOST_KEPT_ROWS = 20_000
_TILT_COLUMNS = ("rlnTomoNominalStageTiltAngle", "wrpAngleTilt")
_MOST_TILTS = 10_000
_FILE_NAME = re.compile(rb"\.[A-Za-z][\w.-]*$")
_VERSION = re.compile(r"version (\d+)")


def describe_star(source: ByteSource, path: str) -> Contents:
    """Return the meaning of a STAR file as metadata (see the module); UnreadableError when it is none."""
    survey = _Survey()
    star.parse(source, survey)
    remarks = []
    if survey.blocks_left_out:
        message = f"{path} has {len(survey.blocks) + survey.blocks_left_out} tables; the first {_MOST_BLOCKS} are listed."
        remarks.append(Finding("star.many_tables", "note", path, message))
    return Contents(metadata=survey.metadata(), remarks=tuple(remarks))


def referenced_files(source: ByteSource) -> Iterator[tuple[str, str, int | None]]:
    """Yield (column, file, highest index) for all files that a STAR file refers to, however many; index None where it gives none."""
    survey = _Survey(most_files=None)
    star.parse(source, survey)
    for reference in survey.references.values():
        for file, index in reference.files.items():
            yield reference.column, file.decode("utf-8", "replace"), index or None


@dataclass
class _Reference:
    block: str
    column: str
    files: dict[bytes, int] = field(default_factory=dict)
    is_complete: bool = True

    def add(self, values: list[bytes], most: int | None) -> None:
        files = self.files
        for value in dict.fromkeys(values):
            index, at, file = value.rpartition(b"@")
            if not _FILE_NAME.search(file):
                continue
            number = int(index) if at and index.isdigit() and len(index) < 12 else 0
            known = files.get(file)
            if known is None and most is not None and len(files) >= most:
                self.is_complete = False
            elif known is None or number > known:
                files[file] = number

    def as_json(self) -> dict[str, Any]:
        files = {file.decode("utf-8", "replace"): index or None for file, index in self.files.items()}
        return {"block": self.block, "column": self.column, "files": files, "complete": self.is_complete}


class _Survey:
    """Listener that keeps what `describe_star` tells, bounded whatever the file holds."""

    def __init__(self, most_files: int | None = _MOST_FILES) -> None:
        self.blocks: dict[str, dict[str, Any]] = {}
        self.blocks_left_out = 0
        self.references: dict[tuple[str, str], _Reference] = {}
        self._most_files = most_files
        self._version: str | None = None
        self._values: dict[str, dict[str, str]] = {}
        self._value_count = 0
        self._ranges: dict[str, list[float]] = {}
        self._tilts: list[float] = []
        self._kept: dict[str, list[dict[str, str]]] = {}
        self._block = ""
        self._columns: tuple[str, ...] = ()
        self._table: dict[str, Any] = {}

    def comment(self, text: str) -> None:
        if self._version is None and (match := _VERSION.fullmatch(text)):
            self._version = match[1]

    def table(self, block: str, columns: tuple[str, ...], is_loop: bool) -> None:
        self._block, self._columns = block, columns
        self._table = {"columns": list(columns), "row_count": 0 if is_loop else 1, "is_loop": is_loop}
        if len(self.blocks) >= _MOST_BLOCKS:
            self.blocks_left_out += 1
            return
        key, n = block, 1
        while key in self.blocks:
            n += 1
            key = f"{block}#{n}"
        self.blocks[key] = self._table

    def value(self, name: str, value: bytes) -> None:
        self._value_count += 1
        if self._value_count > _MOST_VALUES:
            return
        self._table["columns"].append(name)
        self._values.setdefault(self._block, {})[name] = _text(value)
        self._learn(name, [value])

    def rows(self, tokens: list[bytes]) -> None:
        width = len(self._columns)
        self._table["row_count"] += len(tokens) // width
        for i, column in enumerate(self._columns):
            if column in _FILE_COLUMNS or column in _RANGE_COLUMNS:
                self._learn(column, tokens[i::width])
        if self._block in _KEPT_BLOCKS:
            kept = self._kept.setdefault(self._block, [])
            for start in range(0, min(len(tokens), (_MOST_KEPT_ROWS - len(kept)) * width), width):
                row = tokens[start : start + width]
                kept.append({column: _text(value) for column, value in zip(self._columns, row, strict=True)})

    def _learn(self, column: str, values: list[bytes]) -> None:
        if column in _FILE_COLUMNS:
            key = (self._block, column)
            if key not in self.references:
                self.references[key] = _Reference(*key)
            self.references[key].add(values, self._most_files)
        elif column in _RANGE_COLUMNS:
            numbers = star.to_numbers(np.array(values))
            if column in _TILT_COLUMNS:
                self._tilts += np.nan_to_num(numbers[: _MOST_TILTS - len(self._tilts)]).tolist()
            numbers = numbers[np.isfinite(numbers)]
            if len(numbers):
                low, high = self._ranges.get(column, (np.inf, -np.inf))
                self._ranges[column] = [min(low, float(numbers.min())), max(high, float(numbers.max()))]

    def metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"kind": self._kind(), "blocks": self.blocks}
        if self._version:
            metadata["version"] = int(self._version)
        if self._values:
            metadata["values"] = self._values
        if references := [r.as_json() for r in self.references.values() if r.files]:
            metadata["references"] = references
        if self._ranges:
            metadata["ranges"] = self._ranges
        if self._tilts and metadata["kind"] == "tilt_series":
            metadata["tilt_angles_deg"] = self._tilts
        if "optics" in self._kept:
            metadata["optics"] = self._kept["optics"]
        if metadata["kind"] == "job":
            metadata["job"] = self._job()
        if metadata["kind"] == "pipeline":
            metadata["pipeline"] = self._pipeline()
        return metadata

    def _kind(self) -> str:
        columns = {column for block in self.blocks.values() for column in block["columns"]}
        for kind, blocks, needed in _KINDS:
            if (not blocks or any(block in self.blocks for block in blocks)) and columns.issuperset(needed):
                return kind
        return "other"

    def _job(self) -> dict[str, Any]:
        about = self._values.get("job", {}) or (self._kept.get("job") or [{}])[0]
        options = {row.get("rlnJobOptionVariable", ""): row.get("rlnJobOptionValue", "") for row in self._kept.get("joboptions_values", [])}
        return {
            "type": about.get("rlnJobTypeLabel", about.get("rlnJobType", "")),
            "is_continue": about.get("rlnJobIsContinue") == "1",
            "is_tomo": about.get("rlnJobIsTomo") == "1",
            "options": options,
        }

    def _pipeline(self) -> dict[str, Any]:
        def row(block: str, *columns: tuple[str, ...]) -> list[list[str]]:
            return [[next((r[c] for c in names if c in r), "") for names in columns] for r in self._kept.get(block, [])]

        # RELION 4 renamed rlnPipeLineProcessType to …TypeLabel (the type in words) and the status likewise
        processes = row(
            "pipeline_processes",
            ("rlnPipeLineProcessName",),
            ("rlnPipeLineProcessAlias",),
            ("rlnPipeLineProcessTypeLabel", "rlnPipeLineProcessType"),
            ("rlnPipeLineProcessStatusLabel", "rlnPipeLineProcessStatus"),
        )
        nodes = row("pipeline_nodes", ("rlnPipeLineNodeName",), ("rlnPipeLineNodeTypeLabel", "rlnPipeLineNodeType"))
        return {
            "processes": [dict(zip(("name", "alias", "type", "status"), p, strict=True)) for p in processes],
            "nodes": [dict(zip(("name", "type"), n, strict=True)) for n in nodes],
            "inputs": row("pipeline_input_edges", ("rlnPipeLineEdgeFromNode",), ("rlnPipeLineEdgeProcess",)),
            "outputs": row("pipeline_output_edges", ("rlnPipeLineEdgeProcess",), ("rlnPipeLineEdgeToNode",)),
        }


def _text(value: bytes) -> str:
    return value[:4096].decode("utf-8", "replace")
