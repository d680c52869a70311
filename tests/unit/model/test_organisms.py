from micrographia.model.organisms import find_species, species
from micrographia.model.vocabulary import EXPERIMENTS, IMAGING_METHOD


def test_a_species_is_found_by_any_word_of_its_names():
    assert {4896, 4932} <= {s.taxonomy for s in find_species("yea")}
    assert find_species("homo")[0].taxonomy == 9606
    assert find_species("HIV-1")[0].name == "Human immunodeficiency virus 1"
    assert find_species("COLI")[0].name.startswith("Escherichia coli")
    assert find_species("") == find_species("zzz") == []


def test_no_species_stands_in_the_table_twice():
    assert len({s.taxonomy for s in species()}) == len({s.name for s in species()}) == len(species())


def test_terms_are_of_kinds_that_a_sheet_may_name():
    assert set(IMAGING_METHOD) <= set(EXPERIMENTS)
    assert all(identifier.startswith("FBbi:") and len(identifier) == 13 for identifier, _ in IMAGING_METHOD.values())
