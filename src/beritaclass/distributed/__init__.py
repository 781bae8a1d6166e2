"""Carries the tagging of chunks to engines that exist: Dask (`.dask`) and Spark (`.spark`)."""
