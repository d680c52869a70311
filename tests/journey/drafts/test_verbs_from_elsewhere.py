"""The commands of an entry's life, typed on another machine."""

import json
import subprocess
import sys

import pytest


def command(*words):
    done = subprocess.run([sys.executable, "-m", "micrographia", *words, "--json"], capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def typed(people, serve):
    url = serve(people.archive)

    def run(who, *words):
        token = people.headers[who]["Authorization"].removeprefix("Bearer ")
        return command(*words, "--server", url, "--token", token)

    return run


def test_the_verbs_do_the_same_in_an_archive_elsewhere(people, typed, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    assert typed("owner", "accept", accession)[0] == 7
    code, said = typed("curator", "accept", accession)
    assert (code, said["status"], said["allowed"]) == (8, "DRAFT", ["edit", "submit", "discard"])
    assert typed("owner", "submit", accession) == (0, {"accession": accession, "version": 1, "status": "SUBMITTED"})
    assert typed("curator", "return", accession, "--comment", "Name the lens.")[1]["status"] == "DRAFT"
    assert typed("owner", "submit", accession)[0] == 0
    assert typed("curator", "accept", accession)[1]["status"] == "ACCEPTED"
    code, said = typed("owner", "hold", accession, "--until", "publication")
    assert (code, said["status"]) == (0, "HELD")
    assert typed("owner", "release", accession)[1]["status"] == "RELEASED"
    assert typed("stranger", "withdraw", accession, "--reason", "Pith")[0] == 7
    assert typed("curator", "withdraw", accession, "--reason", "Pith")[1]["reason"] == "Pith"


def test_a_server_needs_a_token_and_no_home(people, tmp_path):
    accession = people.begin()
    for words in (["--server", "http://archive.example"], ["--server", "http://archive.example", "--home", str(tmp_path)]):
        code, said = command("submit", accession, *words)
        assert (code, said["error"]) == (3, "InvalidInputError")
