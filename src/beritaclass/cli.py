"""The command line. Its words, its output and its exit codes are a contract: 0 done, 1 failed, 2 usage, 3 rejects."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import beritaclass as bc
from beritaclass.errors import BeritaclassError, InputError, RecordError, UnknownTopicError

if TYPE_CHECKING:
    from rich.console import Console

    from beritaclass.article import Article
    from beritaclass.evaluation import Evaluation
    from beritaclass.explanation import Explanation
    from beritaclass.io import Fields
    from beritaclass.taxonomy import Taxonomy

FAILED, REJECTS = 1, 3


class _Commands(click.Group):
    """Turns what beritaclass raises on purpose into one line and exit code 1; commands are listed as written here."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _prepare_streams()
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of the pipe has seen enough
            sys.stderr.close()
            sys.exit(FAILED)
        except BeritaclassError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(FAILED)
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error
            click.echo(f"error: {what}", err=True)
            sys.exit(FAILED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _prepare_streams() -> None:
    """Write UTF-8 wherever output goes, and stand in for the streams that the caller closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(bc.__version__, prog_name="beritaclass")
def main() -> None:
    """Tag Indonesian news articles with topics, offline and with reasons."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr)


_model = click.option("--model", metavar="DIR", help="Model folder; the shipped model if not given.")
_inputs = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")


def _fields(command: Any) -> Any:
    """Add the options that name fields, for dumps that call them by a name of their own."""
    for name in ("text", "title", "id", "date", "source", "url"):
        command = click.option(f"--{name}-field", metavar="NAME", help=f"Field that holds the {name}.")(command)
    return command


def _named(fields: dict[str, str | None]) -> Fields:
    from beritaclass.io import Fields

    return Fields(**{key.removesuffix("_field"): name for key, name in fields.items() if name})


def _articles(inputs: Sequence[str], **fields: str | None) -> Iterator[Article]:
    return bc.read_articles(inputs, fields=_named(fields))


@main.command()
@_inputs
@click.option(
    "-o", "--output", metavar="OUT", help="File to write, by its suffix JSONL, CSV or Parquet; '-' is stdout."
)
@click.option("--jobs", "n_jobs", default=1, show_default=True, metavar="N", help="Processes; -1 for all cores.")
@click.option("--resume", is_flag=True, help="Go on with a run that was cut off.")
@click.option("--rejects", metavar="FILE", help="Where records go that cannot be read or tagged.")
@click.option("--max-rejects", type=click.IntRange(0), metavar="N", help="Fail when there are more than so many.")
@click.option("--scores", is_flag=True, help="Write the probability of every topic.")
@click.option("--wide", is_flag=True, help="In CSV and Parquet, a column a topic.")
@click.option("--keep", multiple=True, metavar="FIELD", help="Carry a field of the input along; may be repeated.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after so many articles.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Tag so many articles drawn at random.")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Draw the sample by this seed.")
@_model
@_fields
def tag(inputs: tuple[str, ...], output: str | None, model: str | None, **options: Any) -> None:
    """Tag the articles of files, folders, globs or stdin.

    INPUT '-' is standard input.

    To a terminal goes a table, to a pipe JSONL; with -o, whole dumps go to a file, in parts that --resume can build on.
    """
    options["fields"] = _named({key: options.pop(key) for key in list(options) if key.endswith("_field")})
    if output is None and sys.stdout.isatty() and not options["sample"]:
        _print_tags(inputs, model, options)
        return
    try:
        summary = bc.tag_dump(inputs, output or "-", model=model, **options)
    except KeyboardInterrupt:
        if output not in (None, "-"):
            click.echo("\nstopped; what was finished is kept: go on with the same command and --resume", err=True)
        sys.exit(FAILED)
    if output not in (None, "-"):
        click.echo(str(summary), err=True)
    if summary.n_rejected:
        sys.exit(REJECTS)


def _write(output: str, page: str, inputs: Sequence[str]) -> None:
    """Write a page, but not over what it was made from."""
    if Path(output).resolve() in {Path(source).resolve() for source in inputs}:
        raise InputError(f"{output} is an input, and would be written over; write to another file")
    Path(output).write_text(page, encoding="utf-8")
    click.echo(f"wrote {output}", err=True)


def _headline(article: Article) -> str:
    from rich.markup import escape

    return escape(" ".join((article.title or article.text).split())[:90])


def _print_tags(inputs: tuple[str, ...], model: str | None, options: dict[str, Any]) -> None:
    from itertools import islice

    from rich.table import Table

    tagger = bc.load(model)
    rejected: list[RecordError] = []
    table = Table("artikel", "topik", box=None, pad_edge=False, header_style="bold", row_styles=["", "dim"])
    articles = bc.read_articles(inputs, fields=options["fields"], on_reject=rejected.append)
    for tagged in tagger.pipe(islice(articles, options["limit"])):
        topics = ", ".join(f"{tag.topic} {tag.probability:.2f}" for tag in tagged.tags)
        table.add_row(_headline(tagged.article), topics or "[dim]–[/dim]")
    _console().print(table)
    _end_with(rejected)


def _end_with(rejected: Sequence[RecordError]) -> None:
    """Say which records could not be read, and end with their exit code if there are any."""
    for error in rejected:
        click.echo(f"rejected: {error}", err=True)
    if rejected:
        sys.exit(REJECTS)


@main.command()
@click.argument("tagged", nargs=-1, required=True, metavar="TAGGED...")
@click.option("-o", "--output", required=True, metavar="HTML", help="Page to write.")
def report(tagged: tuple[str, ...], output: str) -> None:
    """Show what is in a tagged dump, on a page.

    A page for the browser, made from what 'tag' wrote.

    Tag with --keep title --keep date --keep source to see headlines, topics over time, and sources.
    """
    from beritaclass.io.readers import read_raw
    from beritaclass.io.sources import find_sources
    from beritaclass.report.dump import dump_page
    from beritaclass.taxonomy import news_taxonomy

    records = (raw.record() for raw in read_raw(find_sources(tagged), _named({})))
    page = dump_page(records, title=", ".join(tagged), names={topic.slug: topic.name for topic in news_taxonomy()})
    _write(output, page, tagged)


@main.command()
@click.argument("source", metavar="INPUT")
@click.option("--topic", metavar="SLUG", help="The topic to explain; all that are said if not given.")
@click.option("--html", metavar="FILE", help="Write a page for the browser with the words highlighted.")
@click.option("-n", "--number", default=1, show_default=True, type=click.IntRange(1), help="Which article of INPUT.")
@_model
@_fields
def explain(source: str, topic: str | None, html: str | None, number: int, model: str | None, **fields: Any) -> None:
    """Show why an article has its topics.

    To a terminal go the words and what each adds; to a pipe JSON: topic, decision value, intercept, and the
    contribution of each term with its places.
    """
    from itertools import islice

    tagger = bc.load(model)
    article = next(islice(_articles((source,), **fields), number - 1, None), None)
    if article is None:
        raise RecordError(f"there is no article number {number}", source=source)
    topics = [topic] if topic else [tag.topic for tag in tagger.tag(article)]
    explanations = [tagger.explain(article, slug) for slug in topics]
    if not explanations:
        best = tagger.classes_[tagger.predict_proba([article])[0].argmax()]
        if not tagger.explain(article, best).contributions:
            raise RecordError("there is no word in this article that the model knows", source=source)
        raise RecordError(f"no topic is said of this article; the nearest is {best}: --topic {best}", source=source)
    if html:
        from beritaclass.report.explanation import explanation_page

        names = {t.slug: t.name for t in tagger.taxonomy or ()}
        _write(html, explanation_page(explanations, names), [source])
    elif sys.stdout.isatty():
        _print_explanations(explanations)
    else:
        for explanation in explanations:
            _echo_json(asdict(explanation))


def _print_explanations(explanations: Sequence[Explanation]) -> None:
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    from beritaclass.report.explanation import shares

    console = _console()
    for explanation in explanations:
        terms = shares(explanation)
        longest = abs(terms[0].value) if terms else 1.0
        console.print(
            Text.assemble(
                (explanation.topic, "bold"),
                f"  probability {explanation.probability:.3f}, threshold {explanation.threshold:.3f}"
                + (f" at place {explanation.place} among the topics\n" if explanation.place else "\n"),
                (
                    f"decision {explanation.decision:+.3f} = intercept {explanation.intercept:+.3f} "
                    f"+ words {explanation.decision - explanation.intercept:+.3f}"
                    + (f", taken over from {explanation.implied_by}" if explanation.implied_by else ""),
                    "dim",
                ),
            )
        )
        table = Table("stem", "in the article", "field", "adds", "", box=None, header_style="dim", pad_edge=False)
        table.columns[3].justify = "right"
        table.columns[4].max_width = 20
        for sign, colour, n in ((1, "green", 10), (-1, "red", 5)):
            for share in [share for share in terms if share.value * sign > 0][:n]:
                bar = Bar(longest, 0, abs(share.value), color=colour)
                words = Text(", ".join(share.surfaces))
                table.add_row(Text(share.term), words, ", ".join(share.fields), f"{share.value:+.3f}", bar)
        console.print(table, "")


@main.command()
@_inputs
@click.option("--json", "as_json", is_flag=True, help="Write what was cut, where and by which rule, as JSON.")
@_fields
def clean(inputs: tuple[str, ...], as_json: bool, **fields: Any) -> None:
    """Show the text of articles without the page around them."""
    from beritaclass.preprocessing.cleaning import clean

    rejected: list[RecordError] = []
    for article in bc.read_articles(inputs, fields=_named(fields), on_reject=rejected.append):
        cleaned = {"title": clean(article.title), "text": clean(article.text)}
        if as_json:
            cuts = [asdict(cut) | {"field": field} for field in cleaned for cut in cleaned[field].cuts]
            _echo_json({"id": article.id, **{field: cleaned[field].text for field in cleaned}, "cuts": cuts})
        else:
            click.echo("\n\n".join(filter(None, (cleaned[field].text.strip() for field in cleaned))) + "\n")
            if sys.stdout.isatty():
                for cut in (cut for field in cleaned for cut in cleaned[field].cuts):
                    click.secho(f"cut by {cut.rule}: {' '.join(cut.text.split())}", dim=True)
    _end_with(rejected)


@main.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
def stem(words: tuple[str, ...]) -> None:
    """Show the stems of words."""
    from beritaclass.preprocessing.stemming import default_stemmer
    from beritaclass.preprocessing.tokenization import surfaces

    for word in words:
        for surface in surfaces(word):
            click.echo(f"{surface}\t{default_stemmer().stem(surface)}")


@main.command()
@_model
@click.option("--json", "as_json", is_flag=True, help="Write one record a topic.")
def topics(model: str | None, as_json: bool) -> None:
    """List the topics of a model."""
    from beritaclass.taxonomy import Topic

    tagger = bc.load(model)
    taxonomy = tagger.taxonomy
    known = [taxonomy[slug] if taxonomy and slug in taxonomy else Topic(slug) for slug in tagger.classes_.tolist()]
    if as_json:
        for topic in known:
            _echo_json(asdict(topic))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("topic", "name", "group", "implies", "IPTC", box=None, header_style="bold")
    for topic in known:
        cells = (topic.slug, topic.name, topic.group, ", ".join(topic.broader), ", ".join(topic.qcodes))
        table.add_row(*map(Text, cells))
    _console().print(table)


@main.command()
@click.argument("folder", required=False, metavar="[DIR]")
@click.option("--json", "as_json", is_flag=True, help="Write the manifest.")
def model(folder: str | None, as_json: bool) -> None:
    """Show a model's card, its files checked.

    Without DIR, the shipped model's.
    """
    from beritaclass._resources import model_path
    from beritaclass.bundle import read_manifest

    path = Path(folder) if folder else model_path()
    bc.load(path)
    if as_json:
        _echo_json(read_manifest(path))
    else:
        click.echo((path / "CARD.md").read_text(encoding="utf-8"))


@main.command()
@click.argument("gold", metavar="GOLD")
@click.option("--articles", metavar="FILE", help="Where the articles are, joined by id, if GOLD holds labels only.")
@click.option("--json", "as_json", is_flag=True, help="Write all figures as JSON.")
@click.option("--report", metavar="FILE", help="Write a page for the browser, with plots and the surest errors.")
@click.option("--by", type=click.Choice(["publisher", "year"]), help="Split the figures too.")
@click.option("--folds", type=click.IntRange(2), metavar="N", help="Train anew, each time without one of N parts.")
@click.option(
    "--leave-out", type=click.Choice(["publisher", "year"]), help="Train anew, each time without one publisher or year."
)
@_model
@_fields
def evaluate(
    gold: str,
    articles: str | None,
    as_json: bool,
    report: str | None,
    by: str | None,
    folds: int | None,
    leave_out: str | None,
    model: str | None,
    **fields: Any,
) -> None:
    """Compare a model with labelled articles.

    They are records with 'topics', and 'unsure' ones that do not count.

    With --folds or --leave-out, models with the same parameters are trained anew on the other articles of GOLD, and
    each article is judged by one that has not seen it.
    """
    from beritaclass import evaluation as measures

    if folds and leave_out:
        raise click.UsageError("--folds and --leave-out are two ways to split the articles: give one of them")
    tagger = bc.load(model)
    labelled = _labelled(gold, articles, **fields)
    group_of = {"publisher": measures.publisher, "year": measures.year}
    if folds or leave_out:
        parts = [group_of[leave_out](article) for article in labelled] if leave_out else None
        comparison = measures.cross_compare(tagger, labelled, groups=parts, n_folds=folds or 0)
    else:
        comparison = measures.compare(tagger, labelled)
    evaluation = measures.score(comparison)
    groups = {}
    if by := by or leave_out:
        split = measures.by_group(comparison, [group_of[by](article) or "unknown" for article in labelled])
        groups = {name: measures.score(part) for name, part in split.items()}
    if report:
        from beritaclass.report.evaluation import evaluation_page

        page = evaluation_page(tagger, comparison, evaluation, title=gold, groups=groups)
        _write(report, page, [gold, articles or gold])
    if as_json:
        _echo_json(evaluation.to_dict() | {"groups": {name: part.to_dict() for name, part in groups.items()}})
    else:
        _print_evaluation(evaluation, groups)


def _print_evaluation(evaluation: Evaluation, groups: dict[str, Evaluation] | None = None) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for name in ("topic", "precision", "recall", "F1", "95 % interval", "support"):
        table.add_column(name, justify="left" if name == "topic" else "right")
    for t in evaluation.topics:
        interval = f"{t.f1_low:.2f} - {t.f1_high:.2f}"
        figures = (f"{value:.3f}" for value in (t.precision, t.recall, t.f1))
        table.add_row(t.topic, *figures, interval, str(t.support))
    console = _console()
    console.print(table)
    (macro_low, macro_high), (micro_low, micro_high) = evaluation.macro_f1_interval, evaluation.micro_f1_interval
    console.print(
        f"\nmacro-F1 {evaluation.macro_f1:.3f} ({macro_low:.3f} - {macro_high:.3f})\n"
        f"micro-F1 {evaluation.micro_f1:.3f} ({micro_low:.3f} - {micro_high:.3f}), "
        f"precision {evaluation.micro_precision:.3f}, recall {evaluation.micro_recall:.3f}\n"
        f"example-F1 {evaluation.example_f1:.3f}\n"
        f"calibration error {evaluation.calibration_error:.3f}, of the tags that are said "
        f"{evaluation.tag_calibration_error:.3f}\n"
        f"{evaluation.n_articles} articles"
    )
    if groups:
        table = Table(box=None, header_style="bold")
        for name in ("", "macro-F1", "micro-F1", "95 % interval", "calibration error", "articles"):
            table.add_column(name, justify="right" if name else "left")
        for name, part in groups.items():
            low, high = part.micro_f1_interval
            figures = (f"{value:.3f}" for value in (part.macro_f1, part.micro_f1))
            table.add_row(
                name, *figures, f"{low:.2f} - {high:.2f}", f"{part.calibration_error:.3f}", str(part.n_articles)
            )
        console.print(table)


@main.command()
@click.argument("labelled", nargs=-1, metavar="[LABELLED...]")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder of the new model.")
@click.option("--articles", metavar="FILE", help="Where the articles are, joined by id, if LABELLED holds labels only.")
@click.option("--taxonomy", metavar="TOML", help="Your topics: names, which implies which, keywords.")
@click.option("--unlabelled", metavar="DUMP", help="Learn the taxonomy's topics from keywords in these articles.")
@click.option(
    "--beside", metavar="DIR", help="Add the topics to this model ('news': the shipped one), changing no other."
)
@click.option("--without", multiple=True, metavar="SLUG", help="Drop this topic of the model beside; may be repeated.")
@click.option("--gain", is_flag=True, help="Say what the later files added to the first; takes ten trainings more.")
@click.option("--topics-field", metavar="NAME", help="Field that holds the topics; 'topics' if not given.")
@_fields
def train(
    labelled: tuple[str, ...],
    output: str,
    topics_field: str | None,
    articles: str | None,
    taxonomy: str | None,
    unlabelled: str | None,
    beside: str | None,
    without: tuple[str, ...],
    gain: bool,
    **fields: Any,
) -> None:
    """Learn one's own topics.

    From labelled articles, records with 'topics'; or from keywords and a dump.

    Several files are taken together; of an article that stands in more than one, by its id, the last counts. The
    figures per topic are those of cross-validation; they go into the card of the model too.
    """
    from beritaclass.report.training import cross_validated, training_card

    known = bc.read_taxonomy(taxonomy) if taxonomy else None
    if without and not beside:
        raise click.UsageError("--without drops topics of another model: name it with --beside")
    base = bc.load(None if beside == "news" else beside).without_topics(without) if beside else None
    if unlabelled:
        if labelled or gain or known is None:
            raise click.UsageError("--unlabelled needs --taxonomy with keywords, and no LABELLED")
        _train_from_keywords(list(_articles((unlabelled,), **fields)), known, base, output)
        return
    if not labelled:
        if not without or base is None:
            raise click.UsageError("give labelled articles, or --unlabelled DUMP and --taxonomy TOML with keywords")
        bc.save(base, output, provenance={"beside": beside, "without": list(without)})
        click.echo(f"{len(base.classes_)} topics of {beside} are left: {output}", err=True)
        return
    by_id: dict[str, Article] = {}
    first: dict[str, Article] = {}
    for source in labelled:
        for i, example in enumerate(_renamed(_with_topics(source, articles, topics_field, **fields), known)):
            by_id[example.id or f"{source}:{i}"] = example
        first = first or dict(by_id)
    examples = list(by_id.values())
    y, unsure = [e.topics or () for e in examples], [e.unsure for e in examples]
    if base is not None:
        with _warnings_told():
            model = base.with_topics(examples, y, unsure=unsure, taxonomy=known)
        if replaced := sorted({topic for topics in y for topic in topics} & set(base.classes_.tolist())):
            click.echo(f"warning: learned anew, in place of those of {beside}: {', '.join(replaced)}", err=True)
    else:
        with _warnings_told():
            model = bc.TopicClassifier(taxonomy=known).fit(examples, y, unsure=unsure)
    used = {topic for topics in y for topic in topics}
    for topic in known or ():
        if topic.slug not in used and topic.slug not in model.classes_:
            click.echo(f"warning: no article has the topic {topic.slug!r}, so it is not learned", err=True)
    evaluation = cross_validated(model, examples)
    names = [Path(source).name for source in labelled]
    figures = {"macro_f1": evaluation.macro_f1, "micro_f1": evaluation.micro_f1}
    card = training_card(model, evaluation, f"Learned from {len(examples)} labelled articles ({', '.join(names)}).")
    provenance = {"articles": len(examples), "labelled": names, "cross_validated": figures}
    bc.save(model, output, card=card, provenance=provenance)
    _print_evaluation(evaluation)
    click.echo(f"learned {len(used)} topics from {len(examples)} articles: {output}", err=True)
    if gain:
        _print_gain(first, by_id, known)


@contextmanager
def _warnings_told() -> Iterator[None]:
    """Say warnings as the command line says them, without the line of code that they come from."""
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in met:
        click.echo(f"warning: {warning.message}", err=True)


def _with_topics(source: str, articles: str | None, field: str | None, **fields: Any) -> list[Article]:
    """Read the labelled articles of a source; records without topics are left out, and that is said."""
    given = _labelled(source, articles, **fields)
    if field:
        given = [replace(article, topics=_topics_of(article, field)) for article in given]
    examples = [article for article in given if article.topics is not None]
    if not given:
        raise RecordError("there are no articles in it", source=source)
    if not examples:
        names = sorted({name for article in given for name in article.fields})
        raise RecordError(
            f"none of {len(given)} records has a field {field or 'topics'!r} with its topics; other fields are "
            f"{', '.join(names) or 'none'}; name it with --topics-field",
            source=source,
        )
    if missing := len(given) - len(examples):
        click.echo(f"warning: {source}: {missing} of {len(given)} records have no topics; they are left out", err=True)
    return examples


def _topics_of(article: Article, field: str) -> tuple[str, ...] | None:
    value = article.fields.get(field, article.topics if field == "topics" else None)
    if isinstance(value, str):
        return tuple(topic for part in re.split("[|;,]", value) if (topic := part.strip()))
    if isinstance(value, list | tuple) and all(isinstance(topic, str) for topic in value):
        return tuple(value)
    return None


def _renamed(examples: list[Article], known: Taxonomy | None) -> list[Article]:
    """Call renamed topics by their names of today, and refuse topics that the taxonomy does not have."""
    if known is None:
        return examples
    renamed = []
    for example in examples:
        topics, unsure = (tuple(map(known.current, side)) for side in (example.topics or (), example.unsure))
        for topic in (*topics, *unsure):
            if topic not in known:
                raise UnknownTopicError.of(topic, [t.slug for t in known])
        renamed.append(replace(example, topics=topics, unsure=unsure))
    return renamed


def _train_from_keywords(
    articles: list[Article], taxonomy: Taxonomy, beside: bc.TopicClassifier | None, output: str
) -> None:
    from rich.table import Table

    from beritaclass.keywords import fit_keywords
    from beritaclass.report.training import keywords_card

    with _warnings_told():
        model, report = fit_keywords(articles, taxonomy, beside=beside)
    card = keywords_card(model, report, f"Learned from keywords in {len(articles)} articles without labels.")
    provenance = {"articles": len(articles), "keywords": [asdict(topic) for topic in report]}
    bc.save(model, output, card=card, provenance=provenance)
    table = Table("topic", "examples", "conflicts", "agreement", "without a keyword", "to check", box=None)
    for t in report:
        table.add_row(
            t.topic, str(t.examples), str(t.conflicts), f"{t.agreement:.2f}", str(t.found), ", ".join(t.check)
        )
    _console().print(table)
    for t in report:
        if t.unheard:
            click.echo(f"warning: {t.topic}: in no article stands {', '.join(t.unheard)}", err=True)
    n_learned = sum(t.learned for t in report)
    click.echo(
        f"learned {n_learned} of {len(report)} topics from keywords in {len(articles)} articles: {output}", err=True
    )


def _print_gain(first: dict[str, Article], together: dict[str, Article], known: Taxonomy | None) -> None:
    """Compare models without and with the later files, each article judged by models that have not seen it."""
    import numpy as np

    names = list(together)
    fold = dict(zip(names, (np.random.default_rng(0).permutation(len(names)) % 5).tolist(), strict=True))
    right, wrong = np.zeros((2, 2))
    for i in range(5):
        rest = [together[name] for name in names if fold[name] == i]
        for side, learned in enumerate((first, together)):
            part = [example for name, example in learned.items() if fold[name] != i]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a fold may lack a topic that the whole does not lack
                model = bc.TopicClassifier(taxonomy=known)
                model.fit(part, [e.topics or () for e in part], unsure=[e.unsure for e in part])
            for example, tags in zip(rest, model.tag_batch(rest), strict=True):
                there = set(example.topics or ())
                said = {tag.topic for tag in tags} - (set(example.unsure) - there)
                right[side] += len(said & there)
                wrong[side] += len(said ^ there)
    before, now = 2 * right / np.maximum(2 * right + wrong, 1)
    click.echo(
        f"micro-F1 {before:.3f} from {len(first)} articles, {now:.3f} from {len(together)}: {now - before:+.3f} "
        "(each judged by models that had not seen it)",
        err=True,
    )


@main.command()
@_inputs
@click.option("-n", "--number", default=50, show_default=True, type=click.IntRange(1), help="Articles to pick.")
@click.option("-o", "--output", required=True, metavar="OUT", help="Table to fill in (.csv) or page to tick (.html).")
@_model
@_fields
def review(inputs: tuple[str, ...], number: int, output: str, model: str | None, **fields: Any) -> None:
    """Pick the articles that would teach the model most.

    Read them and fill in their topics; `train` takes the file back.
    """
    from beritaclass.report.review import review_page
    from beritaclass.review import pick, to_csv

    tagger = bc.load(model)
    suffix = Path(output).suffix
    if suffix not in (".csv", ".html"):
        raise click.UsageError(f"-o must end in .csv or .html, got {output!r}")
    if Path(output).exists():
        raise InputError(
            f"{output} exists, and labels given by hand may stand in it; remove it or write to another file"
        )
    questions = pick(tagger, _articles(inputs, **fields), number)
    if suffix == ".csv":
        content = to_csv(questions)
    else:
        names = {t.slug: t.name or t.slug for t in tagger.taxonomy or ()}
        content = review_page(questions, {slug: names.get(slug, slug) for slug in tagger.classes_.tolist()})
    # Without a mark at its beginning, spreadsheets take a table for one of the last century's encodings.
    Path(output).write_text(content, encoding="utf-8-sig" if suffix == ".csv" else "utf-8")
    click.echo(f"picked {len(questions)} articles: {output}", err=True)


@main.command()
@_inputs
@click.option("--json", "as_json", is_flag=True, help="Write all figures as JSON.")
@click.option("--reference", metavar="DUMP", help="Compare with this dump, not with the model's training.")
@_model
@_fields
def drift(inputs: tuple[str, ...], as_json: bool, reference: str | None, model: str | None, **fields: Any) -> None:
    """Hold a dump against the model's training.

    Unseen words, score distributions, topics rising or falling.
    """
    from beritaclass.drift import compare, describe

    tagger = bc.load(model)
    before = describe(tagger, _articles((reference,), **fields)) if reference else tagger.reference_
    if before is None:
        raise BeritaclassError("this model does not say how its training looked: give a dump by --reference")
    found = compare(before, describe(tagger, _articles(inputs, **fields)))
    if as_json:
        _echo_json(found.to_dict())
        return
    click.echo(f"{found.verdict}: {found.n_articles} articles")
    for reason in found.reasons:
        click.echo(f"- {reason}")


def _labelled(gold: str, articles: str | None, **fields: Any) -> list[Article]:
    """Read labelled articles, or labels and the articles they belong to."""
    if articles is None:
        return list(_articles((gold,), **fields))
    labels = _read_labels(gold, _named({"id_field": fields.get("id_field")}))
    found = [
        replace(article, topics=label.topics, unsure=label.unsure)
        for article in bc.read_articles([articles], fields=_named(fields))
        if (label := labels.pop(article.id, None))
    ]
    if labels:
        raise RecordError(f"{len(labels)} labelled articles are not in {articles}, as {min(labels)!r}", source=gold)
    return found


def _read_labels(gold: str, fields: Fields) -> dict[str, Article]:
    """Read records of ids and topics, without their articles."""
    from beritaclass.io.readers import read_raw
    from beritaclass.io.sources import find_sources

    labels = {}
    for raw in read_raw(find_sources((gold,)), fields):
        record = raw.record()
        label = raw.article(fields, record | {"text": ""})
        if fields.identity(record) is None or label.topics is None:
            raise raw.rejected(
                "a label needs an id and 'topics', a list of slugs; "
                f"there are {', '.join(map(repr, record)) or 'no fields'}"
            )
        labels[label.id] = label
    return labels


def _console() -> Console:
    """Return a console as wide as the terminal, or as wide as its tables if there is none."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=160)


def _echo_json(record: Any) -> None:
    from beritaclass.io.records import as_json

    sys.stdout.write(as_json(record).decode() + "\n")
