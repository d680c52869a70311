import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.web.stream.conditions import http_date, not_modified, precondition_failed, range_applies
from micrographia.web.stream.ranges import Span, parse_range

TAG = '"abc"'
THEN = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=100-299", [(100, 300)]),
        ("bytes=-50", [(950, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=990-", [(990, 1000)]),
        ("bytes=0-9999", [(0, 1000)]),
        ("Bytes = 5-6", [(5, 7)]),
        ("bytes=0-1, 5-6 ,", [(0, 2), (5, 7)]),
        ("bytes=0-1,5000-", [(0, 2)]),
        ("bytes=1000-", []),
        ("bytes=1000000000000000-", []),
        ("bytes=-0", []),
    ],
)
def test_spans_of_a_thousand_bytes(header, expected):
    assert parse_range(header, 1000) == tuple(Span(*e) for e in expected)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "lines=0-5",
        "bytes=0-5-9",
        "bytes=0x1-5",
        "bytes=" + "0-1," * 65,
        "bytes=0-999,0-999",
    ],
)
def test_what_makes_no_sense_is_ignored(header):
    assert parse_range(header, 1000) is None


def test_an_empty_file_has_no_range():
    assert parse_range("bytes=0-", 0) == ()


@given(st.text(max_size=60), st.integers(0, 10**13))
def test_no_text_gives_a_span_outside_of_the_file(text, size):
    for span in parse_range("bytes=" + text, size) or ():
        assert 0 <= span.start < span.stop <= size


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"if-none-match": TAG}, True),
        ({"if-none-match": f'"x", W/{TAG}'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"'}, False),
        ({"if-none-match": '"x"', "if-modified-since": http_date(THEN)}, False),
        ({"if-modified-since": http_date(THEN)}, True),
        ({"if-modified-since": http_date(THEN - 1)}, False),
        ({"if-modified-since": "yesterday"}, False),
    ],
)
def test_not_modified(headers, expected):
    assert not_modified(headers, TAG, THEN) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"if-match": TAG}, False),
        ({"if-match": '"x"'}, True),
        ({"if-match": "*"}, False),
        ({"if-unmodified-since": http_date(THEN)}, False),
        ({"if-unmodified-since": http_date(THEN - 1)}, True),
    ],
)
def test_precondition(headers, expected):
    assert precondition_failed(headers, TAG, THEN) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(None, True), (TAG, True), ('"x"', False), (f"W/{TAG}", False), (http_date(THEN), True), (http_date(THEN + 9), False)],
)
def test_if_range(condition, expected):
    assert range_applies({} if condition is None else {"if-range": condition}, TAG, THEN) is expected
