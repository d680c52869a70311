"""The one settings object, read from the environment; every setting has a default that needs no service."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from micrographia.errors import InvalidInputError

Curation = Literal["open", "strict"]
Keeper = Literal["on", "off"]
OrcidAccounts = Literal["open", "invited"]
SelfRelease = Literal["nobody", "trusted", "everyone"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How one archive is set up. Each field can be set by the environment variable ``MICROGRAPHIA_<FIELD>``."""

    home: Path = field(default_factory=lambda: Path("micrographia-archive"))
    """Folder of the archive: store/, drafts/, derived/ and catalogue.sqlite lie in it unless moved by the URLs below."""
    database_url: str = field(default="", repr=False)
    """SQLAlchemy URL of the catalogue; empty means SQLite at HOME/catalogue.sqlite. PostgreSQL: postgresql+psycopg://…"""
    store_url: str = ""
    """Where released bytes lie; empty means HOME/store. A bucket: s3://bucket/prefix (credentials from the AWS_… variables)."""
    drafts_url: str = ""
    """Where drafts lie, private; empty means HOME/drafts. It must be on the same file system (or the same S3 service) as the store."""
    curation: Curation = "open"
    """open: only title, one author and files are required to release. strict: missing metadata is an error, per experiment type."""
    self_release: SelfRelease = "nobody"
    """Which owners may release a submitted entry without a curator when no check found anything: nobody, trusted (as an admin marked them),
    everyone."""
    title: str = "Micrographia"
    """Name of this archive, shown on every page."""
    url: str = "http://127.0.0.1:8000"
    """Address under which people reach this archive: for links in mail, the way back from ORCID, and DOIs."""
    orcid_client_id: str = ""
    """Client id of this archive at ORCID, with which people sign in; empty: passwords alone."""
    orcid_client_secret: str = field(default="", repr=False)
    """The secret that belongs to it."""
    orcid_url: str = "https://orcid.org"
    """Who confirms ORCID iDs, an issuer of OpenID Connect; to try things out: https://sandbox.orcid.org."""
    orcid_accounts: OrcidAccounts = "open"
    """open: the first sign-in with ORCID makes an account of a member. invited: only who has an account signs in."""
    smtp_url: str = field(default="", repr=False)
    """Mail server: smtp://user:password@host:587 or smtps://…; empty: mail is put into files of HOME/outbox."""
    mail_from: str = "micrographia@localhost"
    """Address that mail comes from."""
    doi_prefix: str = "10.5072"
    """Prefix of the DOIs of entries; 10.5072 is for tests and leads nowhere."""
    datacite_url: str = ""
    """DataCite's API, which registers them: https://api.datacite.org, to try things out https://api.test.datacite.org; empty: none is."""
    datacite_user: str = ""
    """Repository at DataCite: MEMBER.NAME."""
    datacite_password: str = field(default="", repr=False)
    """Its password."""
    workers: int = 0
    """Worker processes that parse files; 0 means one per processor."""
    worker_memory_mib: int = 2048
    """Address space that one worker may take, MiB."""
    worker_seconds: int = 60
    """Seconds that one worker may spend on one file's header."""
    keeper: Keeper = "on"
    """Whether `serve` makes thumbnails, smaller copies and sections in the background; off where `micrographia derive` does it."""
    scheduler: str = ""
    """Address of a Dask scheduler (tls://… or tcp://…) whose workers make them; empty: worker processes of this machine do."""
    upload_days: int = 30
    """Days that an unfinished upload is kept after its last byte came; a draft and the files that are in it stay."""
    upload_gib: int = 0
    """Largest file that may be uploaded, GiB; 0: as large as the disk has room for."""
    compare_mib: int = 2048
    """Most that may be sent for one comparison, MiB: one map or two."""
    compare_gib: int = 50
    """Disk that asked-for comparisons may take together, GiB; each is deleted after a day."""
    compare_memory_mib: int = 6144
    """Address space that the comparison of two maps may take, MiB."""
    pull_hosts: str = ""
    """Hosts from which depositors may have files fetched (HTTPS), with commas between: ftp.example.org, *.s3.amazonaws.com; empty: none."""
    in_place_roots: str = ""
    """Folders of this machine, with : between, from below which admins may have files taken in by hard links; empty: none."""
    x_accel_prefix: str = ""
    """Internal location of nginx under which it serves the store's folder (X-Accel-Redirect); empty: the archive sends files itself."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: object) -> Self:
        """Return the settings of the environment; what is `given` (and not None) goes before it."""
        values: dict[str, object] = {}
        for name, field_ in cls.__dataclass_fields__.items():
            text = environment.get(f"MICROGRAPHIA_{name.upper()}")
            if text:
                values[name] = _parse(name, str(field_.type), text)
        values.update({k: v for k, v in given.items() if v is not None})
        settings = cls(**values)  # type: ignore[arg-type]
        if settings.curation not in ("open", "strict"):
            raise InvalidInputError(f"MICROGRAPHIA_CURATION is {settings.curation!r}; expected open or strict.")
        if settings.keeper not in ("on", "off"):
            raise InvalidInputError(f"MICROGRAPHIA_KEEPER is {settings.keeper!r}; expected on or off.")
        if settings.orcid_accounts not in ("open", "invited"):
            raise InvalidInputError(f"MICROGRAPHIA_ORCID_ACCOUNTS is {settings.orcid_accounts!r}; expected open or invited.")
        if not re.fullmatch(r"10\.\d{4,9}(/[\w.-]+)*", settings.doi_prefix):
            raise InvalidInputError(f"MICROGRAPHIA_DOI_PREFIX is {settings.doi_prefix!r}; expected one like 10.5072.")
        if not re.fullmatch(r"https?://[^/?#@\s]+", settings.url):
            raise InvalidInputError(f"MICROGRAPHIA_URL is {settings.url!r}; expected one like https://archive.example, without a path.")
        if settings.self_release not in ("nobody", "trusted", "everyone"):
            raise InvalidInputError(f"MICROGRAPHIA_SELF_RELEASE is {settings.self_release!r}; expected nobody, trusted or everyone.")
        return settings

    @property
    def store_location(self) -> str:
        """URL or folder of the OCFL storage root."""
        return self.store_url or str(self.home / "store")

    @property
    def drafts_location(self) -> str:
        """URL or folder of the private area."""
        return self.drafts_url or str(self.home / "drafts")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the catalogue."""
        return self.database_url or f"sqlite:///{(self.home / 'catalogue.sqlite').absolute()}"

    @property
    def derived(self) -> Path:
        """Folder of the cache of derived products."""
        return self.home / "derived"

    @property
    def worker_count(self) -> int:
        """Worker processes to use."""
        return self.workers or os.cpu_count() or 1


def _parse(name: str, type_name: str, text: str) -> object:
    if type_name == "Path":
        return Path(text)
    if type_name == "int":
        if not text.isdigit():
            raise InvalidInputError(f"MICROGRAPHIA_{name.upper()} is {text!r}; expected a whole number.")
        return int(text)
    return text
