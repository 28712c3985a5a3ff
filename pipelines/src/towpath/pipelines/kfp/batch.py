"""Predictions over history as a component and a pipeline: `python -m towpath.pipelines.scoring` on a source.

Source and bundle lie on a volume that the pod mounts, or in S3 that its service account may read. The predictions go
below `home`, to predictions/<release>/<snapshot>/; run again on the same source, it does nothing.
"""

# No postponed annotations here: KFP reads them as types.
from kfp import dsl, kubernetes

from towpath.pipelines.kfp.pipeline import IMAGE, MOUNT

__all__ = ["batch_score", "score"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)  # type: ignore[untyped-decorator]
def score(source: str, bundle: str, bundle_sha256: str, home: str) -> None:
    """Predict every document of the source."""
    from towpath.pipelines.scoring.__main__ import main

    told = ["--over", source, "--bundle", bundle, "--bundle-sha256", bundle_sha256, "--home", home]
    if main(told) != 0:
        raise RuntimeError("not all was scored: the log says why; run it again to go on")


@dsl.pipeline(name="towpath-batch-score", description="Documents to predictions, in Parquet.")  # type: ignore[untyped-decorator]
def batch_score(
    source: str, bundle: str, bundle_sha256: str = "", home: str = MOUNT, volume: str = "towpath-store"
) -> None:
    """`source`: a snapshot's folder, a file, a folder or s3://bucket/prefix. `bundle_sha256` is needed where `bundle`
    is a URL. `volume` is the claim that is mounted where `home` lies."""
    task = score(source=source, bundle=bundle, bundle_sha256=bundle_sha256, home=home)
    task.set_display_name("score")
    task.set_caching_options(False)
    kubernetes.mount_pvc(task, pvc_name=volume, mount_path=MOUNT)
