"""The tables. Entries are known by the number of their accession (10001 for MG-10001); documents are the JSON of the archive's records."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

# byte order on both databases: listings come in the same order and a prefix is a range of the index
_Ordered = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows itself only when the key is exactly INTEGER
_Serial = BigInteger().with_variant(Integer(), "sqlite")

# accession: last number given away; change: last change of what is searchable; epoch: how often all entries were cleared
counters = Table(
    "counters",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(12), nullable=False),
    # latest released version; 0: none
    Column("latest_version", Integer, nullable=False),
    Column("created_at", String(40), nullable=False),
    # of the first version; empty: never
    Column("released_at", String(40), nullable=False),
    # JSON: tombstone, reason, superseded_by
    Column("detail", Text, nullable=False),
)

# the files and images of one version; written in many transactions, seen once a version points at it
listings = Table(
    "listings",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("number", BigInteger, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    sqlite_autoincrement=True,  # a number is never used again: a writer that was overtaken must notice
)

versions = Table(
    "versions",
    metadata,
    Column("number", BigInteger, ForeignKey("entries.number"), primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", String(12), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("released_at", String(40), nullable=False),
    Column("hold_until", String(40), nullable=False),
    Column("change_note", Text, nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("image_count", BigInteger, nullable=False),
    # digest over path, size and sha256 of every file, in order
    Column("manifest_sha256", String(64), nullable=False, index=True),
    Column("listing", BigInteger, ForeignKey("listings.id"), nullable=False),
    # JSON: EntryRecord, or DraftRecord of a version that is not released
    Column("document", Text, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("listing", BigInteger, ForeignKey("listings.id"), primary_key=True, autoincrement=False),
    # empty: the top
    Column("folder", _Ordered, primary_key=True),
    Column("name", _Ordered, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content_path", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("role", Text, nullable=False),
    sqlite_with_rowid=False,
)

folders = Table(
    "folders",
    metadata,
    Column("listing", BigInteger, ForeignKey("listings.id"), primary_key=True, autoincrement=False),
    Column("parent", _Ordered, primary_key=True),
    # the top is the folder '' in the parent ''
    Column("name", _Ordered, primary_key=True),
    # with all folders below
    Column("file_count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

images = Table(
    "images",
    metadata,
    Column("listing", BigInteger, ForeignKey("listings.id"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    # JSON: ImageRecord
    Column("document", Text, nullable=False),
    Index("images_by_kind", "listing", "kind", "number"),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False, index=True),
    Column("severity", String(10), nullable=False),
    Column("path", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("hint", Text, nullable=False),
)

edges = Table(
    "edges",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    # id of the process in the sheet; empty: a related record
    Column("process", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("is_input", Boolean, nullable=False),
    # entry that holds the item; another one where the sheet says MG-10001/movies
    Column("item_number", BigInteger, nullable=False),
    # id of an image set, map or annotation of that entry
    Column("item", Text, nullable=False),
    Index("edges_by_item", "item_number", "item"),
)

events = Table(
    "events",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("number", BigInteger, nullable=False),
    # of the event itself: the same event is kept once
    Column("digest", String(64), nullable=False),
    Column("at", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("verb", String(40), nullable=False),
    # JSON: Event
    Column("document", Text, nullable=False),
    Index("events_of_entry", "number", "digest", unique=True),
)

# what the search shows and counts; the words themselves lie in `entry_text`, which each database keeps in its own way (fulltext.py)
search_entries = Table(
    "search_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # value of the counter `change` when the row was written
    Column("change", BigInteger, nullable=False, index=True),
    # RELEASED or OBSOLETE are found, anything else is not
    Column("state", String(12), nullable=False),
    # JSON: what is counted, filtered and sorted by (facets.py)
    Column("columns", Text, nullable=False),
    # JSON: what a list of results shows
    Column("summary", Text, nullable=False),
)

# what became of making a product of an image; a cache of what lies in the folder of derived files
derived = Table(
    "derived",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("image", BigInteger, primary_key=True, autoincrement=False),
    Column("product", String(20), primary_key=True),
    Column("recipe", Integer, nullable=False),
    # done, trying or failed
    Column("state", String(8), nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    # why the last try failed; empty when none did
    Column("message", Text, nullable=False),
    sqlite_with_rowid=False,
)

# versions of whose images nothing is left to make: they are passed over without looking at each image
derived_versions = Table(
    "derived_versions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("product", String(20), primary_key=True),
    Column("recipe", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# who may do what only one process at a time may do; the fence counts the holders
leases = Table(
    "leases",
    metadata,
    Column("name", String(20), primary_key=True),
    # host:process; empty: nobody
    Column("holder", String(200), nullable=False),
    Column("fence", BigInteger, nullable=False),
    # milliseconds since 1970
    Column("expires", BigInteger, nullable=False),
)

# an index of the dossiers that lie beside the drafts
members = Table(
    "members",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("role", String(12), nullable=False),
    # confirmed address in lower case, ORCID: either may be empty
    Column("email", String(254), nullable=False, index=True),
    Column("orcid", String(19), nullable=False, index=True),
    Column("name", Text, nullable=False),
    sqlite_with_rowid=False,
)

reviewer_links = Table(
    "reviewer_links",
    metadata,
    # SHA-256 of the secret part of the address
    Column("key_sha256", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False, index=True),
    # JSON: ReviewerLink; revoked ones are not here
    Column("document", Text, nullable=False),
)

# accounts, and nothing else in this database, are told by no file of the archive
accounts = Table(
    "accounts",
    metadata,
    Column("id", _Serial, primary_key=True),
    # confirmed, lower case; empty is NULL, so that several may lack one
    Column("email", String(254), nullable=True, unique=True),
    Column("orcid", String(19), nullable=True, unique=True),
    Column("name", Text, nullable=False),
    # argon2id; empty: signs in with ORCID alone
    Column("password", Text, nullable=False),
    # member, curator, admin
    Column("standing", String(12), nullable=False),
    Column("is_active", Boolean, nullable=False),
    # whether entries of this owner may be released without a curator where the checks are clean
    Column("is_trusted", Boolean, nullable=False),
    Column("created_at", String(40), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    # SHA-256 of the token, which is shown once
    Column("sha256", String(64), primary_key=True),
    # short, public, by which its person revokes it
    Column("id", String(20), nullable=False, unique=True),
    Column("account", BigInteger, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    # space between them
    Column("scopes", String(100), nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie's secret
    Column("sha256", String(64), primary_key=True),
    Column("account", BigInteger, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("created_at", String(40), nullable=False),
    Column("expires_at", String(40), nullable=False),
    # where it began
    Column("address", String(60), nullable=False),
)

# invitations, new passwords, a sign-in that is on its way to another service and back
one_time_keys = Table(
    "one_time_keys",
    metadata,
    # SHA-256 of the secret
    Column("sha256", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),
    # whose; empty: nobody's yet
    Column("account", BigInteger, nullable=True, index=True),
    # JSON: what else must be remembered
    Column("document", Text, nullable=False),
    Column("expires_at", String(40), nullable=False),
)

# failed attempts to sign in, by account and by address
attempts = Table(
    "attempts",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("subject", String(300), nullable=False, index=True),
    # milliseconds since 1970
    Column("at", BigInteger, nullable=False),
)

# what has to be told outside: mail, DOI registration; written with the change that causes it, delivered by the keeper
outbox = Table(
    "outbox",
    metadata,
    Column("id", _Serial, primary_key=True),
    # the same message is kept once
    Column("key", String(200), nullable=False, unique=True),
    # mail, doi
    Column("kind", String(20), nullable=False),
    # JSON
    Column("document", Text, nullable=False),
    # waiting, delivered, failed
    Column("state", String(12), nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    # why the last try failed
    Column("message", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    # not before; after delivery: when
    Column("due_at", String(40), nullable=False),
)
