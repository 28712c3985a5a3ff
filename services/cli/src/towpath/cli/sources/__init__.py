"""What `towpath ingest` reads: files, folders and buckets of tables, lines of JSON, texts, and tools' exports."""

from towpath.cli.sources.item import Format, Item, Reading
from towpath.cli.sources.objects import object_items
from towpath.cli.sources.places import SUFFIXES, Source, open_source

__all__ = ["SUFFIXES", "Format", "Item", "Reading", "Source", "object_items", "open_source"]
