"""fsspec's file systems with our limits on time, and what they raise when the store is away."""

from __future__ import annotations

from typing import Any, Literal

__all__ = ["failures", "new_filesystem", "refusals"]

_TRIES = 2


# The libraries behind a bucket take half a second to import: a worker on local bundles starts without them.
def failures() -> tuple[type[Exception], ...]:
    """What a file system raises when it is away."""
    import aiohttp
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError, aiohttp.ClientError)


def refusals() -> tuple[type[Exception], ...]:
    """What it raises when it refuses us."""
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    return (PermissionError, NoCredentialsError, PartialCredentialsError)


def new_filesystem(protocol: Literal["file", "s3"], endpoint_url: str | None, region: str | None) -> Any:
    """A file system of its own: fsspec's shared ones keep listings, in which new objects are missing."""
    import fsspec

    if protocol == "file":
        return fsspec.filesystem("file", skip_instance_cache=True)
    made = fsspec.filesystem(
        "s3",
        skip_instance_cache=True,
        use_listings_cache=False,
        endpoint_url=endpoint_url,
        client_kwargs={"region_name": region} if region else {},
        config_kwargs={
            "connect_timeout": 5,
            "read_timeout": 30,
            "retries": {"max_attempts": _TRIES, "mode": "standard"},
            # Many stores that speak S3 know no checksums in trailers; ours are in the manifest.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
    )
    made.retries = _TRIES
    return made
