"""Models, snapshots and runs outside of this machine: a shared folder (file:///…) or a bucket (s3://bucket/prefix)."""

from towpath.core.store.files import Listed, Store, open_store
from towpath.core.store.forgotten import (
    being_forgotten_in,
    digest_of,
    forget,
    forgotten_in,
    store_or_home,
    was_forgotten,
)
from towpath.core.store.url import StoreUrl

__all__ = [
    "Listed",
    "Store",
    "StoreUrl",
    "being_forgotten_in",
    "digest_of",
    "forget",
    "forgotten_in",
    "open_store",
    "store_or_home",
    "was_forgotten",
]
