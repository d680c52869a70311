"""Each verb starts from its own states only."""

import pytest

from micrographia.errors import WrongStateError
from micrographia.model.lifecycle import EXCHANGE_CODES, VERBS, State, allowed_verbs, next_state


def test_the_way_from_draft_to_release():
    state = State.DRAFT
    for verb, expected in [("submit", State.SUBMITTED), ("accept", State.ACCEPTED), ("hold", State.HELD), ("release", State.RELEASED)]:
        state = next_state(verb, state, accession="MG-10001")
        assert state == expected


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", State)
def test_a_wrong_state_names_what_is_possible(verb, state):
    if verb in allowed_verbs(state):
        assert next_state(verb, state, accession="MG-10001") == VERBS[verb][1]
        return
    with pytest.raises(WrongStateError) as caught:
        next_state(verb, state, accession="MG-10001")
    assert caught.value.allowed == allowed_verbs(state)
    assert str(state) in caught.value.message


def test_nothing_is_public_before_release():
    assert {s for s in State if s.is_public} == {State.RELEASED, State.OBSOLETE}


def test_every_state_has_an_exchange_code():
    assert set(EXCHANGE_CODES) == set(State)
