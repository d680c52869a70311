from micrographia.assembly import open_archive
from micrographia.demo import fill, fill_demo
from micrographia.settings import Settings


def test_filling_twice_leaves_one_of_each(tmp_path, monkeypatch):
    monkeypatch.setattr(fill, "EXAMPLES", {name: fill.EXAMPLES[name] for name in ("screen", "volume-em")})
    archive = open_archive(Settings(home=tmp_path / "archive", workers=1))
    said = []
    first = fill_demo(archive, progress=said.append)
    assert first == ["MG-10001", "MG-10002"]
    assert said[0] == "simulating: screen"
    assert not (tmp_path / "archive" / "demo").exists()
    assert fill_demo(archive, progress=lambda words: (_ for _ in ()).throw(AssertionError(words))) == first
    assert {str(a) for a in archive.store.accessions()} == set(first)
