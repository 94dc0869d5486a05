"""Every example of the README and the docs runs and prints what it says."""

import doctest
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [page for page in PAGES if page.name != "reference.md"]  # whose examples are doctests of the modules
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def blocks(page):
    return FENCE.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_examples_print_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = "\n".join(block for block in blocks(page) if ">>>" in block)
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_scripts_run_and_print_their_comments(page, tmp_path, monkeypatch, capsys):
    """A block without prompts is a script; what it prints stands in comments behind its one-line prints."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(page):
        if ">>>" in block:
            continue
        exec(compile(block, str(page), "exec"), names)
        said = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
        printed = capsys.readouterr().out
        for line in said:
            assert line in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_reference_is_up_to_date():
    script = runpy.run_path(str(ROOT / "docs/reference.py"))
    written = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    assert script["page"]() == written, "write it again: python docs/reference.py"


def test_there_are_examples():
    assert sum(">>>" in block for page in PAGES for block in blocks(page)) >= 20
