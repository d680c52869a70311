"""Listings of deposited folders, for people and for programs that follow links."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.model.documents import file_document, file_link
from micrographia.web.pages.entries import image_of_file, some_images
from micrographia.web.pages.rendering import page
from micrographia.web.pages.wording import count_words
from micrographia.web.site import site_of

_A_PAGE = 500
# of entries with more images, folders are listed without pictures
_MOST_PREVIEWED = 400


def folder_page(request: Request, accession: str, version: int, path: str) -> Response:
    """GET /files/{accession}/{version}/{folder}, with and without a slash at its end."""
    site = site_of(request)
    after = request.query_params.get("after", "")
    view = site.entry(accession, version)
    listing = lookup.list_folder(site.archive, accession, version, path, after=after, limit=_A_PAGE)
    previews = image_of_file(some_images(site, view)) if view.record.image_count <= _MOST_PREVIEWED else {}
    base = file_link(accession, version, path) + ("/" if path else "")
    zip_query = f"?{urlencode({'path': _literal(path) + '/**'})}" if path else ""
    return page(
        request,
        "folder.html",
        accession=accession,
        version=version,
        latest=view.is_latest,
        path=path,
        folder=listing.folder,
        crumbs=_crumbs(accession, version, path),
        parent_link=_up(accession, version, path),
        folders=[
            {"name": f.name, "link": f"{base}{quote(f.name)}/", "file_count": f.file_count, "size_bytes": f.size_bytes}
            for f in listing.folders
        ],
        files=[
            {**file_document(accession, version, f), "name": f.path.rpartition("/")[2], "image": previews.get(f.path)}
            for f in listing.files
        ],
        zip_link=f"/files/{accession}/{version}.zip{zip_query}",
        pages={
            "previous": base if after else None,
            "next": f"{base}?{urlencode({'after': listing.next})}" if listing.next else None,
            "words": f"{count_words(len(listing.folders) + len(listing.files))} on this page",
        },
    )


def _crumbs(accession: str, version: int, path: str) -> list[dict[str, str]]:
    crumbs = [{"name": f"version {version}", "link": f"/files/{accession}/{version}/"}]
    so_far = ""
    for part in filter(None, path.split("/")):
        so_far = f"{so_far}/{part}" if so_far else part
        crumbs.append({"name": part, "link": file_link(accession, version, so_far) + "/"})
    return crumbs


def _up(accession: str, version: int, path: str) -> str | None:
    if not path:
        return None
    parent = path.rpartition("/")[0]
    return file_link(accession, version, parent) + ("/" if parent else "")


def _literal(path: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
