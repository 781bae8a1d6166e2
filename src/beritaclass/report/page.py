"""Fills the page templates; the only module that knows of the template engine."""

from __future__ import annotations

from functools import cache
from typing import Any


def render(template: str, **values: Any) -> str:
    """Return the page of a template in `report/templates`, its values escaped."""
    return str(_environment().get_template(template).render(**values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("beritaclass.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
