"""Every code block of the README and the docs runs, and shows what it says it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "models" / "news" / "CARD.md"]
ELSEWHERE = {"shell", "json", "text", "toml"}
"""Languages of blocks that are not run here: `make demo` and `make test` are run by CI itself, clusters by nobody."""


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Language, content and line of each fenced block."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [(t.info.strip(), t.content, t.map[0] + 1) for t in tokens if t.type == "fence" and t.map]


def run_console(content: str, where: str) -> None:
    """Run the '$ …' lines; the lines after one are what it must print, if there are any."""
    commands: list[tuple[str, list[str]]] = []
    for line in content.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, expected in commands:
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
        )
        assert done.returncode == 0, f"{where}: {command}: {done.stderr}"
        if expected:
            assert done.stdout.splitlines() == expected, f"{where}: {command}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "data" / "examples.jsonl", tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "docs"}
    for language, content, line in blocks(page):
        where = f"{page.name}:{line}"
        if language == "python":
            exec(compile(content, where, "exec"), names)
        elif language == "console":
            run_console(content, where)
        else:
            assert language in ELSEWHERE, f"{where}: a block of language {language!r} would run nowhere"


def test_there_is_something_to_run() -> None:
    assert sum(language in ("python", "console") for page in PAGES for language, _, _ in blocks(page)) >= 5
