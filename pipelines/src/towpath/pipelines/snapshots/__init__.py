"""Snapshots of the topics as of a moment: kept as chunks that later ones share, each named by its content."""
