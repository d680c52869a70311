"""Life of a version and of an entry: states, the verbs that move between them, and the codes of other archives."""

from __future__ import annotations

from enum import StrEnum

from micrographia.errors import WrongStateError


class State(StrEnum):
    """State of one version of an entry; WITHDRAWN and PURGED are states of the whole entry."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    HELD = "HELD"
    RELEASED = "RELEASED"
    OBSOLETE = "OBSOLETE"
    WITHDRAWN = "WITHDRAWN"
    PURGED = "PURGED"

    @property
    def is_public(self) -> bool:
        """Whether anyone may see the metadata and the files."""
        return self in (State.RELEASED, State.OBSOLETE)

    @property
    def is_before_release(self) -> bool:
        """Whether the version is a draft still, which only its people see."""
        return self in (State.DRAFT, State.SUBMITTED, State.ACCEPTED, State.HELD)


# verb → (states it starts from, state it leads to); `edit` and `revise` start a draft, they do not move a version
VERBS: dict[str, tuple[frozenset[State], State]] = {
    "edit": (frozenset({State.DRAFT}), State.DRAFT),
    "submit": (frozenset({State.DRAFT}), State.SUBMITTED),
    "return": (frozenset({State.SUBMITTED, State.ACCEPTED, State.HELD}), State.DRAFT),
    "accept": (frozenset({State.SUBMITTED}), State.ACCEPTED),
    "hold": (frozenset({State.ACCEPTED, State.HELD}), State.HELD),
    "release": (frozenset({State.ACCEPTED, State.HELD}), State.RELEASED),
    "discard": (frozenset({State.DRAFT}), State.DRAFT),
    "revise": (frozenset({State.RELEASED}), State.RELEASED),
    "obsolete": (frozenset({State.RELEASED}), State.OBSOLETE),
    "withdraw": (frozenset({State.RELEASED, State.OBSOLETE}), State.WITHDRAWN),
    "purge": (frozenset({State.RELEASED, State.OBSOLETE, State.WITHDRAWN}), State.PURGED),
}

# codes of EMDB and EMPIAR, a mapping at the edge only (EMDB policies, "Release status codes")
EXCHANGE_CODES: dict[State, str] = {
    State.DRAFT: "PROC",
    State.SUBMITTED: "PROC",
    State.ACCEPTED: "HPUB",
    State.HELD: "HOLD",
    State.RELEASED: "REL",
    State.OBSOLETE: "OBS",
    State.WITHDRAWN: "WDRN",
    State.PURGED: "WDRN",
}


def allowed_verbs(state: State) -> tuple[str, ...]:
    """Return the verbs that fit `state`, in the order of the lifecycle."""
    return tuple(verb for verb, (starts, _) in VERBS.items() if state in starts)


def next_state(verb: str, state: State, *, accession: str) -> State:
    """Return the state to which `verb` leads from `state`; WrongStateError where it does not fit."""
    starts, end = VERBS[verb]
    if state not in starts:
        allowed = allowed_verbs(state)
        raise WrongStateError(
            f"{accession} is {state}; to {verb} it, it must be {' or '.join(sorted(starts))}."
            + (f" Now possible: {', '.join(allowed)}." if allowed else ""),
            status=state,
            allowed=allowed,
        )
    return end
