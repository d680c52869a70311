import pytest

from micrographia.errors import InvalidInputError
from micrographia.formats import registry
from micrographia.formats.description import FileDescription, UnreadableError, unsupported
from micrographia.formats.registry import FORMATS, format_named, identify, inspect, media_type, open_image, unreadable
from micrographia.formats.source import BytesSource, MappingTree


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.mrcs", b"", "mrc"),
        ("A.MRC", b"", "mrc"),
        ("emd_1.map.gz", b"\x1f\x8b", "mrc.gz"),
        ("a.b.tif", b"", "tiff"),
        ("a.dat", b"II*\0", "tiff"),
        ("a.ome.tif", b"", "tiff"),
        ("a.tif.mdoc", b"", "mdoc"),
        ("a.companion.ome", b"<", "ome_xml"),
        ("a.seg", b"\x89HDF\r\n\x1a\n", "hdf5"),
        ("a.zarr.zip", b"PK", "ozx"),
        ("job.star", b"", "star"),
    ],
)
def test_first_bytes_then_the_name_tell_the_format(name, head, expected):
    assert identify(name, head).name == expected


@pytest.mark.parametrize("name", ["readme.txt", "noext", "a.gz", "a.nef", "a.tar.gz", "map", "a.zarr", ".mrc.swp"])
def test_what_nobody_reads_is_not_guessed(name):
    assert identify(name, b"II*\0" if name.endswith("nef") else b"some text") is None


def test_what_nobody_reads_is_stored_and_said_so():
    description = inspect(BytesSource(b"hello", "notes.md"), "docs/notes.md")
    assert description == FileDescription("docs/notes.md", 5, "", "text/markdown")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "text/csv"),
        ("a.PDB", "chemical/x-pdb"),
        ("a.png", "image/png"),
        ("a.q7", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_name_tells_the_media_type(name, expected):
    assert media_type(name) == expected
    assert media_type(name, format_named("star")) == "text/x-star"


def test_every_format_has_a_module_and_a_name_of_its_own():
    assert len({f.name for f in FORMATS}) == len(FORMATS)
    for format_ in FORMATS:
        module = registry._module(format_.module)
        assert callable(module.inspect)
        assert format_.kind != "image" or callable(module.open_image)


def test_whatever_a_parser_raises_is_a_finding(monkeypatch):
    class Broken:
        def inspect(self, source, path):
            raise ZeroDivisionError("in\x1b[31m the parser")

    monkeypatch.setattr(registry, "_module", lambda name: Broken())
    description = inspect(BytesSource(b"", "a.star"), "a.star")
    (finding,) = description.remarks
    assert (finding.rule, finding.severity, finding.path) == ("star.unreadable", "error", "a.star")
    assert finding.found == "ZeroDivisionError: in [31m the parser"


def test_an_unreadable_file_keeps_its_rule_and_hint_also_across_processes():
    import pickle

    error = pickle.loads(pickle.dumps(UnreadableError("mrc.odd", "It is odd.", found="3", expected="4", hint="Even it out.")))
    assert error.finding("a.mrc").as_json() == {
        "rule": "mrc.odd",
        "severity": "error",
        "path": "a.mrc",
        "message": "It is odd.",
        "found": "3",
        "expected": "4",
        "hint": "Even it out.",
    }
    coded = pickle.loads(pickle.dumps(unsupported("a.mrc", "mrc.coding", "3", "4")))
    assert coded.finding("a.mrc").severity == "warning" and "stored as it is" in coded.message
    assert unreadable("a.gz", "mrc.gz", "why").rule == "mrc.unreadable"


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"exe.*mrc"):
        open_image(BytesSource(b"", "a"), "exe")


def test_a_tree_is_taken_for_ome_zarr():
    assert inspect(MappingTree("a.zarr", {}), "a.zarr").format == "ome_zarr"


def test_the_table_says_of_each_format_how_a_part_is_read_and_what_is_understood():
    assert [f.name for f in FORMATS if not f.understood or bool(f.reading) != (f.kind == "image")] == []
