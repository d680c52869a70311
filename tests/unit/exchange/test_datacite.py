"""What DataCite is told of an entry."""

import pytest
from datacite import schema45
from hypothesis import given
from hypothesis import strategies as st

from micrographia.exchange.datacite import datacite_document
from micrographia.model.lifecycle import State
from micrographia.testing.entries import make_entry

FULL = {
    "title": "Cork",
    "authors": [
        {"name": "Hooke, Robert", "orcid": "0000-0002-1825-0097", "affiliation": "Royal Society", "email": "hooke@royal.example"},
        {"name": "Royal Society"},
    ],
    "abstract": "I took a good clear piece of cork.",
    "keywords": ["cork", "cells", "cork"],
    "licence": "CC0-1.0",
    "biosamples": [{"id": "oak", "organism": {"name": "Quercus suber", "ncbi_taxonomy": 58331}}],
    "acquisitions": [{"id": "scope", "experiment": "single-particle"}],
    "funding": [{"funder": "Royal Society", "grant": "1665"}, {"funder": "Royal Society", "grant": "1665"}],
    "publications": [{"title": "Micrographia", "doi": "10.5962/bhl.title.904"}],
    "related": [
        {"to": "EMD-1832", "relation": "supplements"},
        {"to": "https://doi.org/10.6019/EMPIAR-10076", "relation": "reprocesses"},
        {"to": "MG-10002", "relation": "obsoletes"},
        {"to": "a letter", "relation": "refers to"},
    ],
}


def document(**sheet):
    record = make_entry(**sheet).model_copy(update={"doi": "10.5072/mg-10001"})
    return datacite_document(
        record, url="https://archive.example", archive="Micrographia", formats=["image/mrc", "image/mrc", "text/plain"]
    )


def test_all_that_an_entry_says_is_told():
    told = document(**FULL)
    schema45.validate(told)
    assert told["doi"] == "10.5072/mg-10001" and told["url"] == "https://archive.example/entries/MG-10001"
    hooke, society = told["creators"]
    assert hooke["nameIdentifiers"][0]["nameIdentifier"] == "https://orcid.org/0000-0002-1825-0097"
    assert (hooke["familyName"], hooke["givenName"], hooke["affiliation"]) == ("Hooke", "Robert", [{"name": "Royal Society"}])
    assert society == {"name": "Royal Society"}
    assert "royal.example" not in str(told)
    assert [(r["relationType"], r["relatedIdentifierType"], r["relatedIdentifier"]) for r in told["relatedIdentifiers"]] == [
        ("IsDescribedBy", "DOI", "10.5962/bhl.title.904"),
        ("IsSupplementTo", "URL", "https://www.ebi.ac.uk/emdb/EMD-1832"),
        ("IsDerivedFrom", "DOI", "10.6019/EMPIAR-10076"),
        ("Obsoletes", "URL", "https://archive.example/entries/MG-10002"),
    ]
    assert told["fundingReferences"] == [{"funderName": "Royal Society", "awardNumber": "1665"}]
    assert told["rightsList"][0]["rightsUri"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert [s["subject"] for s in told["subjects"]][:2] == ["cork", "cells"] and told["formats"] == ["image/mrc", "text/plain"]
    assert told["container"]["title"] == "Micrographia" and told["publisher"] == {"name": "Micrographia"}


def test_an_entry_that_says_almost_nothing_is_valid():
    schema45.validate(document(title="", authors=[]))


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.PURGED])
def test_a_tombstone_says_why_and_when(state):
    record = make_entry(**FULL).model_copy(update={"doi": "10.5072/mg-10001"})
    told = datacite_document(
        record, url="https://a.example", archive="A", state=state, detail={"reason": "Elder pith", "date": "2026-01-02"}
    )
    schema45.validate(told)
    assert {"date": "2026-01-02", "dateType": "Withdrawn"} in told["dates"]


_WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


@given(title=_WORDS, names=st.lists(_WORDS, max_size=4), keywords=st.lists(_WORDS, max_size=4), to=st.lists(_WORDS, max_size=3))
def test_whatever_is_said_the_document_is_valid(title, names, keywords, to):
    related = [{"to": t} for t in to]
    schema45.validate(document(title=title, authors=[{"name": n} for n in names], keywords=keywords, related=related))
