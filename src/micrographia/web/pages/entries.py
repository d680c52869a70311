"""The page of one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import FolderRow
from micrographia.model.documents import file_document, file_link
from micrographia.model.lifecycle import State
from micrographia.web.api.showing import images_json
from micrographia.web.pages.citing import bibtex, dataset_json_ld
from micrographia.web.pages.images import shown_image
from micrographia.web.pages.opening import contour_level, ways_to_open
from micrographia.web.pages.plain_findings import plain_findings
from micrographia.web.pages.plates import plate_links
from micrographia.web.pages.provenance import provenance_graph
from micrographia.web.pages.relations import relations
from micrographia.web.pages.rendering import asked_version, origin, page
from micrographia.web.pages.reprocessings import made_from
from micrographia.web.pages.tracing import unarchived
from micrographia.web.pages.wording import count_words, short_number, voxel_words
from micrographia.web.site import Site, site_of

_GALLERY = 5
_STRIP = 12
_MOST_IMAGES_READ = 400
_FILES_AT_ONCE = 50
# what a reader wants to see first
_SHOW_FIRST = (
    "map",
    "tomogram",
    "volume",
    "light-sheet",
    "fluorescence",
    "segmentation",
    "micrograph",
    "class averages",
    "particles",
    "tilt series",
)

_BLIND = (
    "You read this entry before its release, as a reviewer. Its authors, their institutions and who paid are hidden here; "
    "headers and names of its files may still tell them."
)
_NOT_PUBLIC = {
    State.DRAFT: "This is a draft. Only its people, its reviewers and the curators see it.",
    State.SUBMITTED: "This entry waits for a curator. Only its people, its reviewers and the curators see it.",
    State.ACCEPTED: "This entry is accepted and not released yet. Only its people, its reviewers and the curators see it.",
    State.HELD: "This entry is accepted and held. Only its people, its reviewers and the curators see it until its release.",
}

Document = dict[str, Any]


def entry_page(request: Request) -> Response:
    """GET /entries/{accession}."""
    site = site_of(request)
    accession = request.path_params["accession"]
    view = site.entry(accession, asked_version(request))
    document = view.document()
    images = some_images(site, view)
    gallery = _gallery(document, images)
    lead = gallery[0]["id"] if gallery else None
    parts = {"e": document, "gallery": gallery, "lead": lead, **_things(document, images), **_files(site, view, images)}
    parts |= relations(site, view, document)
    return page(
        request,
        "entry.html",
        **parts,
        graph=provenance_graph(document),
        made=made_from(site, view) if parts["users"] else None,
        unarchived=unarchived(site, view),
        preparing=site.preparing(view),
        plates=plate_links(site, view),
        specimens=_specimens(document),
        resolution=_resolution(document["maps"]),
        findings=plain_findings(document["findings"]),
        ways=ways_to_open(gallery[0], origin(request), contour_level=contour_level(view, gallery[0]["role"])) if gallery else [],
        versions=[{"version": v.version, "released": v.released_at, "change_note": v.change_note} for v in reversed(view.versions)],
        commands=_commands(document, origin(request)),
        bibtex=bibtex(document, origin(request) + document["links"]["page"]),
        json_ld=dataset_json_ld(document, origin(request), site.archive.settings.title, lead),
        canonical=origin(request) + document["links"]["page"],
        is_public=view.state.is_public,
        not_public=_BLIND if view.hides_authors else _NOT_PUBLIC.get(view.state, ""),
        origin=origin(request),
    )


def _gallery(entry: Document, images: list[Document]) -> list[Document]:
    """A few images that differ: one of each thing first, what people look for before the rest."""
    order = {kind: i for i, kind in enumerate(_SHOW_FIRST)}
    things = {t["id"]: t for t in (*entry["maps"], *entry["image_sets"], *entry["annotations"])}
    places = {name: i for i, name in enumerate(things)}
    shown = [i for i in images if i["picture"]]
    ranked = sorted(shown, key=lambda i: (order.get(i["kind"], len(order)), places.get(i["role"], len(places))))
    seen: set[tuple[str, str]] = set()
    first: list[Document] = []
    rest: list[Document] = []
    for image in ranked:
        key = (image["kind"], image["role"])
        (rest if key in seen or image["kind"] in ("half map", "mask") else first).append(image)
        seen.add(key)
    shown = (first + rest)[:_GALLERY]
    return [{**i, "caption": _caption(i, things.get(i["role"], {}), is_lead=i is shown[0])} for i in shown]


def _caption(image: Document, thing: Document, *, is_lead: bool) -> str:
    kind, title = image["kind"].capitalize(), str(thing.get("title") or image["label"])
    words = [title] if title.casefold().startswith(kind.casefold()) else [kind, title]
    return " · ".join(filter(None, [*words, *([image["size_words"], voxel_words(image["voxel_size"])] if is_lead else [])]))


def _resolution(maps: list[Document]) -> str:
    """The resolutions of all maps: 3.2 Å, or 3.2 to 8 Å."""
    stated = sorted(m["resolution_a"] for m in maps if m.get("resolution_a"))
    if not stated:
        return ""
    return f"{short_number(stated[0])} Å" if stated[0] == stated[-1] else f"{short_number(stated[0])} to {short_number(stated[-1])} Å"


def _things(entry: Document, images: list[Document]) -> Document:
    acquisitions = {a["id"]: a for a in entry["acquisitions"]}
    by_role: dict[str, list[Document]] = {}
    for image in images:
        by_role.setdefault(image["role"], []).append(image)
    complete = entry["image_count"] <= _MOST_IMAGES_READ
    sets = []
    for thing in entry["image_sets"]:
        own = by_role.get(thing["id"], [])
        facts = _set_facts(thing, own, acquisitions.get(thing.get("acquisition", ""), _only(acquisitions)))
        count = len(own) if complete else 0
        sets.append(
            {
                **thing,
                "kind": thing.get("kind", "images"),
                "facts": facts,
                "images": own[:_STRIP],
                "image_count": count or entry["image_count"],
                "counts": f"{count_words(len(own))} {'image' if len(own) == 1 else 'images'}" if count else "",
                "more": len(own) > _STRIP or not complete,
                "more_link": _images_link(entry),
            }
        )
    if others := by_role.get("", []):
        sets.append(
            {
                "id": "others",
                "title": "Other images" if sets or entry["maps"] else "Images",
                "kind": "images",
                "facts": [],
                "images": others[:_STRIP],
                "image_count": len(others),
                "counts": "",
                "more": len(others) > _STRIP,
                "more_link": _images_link(entry),
            }
        )
    maps = [
        {**m, "facts": _map_facts(m), "images": by_role.get(m["id"], [])[:_STRIP], "report": _report_link(entry, m, by_role)}
        for m in entry["maps"]
    ]
    annotations = [{**a, "facts": _annotation_facts(a), "images": by_role.get(a["id"], [])[:_STRIP]} for a in entry["annotations"]]
    return {"sets": sets, "maps": maps, "annotations": annotations}


def _report_link(entry: Document, density_map: Document, images: Mapping[str, list[Document]]) -> str:
    """Return where the validation report of a map is; empty where no image of it is a map."""
    if not any(i["kind"] == "map" for i in images.get(density_map["id"], ())):
        return ""
    query = {} if entry["version"] == entry["latest_version"] else {"version": entry["version"]}
    query |= {"map": density_map["id"]} if len(entry["maps"]) > 1 else {}
    return f"/entries/{entry['accession']}/validation" + (f"?{urlencode(query)}" if query else "")


def _images_link(entry: Document) -> str:
    version = f"?version={entry['version']}" if entry["version"] != entry["latest_version"] else ""
    return f"/entries/{entry['accession']}/images{version}"


def _only(acquisitions: Mapping[str, Document]) -> Document:
    return next(iter(acquisitions.values())) if len(acquisitions) == 1 else {}


def _facts(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in pairs if value not in (None, "", [], ())]


def _set_facts(thing: Document, images: list[Document], acquisition: Document) -> list[tuple[str, str]]:
    microscope, detector = acquisition.get("microscope", {}), acquisition.get("detector", {})
    tilt = acquisition.get("tilt") or {}
    sizes = list(dict.fromkeys(i["size_words"] for i in images))
    defocus = acquisition.get("defocus_um")
    frames = thing.get("frames")
    software = acquisition.get("software") or {}
    return _facts(
        [
            ("Size", sizes[0] if len(sizes) == 1 else (f"{sizes[0]} and {len(sizes) - 1} other sizes" if sizes else "")),
            ("Type", ", ".join(dict.fromkeys(i["dtype"] for i in images))),
            ("Pixel size", _with_unit(thing.get("pixel_size_a") or acquisition.get("pixel_size_a"), "Å")),
            ("Voxel size", _voxel(thing)),
            ("Frames", count_words(frames) if frames else ""),
            ("Experiment", acquisition.get("experiment")),
            (
                "Microscope",
                _joined(
                    microscope.get("name"), _with_unit(microscope.get("voltage_kv"), "kV"), _with_unit(microscope.get("cs_mm"), "mm Cs")
                ),
            ),
            ("Objective", microscope.get("objective")),
            ("Detector", _joined(detector.get("name"), detector.get("mode"))),
            ("Dose", _with_unit(acquisition.get("dose_e_per_a2"), "e⁻/Å²")),
            ("Defocus", f"{short_number(defocus[0])} to {short_number(defocus[1])} µm" if defocus else ""),
            ("Tilts", _tilt(tilt)),
            ("Software", _joined(software.get("name"), software.get("version"), by=" ")),
            ("Channels", ", ".join(c["name"] for c in thing.get("channels") or acquisition.get("channels") or ())),
            ("Date", acquisition.get("date")),
        ]
    )


def _map_facts(density_map: Document) -> list[tuple[str, str]]:
    return _facts(
        [
            ("Resolution", _joined(_with_unit(density_map.get("resolution_a"), "Å"), density_map.get("resolution_method"))),
            ("Contour level", short_number(density_map.get("contour_level"))),
            ("Symmetry", density_map.get("symmetry")),
            ("Voxel size", _voxel(density_map)),
            ("Particles", count_words(density_map["particles"]) if density_map.get("particles") else ""),
            ("Map", density_map.get("file")),
            ("Half maps", ", ".join(density_map.get("half_maps", ()))),
            ("Mask", density_map.get("mask")),
            ("Models", ", ".join(density_map.get("models", ()))),
        ]
    )


def _annotation_facts(annotation: Document) -> list[tuple[str, str]]:
    confidence = annotation.get("confidence")
    return _facts(
        [
            ("Object", annotation.get("object")),
            ("Of", annotation.get("of")),
            ("Method", annotation.get("method")),
            ("Confidence", short_number(confidence) if confidence is not None else ""),
            ("Diameter", _with_unit(annotation.get("diameter_a"), "Å")),
            ("Files", ", ".join(annotation.get("files", ()))),
            ("Labels", ", ".join(f"{k} {v}" for k, v in annotation.get("labels", {}).items())),
            ("Description", annotation.get("description")),
        ]
    )


def _specimens(entry: Document) -> list[Document]:
    biosamples = {b["id"]: b for b in entry["biosamples"]}
    shown = [_specimen(s, biosamples.pop(s.get("biosample", ""), None)) for s in entry["specimens"]]
    shown += [_specimen({"id": b["id"]}, b) for b in biosamples.values()]
    return [s for s in shown if s["facts"] or s["molecules"]]


def _specimen(specimen: Document, biosample: Document | None) -> Document:
    sample = biosample or {}
    organism = sample.get("organism") or {}
    facts = _facts(
        [
            ("Organism", organism.get("name")),
            ("Strain", sample.get("strain")),
            ("Tissue", sample.get("tissue")),
            ("Cells", sample.get("cell_line")),
            ("Sample", sample.get("description")),
            *((str(k), v) for k, v in sample.get("variables", {}).items()),
            ("Preparation", specimen.get("preparation")),
            ("State", specimen.get("state")),
            ("Molecular weight", _with_unit(specimen.get("molecular_weight_kda"), "kDa")),
            ("Labels", ", ".join(specimen.get("labels", ()))),
            ("Models", ", ".join(specimen.get("models", ()))),
        ]
    )
    molecules = [
        {"kind": "protein", "mutation": "", **m, "copies": m.get("copies"), "identifiers": _identifiers(m)}
        for m in specimen.get("molecules", ())
    ]
    return {"heading": specimen["id"], "facts": facts, "molecules": molecules}


def _identifiers(molecule: Document) -> list[tuple[str, str]]:
    links = {
        "uniprot": "https://www.uniprot.org/uniprotkb/{}",
        "rfam": "https://rfam.org/family/{}",
        "ccd": "https://www.rcsb.org/ligand/{}",
        "inchikey": "https://pubchem.ncbi.nlm.nih.gov/#query={}",
    }
    return [(molecule[key], link.format(molecule[key])) for key, link in links.items() if molecule.get(key)]


def _files(site: Site, view: EntryView, images: list[Document]) -> Document:
    """Few files one below the other; of many what lies at the top."""
    record = view.record
    image_of = image_of_file(images)
    folders: list[Document] = []
    if record.file_count <= _FILES_AT_ONCE:
        rows = lookup.list_files(site.archive, record.accession, record.version, limit=_FILES_AT_ONCE)
    else:
        top = lookup.list_folder(site.archive, record.accession, record.version, limit=_FILES_AT_ONCE)
        rows = list(top.files)
        folders = [{"name": f.name, "link": f"{file_link(record.accession, record.version, f.path)}/", **_counted(f)} for f in top.folders]
    files = [{**file_document(record.accession, record.version, f), "name": f.path, "image": image_of.get(f.path)} for f in rows]
    return {"files": files, "folders": folders, "parent_link": None}


def _counted(folder: FolderRow) -> Document:
    return {"file_count": folder.file_count, "size_bytes": folder.size_bytes}


def image_of_file(images: list[Document]) -> dict[str, str]:
    """Return the first image of each file that can be shown: its preview."""
    return {i["path"]: i["id"] for i in reversed(images) if i["picture"]}


def some_images(site: Site, view: EntryView) -> list[Document]:
    """Return images of a version with the words that pages use: all, or of very many the first and some of each kind."""

    def find() -> list[Document]:
        record = view.record
        _, rows, _ = lookup.list_images(site.archive, record.accession, record.version, limit=_MOST_IMAGES_READ)
        if record.image_count > _MOST_IMAGES_READ:
            for kind in _SHOW_FIRST:
                rows += lookup.list_images(site.archive, record.accession, record.version, kind=kind, limit=_STRIP)[1]
        return [shown_image(image) for image in images_json(site, list({row.id: row for row in rows}.values()))]

    return site.keep(("images of", view.record.accession, view.record.version), find)


def _commands(entry: Document, origin_: str) -> list[tuple[str, str]]:
    accession = entry["accession"]
    version = f" --version {entry['version']}" if entry["version"] != entry["latest_version"] else ""
    return [
        ("Command line", f"micrographia get {accession}{version} --server {origin_} --path '*' -o {accession}"),
        (
            "Python",
            f'import micrographia\n\nentry = micrographia.open("{origin_}")["{accession}"]\nentry.download("*", to="{accession}")',
        ),
        ("curl", f"curl -OJ {origin_}{entry['links']['zip']}"),
    ]


def _with_unit(value: float | None, unit: str) -> str:
    return f"{short_number(value)} {unit}" if value is not None else ""


def _joined(*parts: Any, by: str = ", ") -> str:
    return by.join(str(p) for p in parts if p)


def _voxel(thing: Document) -> str:
    for key, unit in (("voxel_size_a", "Å"), ("voxel_size_nm", "nm"), ("voxel_size_um", "µm")):
        if value := thing.get(key):
            return (
                f"{' × '.join(short_number(v) for v in value)} {unit} (z × y × x)"
                if isinstance(value, list | tuple)
                else f"{short_number(value)} {unit}"
            )
    return ""


def _tilt(tilt: Document) -> str:
    angles = f"{short_number(tilt['min_deg'])}° to {short_number(tilt['max_deg'])}°" if "min_deg" in tilt and "max_deg" in tilt else ""
    step = f"every {short_number(tilt['step_deg'])}°" if "step_deg" in tilt else ""
    axis = f"axis {short_number(tilt['axis_deg'])}°" if "axis_deg" in tilt else ""
    return _joined(angles, step, tilt.get("scheme"), axis)
