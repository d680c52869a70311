"""What a whole number in an address may be: one of thousands of digits is no address of ours."""

from __future__ import annotations

from starlette.convertors import IntegerConvertor, register_url_convertor


class _Whole(IntegerConvertor):
    regex = "[0-9]{1,18}"


register_url_convertor("int", _Whole())
