"""What is in the images, and what is not."""

from __future__ import annotations

import json

import pytest

from e2e.support.cluster import run

TAG = "0.1.0"
LARGEST_MB = {"ingestion": 250, "monitoring": 270, "serving": 700, "training": 1600}


def image(service: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(["buildah", "inspect", f"docker.io/towpath/{service}:{TAG}"]))
    return found


def layers(service: str) -> list[str]:
    found: list[str] = image(service)["OCIv1"]["rootfs"]["diff_ids"]  # type: ignore[index]
    return found


@pytest.mark.parametrize("service", LARGEST_MB)
def test_an_image_is_no_larger_than_was_promised(service: str, report: dict[str, object]) -> None:
    listed = json.loads(run(["buildah", "images", "--json", f"docker.io/towpath/{service}:{TAG}"]))
    megabytes = float(listed[0]["size"].split()[0]) * {"MB": 1, "GB": 1000}[listed[0]["size"].split()[1]]
    sizes = report.setdefault("image_mb", {})
    assert isinstance(sizes, dict)
    sizes[service] = megabytes
    assert megabytes < LARGEST_MB[service]


def test_all_images_share_the_layer_of_common_dependencies() -> None:
    shared = [layers(service)[:-1] for service in LARGEST_MB]
    assert len(shared[0]) >= 2
    assert all(each == shared[0] for each in shared)


@pytest.mark.parametrize("service", LARGEST_MB)
def test_an_image_runs_as_nobody_and_says_what_it_is(service: str) -> None:
    config = image(service)["OCIv1"]["config"]  # type: ignore[index]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.revision"] not in ("", "unknown")
    assert config["Entrypoint"] == ["/opt/towpath/bin/service"]
