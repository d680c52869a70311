"""Where bytes are kept: released OCFL objects, private drafts, byte ranges, fixity; in a local folder or an S3 bucket."""

from micrographia.store.audit import Damage
from micrographia.store.drafts import Drafts
from micrographia.store.incoming import IncomingFile
from micrographia.store.objects import Store

__all__ = ["Damage", "Drafts", "IncomingFile", "Store"]
