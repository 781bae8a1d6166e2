"""Draws the plots of the report pages, as SVG that stands inside the page; the only module that imports matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from beritaclass.errors import import_extra

INK, GREEN, RED, GRID = "#1d2327", "#2f6f5e", "#c4553b", "#e2dfd6"
Values = npt.NDArray[Any]


class Svg(str):
    """An SVG element; templates take it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


@contextmanager
def _figure(width: float, height: float, *, rows: int = 1, columns: int = 1) -> Iterator[tuple[Any, Any, list[Svg]]]:
    """Yield a figure, its axes, and a list that holds the finished element afterwards."""
    import_extra("matplotlib", extra="report", feature="a report page")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(GRID)
        axis.tick_params(colors=INK, labelsize=8, length=0)
        axis.grid(color=GRID, linewidth=0.6)
        axis.set_axisbelow(True)
    drawn: list[Svg] = []
    yield figure, axes, drawn
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    element = stream.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    # Names inside of the elements must differ between the plots of one page.
    mark = f"p{abs(hash(element)) % 10**10}"
    element = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{mark}", element)
    size = f'width="100%" style="max-width: {90 * width:.0f}pt"'
    drawn.append(Svg(re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', size, element, count=1)))


def reliability(probability: Values, right: Values, *, n_bins: int = 10) -> Svg:
    """Draw how often a pair of article and topic is right, over the probability that the model gives it."""
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)
    mean = np.bincount(bins, probability, n_bins) / np.maximum(count, 1)
    share = np.bincount(bins, right, n_bins) / np.maximum(count, 1)
    error = 1.96 * np.sqrt(share * (1 - share) / np.maximum(count, 1))
    with _figure(4.6, 4.2) as (_, (axis,), drawn):
        axis.plot([0, 1], [0, 1], color=GRID, linewidth=2)
        there = count > 0
        axis.errorbar(mean[there], share[there], error[there], color=GREEN, marker="o", markersize=5, linewidth=1.5)
        for x, y, n in zip(mean[there], share[there], count[there], strict=True):
            axis.annotate(f"{n:,}", (x, y), (5, -11), textcoords="offset points", fontsize=7, color=INK)
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="probability given", ylabel="share that is right")
    return drawn[0]


def precision_recall(curves: Sequence[tuple[str, Values, Values, float, float]]) -> Svg:
    """Draw precision over recall for each topic, with a point where the model's threshold stands.

    Parameters
    ----------
    curves : sequence of (name, recall, precision, recall at the threshold, precision at the threshold)
    """
    columns = 6
    rows = -(-len(curves) // columns)
    with _figure(11, 1.75 * rows, rows=rows, columns=columns) as (_, axes, drawn):
        for axis, (name, recall, precision, at_recall, at_precision) in zip(axes, curves, strict=False):
            axis.plot(recall, precision, color=GREEN, linewidth=1.4)
            axis.plot(at_recall, at_precision, "o", color=RED, markersize=4)
            axis.set(xlim=(0, 1.02), ylim=(0, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            axis.set_title(name, fontsize=8, color=INK, loc="left")
        for axis in axes[len(curves) :]:
            axis.set_visible(False)
    return drawn[0]


def bars(names: Sequence[str], values: Sequence[float], *, label: str) -> Svg:
    """Draw one horizontal bar a name, the first on top, with its value."""
    with _figure(7.5, 0.6 + 0.24 * len(names)) as (_, (axis,), drawn):
        axis.barh(names, values, color=GREEN, height=0.7)
        for i, value in enumerate(values):
            axis.annotate(f"{value:,.0f}", (value, i), (4, 0), textcoords="offset points", va="center", fontsize=7.5)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.margins(y=0.01)
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.set_xlabel(label, fontsize=8.5, color=INK)
    return drawn[0]


def histogram(counts: Values, *, label: str) -> Svg:
    """Draw counts over [0, 1] in bins of equal width."""
    edges = np.linspace(0, 1, len(counts) + 1)
    with _figure(5.5, 2.8) as (_, (axis,), drawn):
        axis.bar(edges[:-1], counts, width=np.diff(edges) * 0.92, align="edge", color=GREEN)
        axis.grid(visible=False, axis="x")
        axis.yaxis.set_major_formatter("{x:,.0f}")
        axis.set(xlim=(0, 1))
        axis.set_xlabel(label, fontsize=8.5, color=INK)
        axis.set_ylabel("tags", fontsize=8.5, color=INK)
    return drawn[0]


def lines(periods: Sequence[str], series: Sequence[tuple[str, Values]]) -> Svg:
    """Draw small multiples over time, one a name, each on its own scale."""
    columns = 4
    rows = -(-len(series) // columns)
    x = np.arange(len(periods))
    ticks = sorted({0, len(periods) // 2, len(periods) - 1})
    with _figure(11, 1.6 * rows, rows=rows, columns=columns) as (_, axes, drawn):
        for axis, (name, values) in zip(axes, series, strict=False):
            axis.fill_between(x, values, color=GREEN, alpha=0.25, linewidth=0)
            axis.plot(x, values, color=GREEN, linewidth=1.4)
            axis.set_title(name, fontsize=8.5, color=INK, loc="left")
            axis.set_xticks(ticks, [periods[i] for i in ticks])
            axis.yaxis.set_major_formatter("{x:,.0f}")
            axis.set_ylim(bottom=0)
        for axis in axes[len(series) :]:
            axis.set_visible(False)
    return drawn[0]


def heatmap(names: Sequence[str], columns: Sequence[str], values: Values, *, label: str) -> Svg:
    """Draw a matrix of shares in [0, 1] as shades, those of 5 % and more with their number."""
    height, width = values.shape
    with _figure(2.6 + 0.27 * width, 1.6 + 0.23 * height) as (_, (axis,), drawn):
        axis.grid(visible=False)
        axis.imshow(values, cmap="Greens", vmin=0, vmax=max(0.3, float(values.max(initial=0))), aspect="auto")
        axis.set_xticks(range(width), columns, rotation=60, ha="right", rotation_mode="anchor", fontsize=7.5)
        axis.set_yticks(range(height), names, fontsize=7.5)
        for (i, j), value in np.ndenumerate(values):
            if value >= 0.05:
                color = "white" if value > 0.6 * max(0.3, values.max()) else INK
                axis.annotate(f"{100 * value:.0f}", (j, i), ha="center", va="center", fontsize=6, color=color)
        axis.set_title(label, fontsize=8.5, color=INK, loc="left")
    return drawn[0]
