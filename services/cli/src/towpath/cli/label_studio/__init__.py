"""Label Studio over its API: a small client, the guide as its raters see it, what commands have in common."""

from towpath.cli.label_studio.client import LabelStudio, Project, connect_to

__all__ = ["LabelStudio", "Project", "connect_to"]
