"""Cleans, normalises, splits and stems Indonesian news text."""
