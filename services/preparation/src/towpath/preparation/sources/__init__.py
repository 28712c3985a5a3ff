"""What is read of files, folders and buckets: tables, lines of JSON, texts, and exports of tools."""

from towpath.preparation.sources.item import Format, Item, Reading
from towpath.preparation.sources.objects import object_items
from towpath.preparation.sources.places import SUFFIXES, Source, open_source

__all__ = ["SUFFIXES", "Format", "Item", "Reading", "Source", "object_items", "open_source"]
