"""Models, snapshots and runs outside of this machine: a shared folder (file:///…) or a bucket (s3://bucket/prefix)."""

from towpath.core.store.files import Listed, Store, open_store
from towpath.core.store.url import StoreUrl

__all__ = ["Listed", "Store", "StoreUrl", "open_store"]
