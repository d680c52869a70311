"""People and their tokens, by commands alone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

HOME = ("--home", "archive")
HOOKE = ("hooke@royal.example", "--name", "Hooke, Robert")


@pytest.fixture
def typed_password(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda password: monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))


def test_an_account_is_made_changed_and_removed(
    run: Callable[..., Any], run_json: Callable[..., Any], typed_password: Callable[[str], None]
) -> None:
    typed_password("ut tensio sic vis")
    said = run("user", "add", *HOOKE, "--role", "admin", "--password-stdin", *HOME)
    assert "ut tensio" not in said.stdout + said.stderr
    (made,) = run_json("user", "list", *HOME)
    assert (made["email"], made["role"], made["active"], made["trusted"]) == ("hooke@royal.example", "admin", True, False)
    assert "password" not in made
    changed = run_json("user", "set", "hooke@royal.example", "--role", "curator", "--trusted", "--orcid", "0000-0002-1825-0097", *HOME)
    assert (changed["role"], changed["trusted"], changed["orcid"]) == ("curator", True, "0000-0002-1825-0097")
    assert run_json("user", "set", "0000-0002-1825-0097", "--closed", "--email", "rh@royal.example", *HOME)["active"] is False
    run("user", "set", "hooke@royal.example", "--trusted", *HOME, exit_code=5)
    run("user", "remove", "rh@royal.example", *HOME)
    assert run_json("user", "list", *HOME) == []


def test_a_password_is_given_on_standard_input(run: Callable[..., Any], typed_password: Callable[[str], None]) -> None:
    run("user", "add", *HOOKE, "--password-stdin", *HOME, exit_code=3)
    typed_password("short")
    assert "12 to" in run("user", "add", *HOOKE, "--password-stdin", *HOME, exit_code=3).stderr
    run("user", "add", *HOOKE, *HOME)
    typed_password("a sentence of one's own")
    assert "sentence" not in run("user", "set", "hooke@royal.example", "--password-stdin", *HOME).stdout


def test_an_address_is_of_one_account(run: Callable[..., Any]) -> None:
    run("user", "add", *HOOKE, *HOME)
    run("user", "add", "HOOKE@royal.example", "--name", "Another", *HOME, exit_code=8)
    run("user", "add", "grew@royal.example", "--name", "Grew, Nehemiah", *HOME)
    run("user", "set", "grew@royal.example", "--email", "hooke@royal.example", *HOME, exit_code=8)


def test_an_invitation_tells_its_link(run_json: Callable[..., Any]) -> None:
    invited = run_json("user", "invite", *HOOKE, *HOME)
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/new-password/[\w-]{43}", invited["link"])


def test_a_token_is_made_listed_and_revoked(run: Callable[..., Any], run_json: Callable[..., Any]) -> None:
    run("user", "add", *HOOKE, *HOME)
    who = ("--user", "hooke@royal.example")
    made = run_json("token", "create", *who, "--scope", "deposit,read-private", "--name", "microscope", *HOME)
    assert re.fullmatch(r"mg_[\w-]{43}", made["token"])
    run("token", "create", *who, "--scope", "admin", *HOME, exit_code=3)
    run("token", "create", *who, "--scope", "everything", *HOME, exit_code=3)
    (listed,) = run_json("token", "list", *who, *HOME)
    assert listed["id"] == made["id"] and listed["scopes"] == ["deposit", "read-private"] and made["token"] not in str(listed)
    run("token", "revoke", made["id"], *who, *HOME)
    run("token", "revoke", made["id"], *who, *HOME, exit_code=5)
    assert run_json("token", "list", *who, *HOME) == []
