"""What is said about long work, and that nothing is said about short work or away from a terminal."""

import io
import sys

import tensordiag as td
import tensordiag.progress
from tensordiag.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def told(monkeypatch, stream, patience):
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(tensordiag.progress, "_PATIENCE", patience)
    with Progress("drawing a strip", 10) as progress:
        progress.show("panel 10 of 12")
        progress.show("all")
    return stream.getvalue()


def test_long_work_says_how_far_it_is(monkeypatch):
    first, second = "drawing a strip: 0 of at most 10 s, panel 10 of 12", "drawing a strip: 0 of at most 10 s, all"
    assert told(monkeypatch, Terminal(), -1.0) == f"\r{first}\r{second.ljust(len(first))}\n"


def test_short_work_and_work_away_from_a_terminal_say_nothing(monkeypatch):
    assert told(monkeypatch, Terminal(), 60.0) == ""
    assert told(monkeypatch, io.StringIO(), -1.0) == ""


def test_long_strips_say_how_far_they_are(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(tensordiag.progress, "_PATIENCE", -1.0)
    x, y = td.tensors("x[n] y[n]")
    td.derivation(x @ y, x).draw()
    assert "\rdrawing a derivation: 0 s, step 1 of 2" in stream.getvalue()
    assert stream.getvalue().endswith("step 2 of 2\n")
