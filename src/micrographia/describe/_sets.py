"""Patterns of image files → groups that become one image set each, and files that have a role of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from micrographia.describe._kinds import is_mask, is_volume
from micrographia.describe._patterns import FileFact, Pattern, Variant
from micrographia.model.image import ImageHeader

# patterns of one kind in one folder are told apart when they are few and each has several files
_MOST_PATTERNS = 12
_FEWEST_FILES = 3


@dataclass
class ImageGroup:
    """Files of one image set."""

    kind: str
    patterns: list[Pattern]
    """Whole patterns; empty when `files` says it file by file."""
    files: list[FileFact]
    header: ImageHeader | None
    """Of the first file; None where no reader knows the format."""
    same_header: bool
    """Whether all files have the header's size, type and voxel size."""
    lengths: dict[int, int] = field(default_factory=dict)
    """Number of files by their length along z or t."""
    remark: str = ""

    @property
    def count(self) -> int:
        """Number of files."""
        return sum(p.count for p in self.patterns) + len(self.files)

    @property
    def first_path(self) -> str:
        """Path of the first file."""
        return self.patterns[0].first.first.path if self.patterns else self.files[0].path


def group_images(
    patterns: Iterable[Pattern], kinds: Mapping[int, Any]
) -> tuple[list[ImageGroup], list[FileFact], list[FileFact], list[FileFact], list[FileFact]]:
    """Return groups for image sets, then the files that are volumes of maps, masks, labels and gain references."""
    volumes: list[FileFact] = []
    masks: list[FileFact] = []
    labels: list[FileFact] = []
    gains: list[FileFact] = []
    whole: dict[tuple[Any, ...], list[Pattern]] = {}
    loose: dict[tuple[Any, ...], list[tuple[Variant, list[FileFact]]]] = {}
    for pattern in patterns:
        kind = kinds[id(pattern)]
        if not kind:
            continue
        variants = list(pattern.variants.values())
        special = {"map": volumes, "labels": labels, "gain reference": gains}
        if isinstance(kind, str) and not (kind in special and all(v.is_listed for v in variants)):
            rest = [f for v in variants for f in v.files if is_volume_mask(f, kind)] if all(v.is_listed for v in variants) else []
            if not rest and (len(variants) == 1 or not all(v.is_listed for v in variants)):
                whole.setdefault(_key(pattern, variants[0], _set_kind(kind)), []).append(pattern)
                continue
        for n, variant in enumerate(variants):
            variant_kind = kind if isinstance(kind, str) else kind[n]
            if not variant_kind:
                continue
            if not variant.is_listed:
                whole.setdefault(_key(pattern, variants[0], _set_kind(variant_kind)), []).append(pattern)
                break
            kept = []
            for fact in variant.files:
                if is_volume_mask(fact, variant_kind):
                    masks.append(fact)
                elif variant_kind in special:
                    special[variant_kind].append(fact)
                else:
                    kept.append(fact)
            if kept:
                loose.setdefault(_key(pattern, variant, _set_kind(variant_kind)), []).append((variant, kept))
    groups = [g for key, found in whole.items() for g in _split(key[0], found)]
    for key, pieces in loose.items():
        files = [f for _, kept in pieces for f in kept]
        lengths = {length: n for v, _ in pieces for length, n in v.lengths.items()}
        groups.append(ImageGroup(key[0], [], files, pieces[0][0].header, True, lengths))
    return sorted(groups, key=lambda g: g.first_path), volumes, masks, labels, gains[:1] if len(gains) == 1 else gains


def is_volume_mask(fact: FileFact, kind: str) -> bool:
    """Return whether a volume is a mask of maps."""
    return kind in ("map", "tomogram", "images") and bool(fact.images) and is_volume(fact.images[0]) and is_mask(fact)


def _set_kind(kind: str) -> str:
    return {"plane": "images", "map": "images", "labels": "images", "gain reference": "calibration"}.get(kind, kind)


def _key(pattern: Pattern, variant: Variant, kind: str) -> tuple[Any, ...]:
    header = variant.header
    if header is None:
        return (kind, pattern.real_folder, pattern.suffix)
    size = header.voxel_size
    rounded = None if size is None else tuple(None if v is None else round(v, 4) for v in (size.z, size.y, size.x))
    return (kind, pattern.real_folder, pattern.suffix, header.shape[-2:], header.dtype, rounded, header.is_stack)


def _split(kind: str, patterns: list[Pattern]) -> list[ImageGroup]:
    many = [p for p in patterns if p.count >= _FEWEST_FILES]
    if 1 < len(patterns) <= _MOST_PATTERNS and len(many) == len(patterns):
        return [_group(kind, [p]) for p in patterns]
    if len(patterns) > 1 and all(p.count == 1 for p in patterns) and len(patterns) <= _MOST_PATTERNS and kind != "movies":
        return [_group(kind, [p]) for p in patterns]
    return [_group(kind, patterns)]


def _group(kind: str, patterns: list[Pattern]) -> ImageGroup:
    variants = [v for p in patterns for v in p.variants.values()]
    lengths: dict[int, int] = {}
    for variant in variants:
        for length, n in variant.lengths.items():
            lengths[length] = lengths.get(length, 0) + n
    return ImageGroup(kind, patterns, [], variants[0].header, all(len(p.variants) == 1 for p in patterns), lengths)
