"""One component a stage; each runs `python -m towpath.pipelines.kfp.stage` on the run's folder.

The folder lies on a volume that all pods mount. Components get its path as their only input, and give it on as
output, which is what orders them. Image and volume are filled in at submission (`backend.py`); kfp.local needs neither.
"""

# No postponed annotations here: KFP reads them as types.
from kfp import dsl, kubernetes

__all__ = ["IMAGE", "MOUNT", "stage", "training"]

IMAGE = "docker.io/towpath/training:0.1.0"
MOUNT = "/var/lib/towpath"


@dsl.component(base_image=IMAGE, install_kfp_package=False)  # type: ignore[untyped-decorator]
def stage(name: str, folder: str) -> str:
    """Run one stage on the run's folder."""
    from pathlib import Path

    from towpath.pipelines.runner import run_stage
    from towpath.pipelines.telling import tell_step

    run_stage(name, Path(folder), tell_step)
    return folder


@dsl.pipeline(name="towpath-training", description="Messages to a gated bundle.")  # type: ignore[untyped-decorator]
def training(folder: str, volume: str = "towpath-store") -> str:
    """The stages in order. `folder` has an inputs.json, as `towpath.pipelines.runner.prepare` writes it, and lies on
    the claim `volume`."""
    names = ("snapshot", "validate", "split", "encode", "train", "quantise", "evaluate", "gate", "package")
    done = folder
    for name in names:
        task = stage(name=name, folder=done)
        task.set_display_name(name)
        task.set_caching_options(False)
        kubernetes.mount_pvc(task, pvc_name=volume, mount_path=MOUNT)
        done = task.output
    return done
