"""Why an article has a topic: the share of each stem and stem pair in the decision value, with its places."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place in an article.

    Parameters
    ----------
    field : str
        'title' or 'text'.
    start, end : int
        Offsets into that field of the explanation.
    surface : str
        The words as they stand there.
    """

    field: str
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one column of the matrix adds to the decision value.

    Parameters
    ----------
    term : str
        The stem, or the two stems of a pair.
    field : str
        The field that the column belongs to: 'title', 'lead' (the beginning of the text) or 'text'.
    value : float
        Weight of the term in the article times its coefficient for the topic.
    occurrences : tuple of Occurrence
        Where the term stands in the article.
    """

    term: str
    field: str
    value: float
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons for or against a topic; they are exact, since the model is linear.

    The contributions' values and the intercept add up to the decision value, and
    probability = sigmoid(slope * decision + offset), unless a narrower topic that implies this one is more
    probable: then `implied_by` names it.

    Parameters
    ----------
    topic : str
    probability, threshold : float
        The topic is said where the probability reaches the threshold, or a narrower topic that implies it is said. The
        threshold is the one for the topic's place.
    said : bool
        Whether the model says the topic of this article.
    decision, intercept : float
    contributions : tuple of Contribution
        The strongest first, whichever their sign.
    title, text : str
        The article's fields with their characters repaired; occurrences point into them.
    cuts : tuple of (str, int, int, str)
        Field, start, end and rule of what cleaning took out before the words were counted.
    implied_by : str
        The narrower topic whose probability this one takes over, or ''.
    place : int
        1 for the topic that comes nearest to its threshold, or goes beyond it furthest, and so on; the first ones need
        less than further ones. 0 where places do not count.
    """

    topic: str
    probability: float
    threshold: float
    said: bool
    decision: float
    intercept: float
    contributions: tuple[Contribution, ...]
    title: str
    text: str
    cuts: tuple[tuple[str, int, int, str], ...] = ()
    implied_by: str = ""
    place: int = 0

    def top(self, n: int = 10) -> tuple[Contribution, ...]:
        """Return the `n` contributions that speak most for the topic."""
        return tuple(sorted((c for c in self.contributions if c.value > 0), key=lambda c: -c.value)[:n])
