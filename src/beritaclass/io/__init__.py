"""Reads and writes dumps of articles."""

from beritaclass.io.fields import Fields as Fields
from beritaclass.io.readers import read_articles as read_articles

__all__ = ["Fields", "read_articles"]
