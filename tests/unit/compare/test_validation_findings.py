"""Each rule speaks where it should and is silent about a sound report."""

import copy

import pytest

from micrographia.compare.validation.findings import findings_of, point_group, resolution_of

CROSSINGS = {"0.143": 4.0, "0.5": 4.6, "half_bit": 4.1, "one_bit": 4.4, "three_sigma": 3.8}
SOUND = {
    "map": {"path": "map.mrc", "shape_zyx": [64, 64, 64], "voxel_size_zyx_a": [1.5, 1.5, 1.5]},
    "computed_on": {"shape_zyx": [64, 64, 64], "voxel_size_zyx_a": [1.5, 1.5, 1.5]},
    "declared": {"resolution_a": 4.1, "resolution_method": "FSC 0.143", "symmetry": "D7", "contour_level": 0.1},
    "fsc": {
        "half_maps": ["half1.mrc", "half2.mrc"],
        "correlation": [1.0, 0.99, 0.9, 0.3, 0.0],
        "resolution_a": {**CROSSINGS, "0.143": 5.0},
        "masked": {"correlation": [1.0], "resolution_a": {**CROSSINGS, "0.143": 3.95}},
        "phase_randomised": {"correlation": [1.0], "resolution_a": CROSSINGS},
        "mask": {"path": "mask.mrc", "refused": "", "share_of_box": 0.2, "touches_faces": False},
    },
    "deposited_fsc": {"path": "fsc.xml", "kind": "FSC", "resolution_a": 4.1},
    "half_map_agreement": 0.97,
    "models": [{"path": "model.pdb", "resolution_a": {"0.5": 4.5}, "masked": None}],
    "symmetry": {"group": "D7", "order": 14, "confidence": 0.98, "resolution_a": 12.0},
    "volume_estimate": {"contour": {"level": 0.1, "is_declared": True, "share_of_box": 0.05, "share_of_faces": 0.0}},
}
MODEL = {"path": "model.pdb", "resolution_a": {"0.5": 20.0}, "masked": None}


def changed(**places):
    """A sound report with something else at dotted places."""
    document = copy.deepcopy(SOUND)
    for place, value in places.items():
        *where, name = place.split("__")
        at = document
        for part in where:
            at = at[part]
        at[name] = value
    return document


def said(document):
    return {f.rule.removeprefix("validation."): f for f in findings_of(document)}


def test_a_sound_report_has_no_findings():
    assert said(SOUND) == {}


@pytest.mark.parametrize(
    "rule, change",
    [
        ("half_maps_identical", {"fsc__correlation": [1.0] * 5}),
        ("half_maps_disagree", {"fsc__correlation": [1.0, 0.05, 0.0, 0.0, 0.0]}),
        ("half_maps_beyond_nyquist", {"fsc__resolution_a": {"0.143": None}, "fsc__correlation": [1.0, 0.9, 0.8, 0.7, 0.6]}),
        ("half_maps_differ", {"half_map_agreement": 0.2}),
        ("resolution_declared", {"declared__resolution_a": 3.2}),
        ("resolution_declared", {"declared__resolution_a": 6.0}),
        ("fsc_file", {"deposited_fsc": {"path": "fsc.xml", "unreadable": "not whole"}}),
        ("fsc_file", {"deposited_fsc__resolution_a": 3.0}),
        ("mask_refused", {"fsc__mask__refused": "mask.mrc has other voxels."}),
        ("mask_tight", {"fsc__masked__resolution_a": {"0.143": 3.5}}),
        ("mask_touches_box", {"fsc__mask__touches_faces": True}),
        ("model_file", {"models": [{"path": "a.pdb", "unreadable": "holds no atoms"}]}),
        ("model_hand", {"models": [MODEL | {"superposition": {"mirrored": True, "confidence": 0.95, "moved_a": 0.0}}]}),
        ("model_moved", {"models": [MODEL | {"superposition": {"mirrored": False, "confidence": 0.95, "moved_a": 20.0}}]}),
        ("model_differs", {"models": [MODEL | {"superposition": {"mirrored": False, "confidence": 0.1, "moved_a": 20.0}}]}),
        ("symmetry_declared", {"symmetry__group": "C7", "symmetry__order": 7}),
        ("symmetry_undeclared", {"declared__symmetry": None}),
        ("voxel_size", {"map__voxel_size_zyx_a": [1.0, 1.0, 1.0]}),
        ("voxel_size", {"map__voxel_size_zyx_a": [1.5, 1.5, 1.6]}),
        ("resolution_nyquist", {"map__voxel_size_zyx_a": [2.5, 2.5, 2.5]}),
        ("contour_level", {"volume_estimate__contour__share_of_box": 0.7}),
        ("contour_level", {"volume_estimate__contour__share_of_box": 1e-5}),
        ("box_cuts", {"volume_estimate__contour__share_of_faces": 0.2}),
        ("coarsened", {"map__shape_zyx": [512, 512, 512]}),
    ],
)
def test_each_rule_speaks_of_what_it_is_about(rule, change):
    found = said(changed(**change))
    assert list(found) == [rule]
    finding = found[rule]
    assert finding.path and finding.found and finding.expected and finding.hint and finding.severity != "error"
    assert finding.message[0].islower() and finding.message.endswith(".")


def test_a_map_alone_earns_no_findings_about_what_is_not_there():
    bare = changed(fsc=None, deposited_fsc=None, half_map_agreement=None, symmetry=None, volume_estimate=None)
    assert said(bare) == {} and resolution_of(bare) is None


def test_a_symmetry_that_is_not_sure_is_not_held_against_anybody():
    assert said(changed(symmetry__group="C2", symmetry__confidence=0.6)) == {}
    alone = {"fsc": None, "deposited_fsc": None, "declared__resolution_a": None}
    assert said(changed(symmetry__group="C1", symmetry__order=1, **alone)) == {}
    assert said(changed(symmetry__group=None, symmetry__confidence=0.0)) == {}


def test_the_resolution_is_that_of_the_corrected_curve_and_else_the_best_there_is():
    assert resolution_of(SOUND) == 4.0
    assert resolution_of(changed(fsc__phase_randomised=None)) == 3.95
    assert resolution_of(changed(fsc__phase_randomised=None, fsc__masked=None)) == 5.0


@pytest.mark.parametrize(
    "declared, group",
    [("C1", "C1"), (" d7 ", "D7"), ("I1", "I"), ("I", "I"), ("O", "O"), ("octahedral", "O"), ("D1", "C2"), ("1.4 Å, 22°", ""), ("", "")],
)
def test_declared_point_groups_are_read_as_they_are_written(declared, group):
    assert point_group(declared) == group
