"""Rules about files: declared and there, there and declared, told apart, readable."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import file_rule, rule, say
from micrographia.model.declared import is_glob
from micrographia.model.finding import Finding
from micrographia.model.records import RESERVED_FILES

_AWKWARD = re.compile(r'[<>:"|?*\\]|[ .](?:/|$)')
# files that look like images of a microscope to anybody: that nobody reads them is worth a warning
_IMAGE_SUFFIXES = frozenset(
    (
        ".mrc",
        ".mrcs",
        ".map",
        ".rec",
        ".st",
        ".ali",
        ".ccp4",
        ".tif",
        ".tiff",
        ".h5",
        ".hdf",
        ".hdf5",
        ".zarr",
        ".eer",
        ".dm3",
        ".dm4",
        ".ser",
        ".emd",
        ".em",
        ".spi",
        ".czi",
        ".nd2",
        ".lif",
        ".oib",
        ".oir",
        ".vsi",
        ".img",
        ".cbf",
        ".smv",
        ".tvips",
        ".xrm",
        ".txrm",
        ".am",
        ".hed",
        ".bin",
        ".raw",
        ".dat",
        ".npy",
        ".nii",
        ".nrrd",
        ".dcm",
        ".ims",
    )
)
_IMAGE_KINDS = frozenset(("", "metadata", "file", "model", "library", "feature table"))


@rule("files.none")
def files_none(context: Context) -> Iterator[Finding]:
    """Error: the folder holds no file. An entry needs at least one."""
    if not context.file_count:
        yield say(
            "error", "", "there are no files.", found="0 files", expected="at least one", hint="Point to the folder that holds the images."
        )


@rule("files.missing")
def files_missing(context: Context) -> Iterator[Finding]:
    """Error: the sheet names a file that is not there, or a glob that matches nothing. Correct the name, or leave it out."""
    for number, declaration in enumerate(context.declared.all):
        if context.matched[number]:
            continue
        place = f"entry.yaml:{declaration.place}"
        if is_glob(declaration.pattern):
            message = f"`{declaration.pattern}` matches no file."
            yield say(
                "error", place, message, found="no file", expected="one file or more", hint="Correct the glob; it is relative to the sheet."
            )
            continue
        near = difflib.get_close_matches(declaration.pattern, context.paths.names, 1, 0.6)
        tail = declaration.pattern.rpartition("/")[2]
        near = near or [n for n in context.paths.names if n.rpartition("/")[2] == tail][:1]
        hint = f"Did you mean `{near[0]}`?" if near else "Correct the name (it is relative to the sheet), add the file, or leave it out."
        yield say("error", place, f"`{declaration.pattern}` does not exist.", found="no such file", expected=declaration.pattern, hint=hint)


@file_rule("files.undeclared")
def file_undeclared(file: File, context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): no part of the sheet names the file. Name it where it belongs, or under `other_files`."""
    if context.has_sheet and not file.declarations and not any(r.rule.startswith("file.") for r in file.description.remarks):
        if any(context.declared.numbers(m) for m in file.description.members):
            return
        hint = "Name it in an image set, map or annotation, or under `other_files`; globs are allowed."
        message = "nothing in entry.yaml declares this file."
        yield say(context.missing, file.path, message, found="undeclared", expected="a place in the sheet", hint=hint)


@file_rule("files.reserved_name")
def file_reserved_name(file: File, context: Context) -> Iterator[Finding]:
    """Error: a file at the top of the deposit bears a name that the archive writes itself, in whatever case. Rename it."""
    if file.path.casefold() in RESERVED_FILES:
        names = ", ".join(RESERVED_FILES)
        yield say(
            "error", file.path, f"`{file.path}` is a name that the archive writes itself.", expected=f"none of {names}", hint="Rename it."
        )


@file_rule("files.same_name")
def file_same_name(file: File, context: Context) -> Iterator[Finding]:
    """Error: two names differ only in how their accents are encoded (Unicode NFC and NFD); the archive keeps names in NFC. Rename one."""
    for path in file.description.members or (file.path,):
        if not path.isascii():
            first = context.composed.setdefault(unicodedata.normalize("NFC", path), path)
            if first != path:
                message = "another file has the same name, with its accents encoded otherwise."
                yield say("error", path, message, found=ascii(path), expected=f"no other than {first!a}", hint="Rename one of them.")


@file_rule("files.awkward_name")
def file_awkward_name(file: File, context: Context) -> Iterator[Finding]:
    """Note: the name cannot be kept on every operating system (characters such as : ? * or a trailing dot or space)."""
    if _AWKWARD.search(file.path) and not any(r.rule == "file.name" for r in file.description.remarks):
        hint = "Rename it if colleagues on Windows should download it."
        yield say(
            "note", file.path, "this name cannot be kept on Windows.", found=file.path, expected='none of < > : " | ? * \\', hint=hint
        )


@file_rule("files.empty")
def file_empty(file: File, context: Context) -> Iterator[Finding]:
    """Warning: the file has no bytes."""
    description = file.description
    if description.size_bytes == 0 and not description.members and not any(r.severity == "error" for r in description.remarks):
        yield say("warning", file.path, "this file is empty.", found="0 bytes", hint="Copy it again, or leave it out.")


@file_rule("files.not_interpreted")
def file_not_interpreted(file: File, context: Context) -> Iterator[Finding]:
    """Warning: the file is declared or named as an image, and no reader here knows its format: it is stored as it is, without preview."""
    description = file.description
    if description.format or description.images or any(r.severity == "error" for r in description.remarks):
        return
    suffix = description.path[description.path.rfind(".") :].lower()
    if suffix in _IMAGE_SUFFIXES or (file.kind not in _IMAGE_KINDS and context.has_sheet and file.kind != "field"):
        hint = "Deposit it as it is, or beside it a copy as MRC, TIFF or OME-Zarr."
        message = "no reader here knows this format: it is stored and not interpreted."
        yield say("warning", file.path, message, found=suffix or "no ending", expected="MRC, TIFF, HDF5, OME-Zarr, …", hint=hint)


@file_rule("files.duplicate")
def file_duplicate(file: File, context: Context) -> Iterator[Finding]:
    """Warning: two files hold the same bytes. Half maps, frames and sections should differ; a copy need not be deposited twice."""
    facts = file.facts
    if facts is None or not facts.sha256 or file.description.size_bytes < 64:
        return
    digest = bytes.fromhex(facts.sha256[:32])
    first = context.digests.setdefault(digest, file.path)
    if first != file.path:
        hint = "Leave one out, or find out which is wrong."
        yield say(
            "warning",
            file.path,
            f"this file holds the same bytes as {first}.",
            found=facts.sha256[:12],
            expected="different data",
            hint=hint,
        )
