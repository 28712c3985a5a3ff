"""What is in the store is told by its URL as it is written; nothing else is ever asked for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from towpath.core.errors import RejectedError
from towpath.core.store import StoreUrl

STORE = StoreUrl.parse("s3://bucket/prefix/")


@pytest.mark.parametrize(
    ("url", "plain", "path"),
    [
        ("s3://bucket", "s3://bucket", "bucket"),
        ("s3://bucket//a/b/", "s3://bucket/a/b", "bucket/a/b"),
        ("file:///mnt/models/", "file:///mnt/models", "/mnt/models"),
        ("file://localhost/mnt/my%20models", "file:///mnt/my%20models", "/mnt/my models"),
    ],
)
def test_a_folder_or_a_bucket_is_a_store(url: str, plain: str, path: str) -> None:
    found = StoreUrl.parse(url)
    assert (found.url, found.path) == (plain, path)
    assert found.key(found.of("bundles/rel-1")) == "bundles/rel-1"


@pytest.mark.parametrize(
    "url",
    ["", "bucket", "s3://", "s3://A_B", "s3://bucket/../x", "s3://bucket/a?b", "http://169.254.169.254/x", "file:///",
     "file://host/x", "file://x", "file:///a/../b", "file:///a/%2e%2e/b", "s3://user:secret@bucket/x", "s3://["],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(RejectedError, match="write file:///folder or s3://bucket/prefix"):
        StoreUrl.parse(url)


@given(rest=st.text(max_size=200))
@example("../other/x")
@example("bundles/../../x")
@example("bundles/..%2f..%2fx")
@example("bundles/%252e%252e/x")
@example("bundles/..\\x")
@example("bundles;x")
@example("bundles#x")
@example("bundles?versionId=1")
@example("bundles//x")
@example(".hidden")
@example("x\n")
@example("a/" * 20 + "a")
def test_a_key_is_plain_names_or_refused(rest: str) -> None:
    try:
        key = STORE.key(f"s3://bucket/prefix/{rest}")
    except RejectedError:
        return
    names = key.split("/")
    assert key == rest
    assert not any(name.startswith(".") or set(name) & set("/\\%;#?\n\x00") for name in names)


@pytest.mark.parametrize(
    "url",
    ["s3://bucket/prefix", "s3://bucket/prefixed/x", "s3://other/prefix/x", "S3://bucket/prefix/x", "file:///prefix/x",
     "http://169.254.169.254/prefix/x", "s3://bucket@evil/prefix/x", "s3://bucket/x/prefix/x"],
)  # fmt: skip
def test_other_places_are_not_in_the_store(url: str) -> None:
    assert not STORE.holds(url)
    with pytest.raises(RejectedError, match="is not in the store"):
        STORE.key(url)
