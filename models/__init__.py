"""The models that beritaclass ships, one folder each."""
