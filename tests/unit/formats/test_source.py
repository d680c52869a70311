import os

import pytest

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.formats.source import ByteSource, BytesSource, ByteTree, FileSource, FolderTree, MappingTree


@pytest.fixture(params=["file", "bytes"])
def source(request, tmp_path):
    data = bytes(range(100))
    if request.param == "bytes":
        yield BytesSource(data, "a.bin")
    else:
        (tmp_path / "a.bin").write_bytes(data)
        with FileSource(tmp_path / "a.bin") as opened:
            yield opened


def test_a_source_gives_exactly_what_is_asked_for(source):
    assert isinstance(source, ByteSource)
    assert not isinstance(source, ByteTree)
    assert (source.name, source.size) == ("a.bin", 100)
    assert source.read(10, 3) == bytes([10, 11, 12])
    assert source.read(100, 0) == b""


@pytest.mark.parametrize(("start", "length"), [(98, 3), (-1, 2), (0, -1), (10**15, 1)])
def test_a_source_that_is_shorter_says_so(source, start, length):
    with pytest.raises(IntegrityError, match=r"a\.bin.*100 bytes"):
        source.read(start, length)


def test_a_file_that_shrinks_while_it_is_open_says_so(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(10))
    with FileSource(path) as source:
        os.truncate(path, 4)
        with pytest.raises(IntegrityError):
            source.read(0, 10)


def test_a_link_is_followed_only_where_the_caller_allows_it(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    FileSource(tmp_path / "link").close()
    with pytest.raises(OSError, match="link"):
        FileSource(tmp_path / "link", follow_links=False)


MEMBERS = {"zarr.json": b"{}", "0/c/0": b"abc", "0/zarr.json": b"[]", "1/zarr.json": b"1"}


@pytest.fixture
def folder_tree(tmp_path):
    top = tmp_path / "a.zarr"
    for path, data in MEMBERS.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    (tmp_path / "secret").write_bytes(b"secret")
    (top / "0" / "outside").symlink_to(tmp_path / "secret")
    (top / "up").symlink_to(tmp_path)
    return FolderTree(top)


@pytest.fixture(params=["folder", "mapping"])
def tree(request, folder_tree):
    if request.param == "folder":
        return folder_tree
    return MappingTree("a.zarr", {path: lambda d=data, p=path: BytesSource(d, p) for path, data in MEMBERS.items()})


def test_a_tree_opens_and_lists_its_files_and_nothing_else(tree):
    assert isinstance(tree, ByteTree)
    assert tree.name == "a.zarr"
    assert tree.open("0/c/0").read(0, 3) == b"abc"
    assert tree.open("0/c/1") is None
    assert list(tree.list()) == ["0/c/0", "0/zarr.json", "1/zarr.json", "zarr.json"]
    assert list(tree.list("0")) == ["0/c/0", "0/zarr.json"]
    assert list(tree.list("nowhere")) == []


def test_a_folder_tree_is_never_left(folder_tree):
    assert folder_tree.open("0/outside") is None
    assert folder_tree.open("up/secret") is None
    for path in ("../secret", "0/../../secret", "/etc/hostname", "", "0//c"):
        with pytest.raises(InvalidInputError):
            folder_tree.open(path)
