"""Curves of both forms are read as they stand; anything else is refused with a sentence."""

import numpy as np
import pytest

from micrographia.formats.description import UnreadableError
from micrographia.formats.fsc_curve import read_fsc_curve
from micrographia.formats.source import BytesSource

XML = """<?xml version="1.0" encoding="UTF-8"?>
<fsc title="GS-FSC" xaxis="Resolution (A-1)" yaxis="Correlation Coefficient">
  <coordinate><x>0.0</x><y>1.0</y></coordinate>
  <coordinate><x>0.2</x><y>0.143</y></coordinate>
  <coordinate><x>0.1</x><y>0.9</y></coordinate>
  <coordinate><x>0.3</x><y>nan</y></coordinate>
</fsc>"""
STAR = """
data_general

_rlnFinalResolution 4.5

data_fsc

loop_
_rlnSpectralIndex #1
_rlnResolution #2
_rlnAngstromResolution #3
_rlnFourierShellCorrelationCorrected #4
_rlnFourierShellCorrelationUnmaskedMaps #5
0 0.0 999.0 1.0 1.0
1 0.01 100.0 0.99 0.95
2 0.02 50.0 0.98 0.90

data_guinier

loop_
_rlnResolutionSquared #1
_rlnLogAmplitudesOriginal #2
0.0001 -3.0
"""


def read(text):
    return read_fsc_curve(BytesSource(text.encode(), "fsc"))


def test_emdb_xml_is_read_in_order_of_frequency():
    curve = read(XML)
    assert np.array_equal(curve.spatial_frequency_per_a, [0, 0.1, 0.2]) and np.array_equal(curve.correlation, [1, 0.9, 0.143])
    assert curve.kind == "GS-FSC"


def test_of_a_star_file_the_corrected_curve_is_read():
    curve = read(STAR)
    assert np.array_equal(curve.spatial_frequency_per_a, [0, 0.01, 0.02]) and np.array_equal(curve.correlation, [1, 0.99, 0.98])
    assert curve.kind == "FourierShellCorrelationCorrected"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<fsc>",
        "<fsc><coordinate><x>a</x><y>b</y></coordinate></fsc>",
        '<!DOCTYPE f [<!ENTITY e "x">]><fsc title="&e;"/>',
        "<fsc/>",
        "0.1 0.9\n0.2 0.8\n",
        "data_\nloop_\n_rlnImageName\na\n",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(UnreadableError):
        read(text)
