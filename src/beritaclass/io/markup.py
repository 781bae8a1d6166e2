"""Takes the text out of HTML pages and WordPress items."""

from __future__ import annotations

import json
import logging
import re
from html import unescape
from typing import Any
from xml.etree import ElementTree

from beritaclass.errors import RecordError, import_extra

_UNSEEN = ("script", "style", "iframe", "figure", "noscript")
_UNSEEN_START = re.compile(rf"<!--|<({'|'.join(_UNSEEN)})\b", re.IGNORECASE)
_UNSEEN_END = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _UNSEEN} | {"": re.compile("-->")}
_BREAK = re.compile(r"</?(?:p|div|br|h[1-6]|li|ul|ol|blockquote|tr|table|section)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_SHORTCODE = re.compile(r"\[/?(?:caption|gallery|embed|audio|video|playlist|vc_\w+|et_pb_\w+|td_\w+)\b[^\[\]]*\]")

_NAMESPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "wp": "http://wordpress.org/export/1.2/",
}
_PREFIX = re.compile(r"</?(?!xml)([A-Za-z_][\w.-]*):")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIELDS = {
    "title": "title",
    "link": "url",
    f"{{{_NAMESPACES['content']}}}encoded": "text",
    f"{{{_NAMESPACES['wp']}}}post_id": "id",
    f"{{{_NAMESPACES['wp']}}}post_date": "date",
    f"{{{_NAMESPACES['dc']}}}creator": "author",
}

_FEED_FIELDS = {"pubDate": "date", "guid": "id", "description": "text"}
"""What a feed has where WordPress has a field of its own."""


def html_to_text(html: str) -> str:
    """Return the text of the HTML of an article, a line a paragraph."""
    html = _SHORTCODE.sub(" ", _without_unseen(html))
    text = unescape(_TAG.sub("", _BREAK.sub("\n", html))).replace("\xa0", " ")
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def _without_unseen(html: str) -> str:
    """Take out comments and elements that are not read; one that is never closed stays, and is looked for but once."""
    kept, at, unclosed = list[str](), 0, set[str]()
    for start in _UNSEEN_START.finditer(html):
        kind = (start[1] or "").lower()
        if start.start() >= at and kind not in unclosed:
            if end := _UNSEEN_END[kind].search(html, start.end()):
                kept += html[at : start.start()], " "
                at = end.end()
            else:
                unclosed.add(kind)
    return "".join(kept) + html[at:]


def parse_page(page: bytes) -> dict[str, Any]:
    """Return the article of a web page as a record.

    Raises
    ------
    RecordError
        If trafilatura finds no article in it.
    MissingExtraError
        If trafilatura is not installed.
    """
    trafilatura = import_extra("trafilatura", extra="html", feature="reading .html pages")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it complains of becomes a RecordError
    found = trafilatura.extract(page, output_format="json", with_metadata=True, include_comments=False)
    values = json.loads(found) if found else {}
    if not values.get("text"):
        raise RecordError("found no article in this page; expected the page of one article")
    names = {
        "title": "title",
        "text": "text",
        "date": "date",
        "source": "url",
        "hostname": "source",
        "author": "author",
    }
    return {name: values[key] for key, name in names.items() if values.get(key)}


def parse_item(item: bytes) -> dict[str, Any]:
    """Return an item of a WordPress export as a record, its categories and tags kept.

    An item is parsed by itself, without the head of its file. A document type, the only place where entities can be
    declared, is not allowed inside of an element, so there are none to expand.

    Raises
    ------
    RecordError
        If it is not well-formed.
    """
    xml = _NOT_XML.sub("", item.decode("utf-8", "replace"))
    prefixes = {prefix: prefix for prefix in _PREFIX.findall(xml)} | _NAMESPACES
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in prefixes.items())
    xml = f"<rss {names}>{xml}</rss>"
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - no document type can come before our own root element
    except ElementTree.ParseError as error:
        raise RecordError(f"not well-formed XML: {error}") from None
    record: dict[str, Any] = {"categories": [], "tags": []}
    for element in root[0]:
        value = element.text or ""
        if element.tag == "category":
            record["tags" if element.get("domain") == "post_tag" else "categories"].append(value)
        elif name := _FIELDS.get(element.tag):
            record[name] = html_to_text(value) if name in ("title", "text") else value
        elif element.tag in _FEED_FIELDS and value:
            record.setdefault(_FEED_FIELDS[element.tag], html_to_text(value))
    return record
