"""Label Studio: exports, webhook events, and the tasks and projects that are made there."""

from towpath.preparation.formats.label_studio.annotation import Naming, annotation_id
from towpath.preparation.formats.label_studio.events import read_event
from towpath.preparation.formats.label_studio.export import read_export
from towpath.preparation.formats.label_studio.project import guide_mark, guide_version, label_config, mark_of, task
from towpath.preparation.formats.label_studio.reconcile import Plan, reconcile

__all__ = [
    "Naming",
    "Plan",
    "annotation_id",
    "guide_mark",
    "guide_version",
    "label_config",
    "mark_of",
    "read_event",
    "read_export",
    "reconcile",
    "task",
]
