"""Whatever a name holds, what is shown of it is text."""

import json
import re
from contextlib import nullcontext

import pytest
from hypothesis import given
from rich.console import Console
from support.names import HOSTILE, names

from dlconv.errors import DlconvError
from dlconv.terminal import console
from dlconv.terminal.output import show, tell, write
from dlconv.terminal.printable import brief, harmless, log_line, printable
from dlconv.terminal.progress import show_progress
from dlconv.terminal.tables import Group, Table, as_text

# What GitHub obeys, where a line begins or anywhere, and what a terminal does.
OBEYED = re.compile(r"^\s*::|##\w*\[|[\x00-\x1f\x7f-\x9f]")


def is_obeyed(text):
    return any(OBEYED.search(line) for line in text.split("\n"))


@given(names)
def test_a_printable_text_is_one_line_that_shows_and_utf_8(name):
    shown = printable(name)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert printable(shown) == shown
    assert printable(f"a photo, {shown}.jpg") == f"a photo, {shown}.jpg"
    assert name != shown or name.isprintable()


@given(names)
def test_a_line_of_a_log_is_no_command(name):
    for line in (log_line(name), log_line(f"checking {name}: 1 of 2")):
        assert not is_obeyed(line)
        assert harmless(line) == line


def test_names_that_harm_nothing_stay_as_they_are():
    for name in ("scene_2000030.png", "std::vector [x] #1", "Straße 写真 ##", "a: b"):
        assert log_line(name) == name


def test_errors_are_brief():
    assert len(brief("x" * 5000)) < 1100
    assert str(DlconvError("a\nb", "c\x1b")) == "a\\nb (hint: c\\x1b)"


def lines_of(capsys):
    out, err = capsys.readouterr()
    assert not is_obeyed(out + err)
    return (out + err).splitlines()


@pytest.mark.parametrize("name", HOSTILE)
def test_tables_have_a_line_a_row_whatever_is_in_them(name, capsys):
    table = Table(f"of {name}", f"and {name}")
    table.add_column("name")
    table.add_column(f"head {name}", justify="right")
    table.add_row(name, "1")
    table.add_row(as_text("passed", "green"), "2")
    show(table, Group(f"so {name}", table), f"the end {name}")
    lines = [line for line in lines_of(capsys) if line.strip()]
    assert len(lines) == 6 + 1 + 6 + 1
    shown = harmless(printable(f"the end {name}"))
    assert lines[-1].rstrip() == shown.rstrip()


@given(names)
def test_no_line_of_a_table_is_a_command_wherever_it_is_broken(name):
    table = Table()
    table.add_column("name", overflow="fold")
    table.add_row(f"{'a' * 40}{name}")
    terminal = Console(width=20)
    with terminal.capture() as printed:
        terminal.print(table)
    assert not is_obeyed("\n".join(map(harmless, printed.get().split("\n"))))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_said_while_one_waits_is_a_line_each(name, capsys):
    console.say(name)
    tell(name)
    with console.step(name), console.steps(name) as told, console.photo_progress(name) as photos:
        told(name, 0, 2)
        photos(0, 2)
    with show_progress(name) as progress:
        progress(0, 10)
    assert len(lines_of(capsys)) == 8


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_gets_no_codes_and_no_markup_of_a_name(name, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with console.step(name) or nullcontext():
        pass
    with console.steps(name) as told:
        told(name, 1, 2)
    with show_progress(name) as progress:
        progress(1, 2)
    said = capsys.readouterr().err
    assert "\x1b]" not in said
    assert "\x1b[31mred" not in said
    assert "\x07" not in said
    said.encode()


@given(names)
def test_data_stays_what_it_is_for_who_reads_it_and_nothing_for_ci(name):
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("typer.echo", lambda text, nl=True: printed.append(text))
        show({"name": name, name: [name]})
        write(f"# x\n\n{name}\n")
    data, document = printed
    assert json.loads(data) == {"name": name, name: [name]} or name == "name"
    assert not re.search(r"^\s*::|##\w*\[", data + document, re.MULTILINE)


def test_colours_that_are_forced_hide_no_command_from_what_takes_it_away(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    table = Table(title="::error::of a title")
    table.add_column("name", style="bold")
    table.add_row("::error::of a cell")
    show(table)
    printed = capsys.readouterr().out
    assert "error" in printed
    assert not any(OBEYED.search(line) for line in printed.splitlines())
    assert harmless("\x1b[1m::error::x") == "\x1b[1m\\x3a:error::x"
