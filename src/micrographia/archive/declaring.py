"""What a sheet makes of the files of an entry: their roles, and the records of their images."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts
from micrographia.model.declared import Declared, declared_voxel_size
from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Sheet


class Declaring:
    """One sheet, ready to be asked about many files."""

    def __init__(self, sheet: Sheet) -> None:
        self._declared = Declared(sheet)
        self._sizes = {part.id: declared_voxel_size(part) for part in sheet.image_sets}
        self._sizes |= {part.id: declared_voxel_size(part) for part in sheet.maps}

    def role(self, *paths: str) -> str:
        """Return the id of the part that declares the first of these files that any declares; empty when none does."""
        return next((d.role for path in paths for d in self._declared.of(path)), "")

    def kind(self, *paths: str) -> str:
        """Return what an image of that file is called."""
        return next((d.kind for path in paths for d in self._declared.of(path)), "image")

    def images(self, description: FileDescription, facts: DataFacts, number: int) -> Iterator[ImageRecord]:
        """Yield the records of a file's images, numbered from behind `number`."""
        declared = (description.path, *description.members[:1])  # a sheet may name what lies in a folder that is one image
        role, kind = self.role(*declared), self.kind(*declared)
        for index, header in enumerate(description.images):
            if header.voxel_size is None:  # what no header says, the depositor may
                header = replace(header, voxel_size=self._sizes.get(role))
            yield ImageRecord.of(
                header,
                number=number + index + 1,
                path=kept_name(description.path),
                index=index,
                format_name=description.format,
                kind=kind,
                role=role,
                statistics=facts.statistics[index] if index < len(facts.statistics) else None,
            )


def kept_name(path: str) -> str:
    """Return the path under which the archive keeps a file: Unicode NFC, whichever form the file system gave."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)
