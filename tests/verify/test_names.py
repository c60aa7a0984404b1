"""Every report of results whose names are hostile is still a report."""

import dataclasses
import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt
from support.names import HOSTILE, names

from dlconv.terminal.output import show
from dlconv.verify.reports.annotations import annotations
from dlconv.verify.reports.junit import as_junit
from dlconv.verify.reports.markdown import as_markdown
from dlconv.verify.reports.page import as_html
from dlconv.verify.reports.text import tables

OBEYED = re.compile(r"^\s*::|##\w*\[|[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.MULTILINE)


def named(result, name):
    """The result with a name wherever others give one."""
    manifest = dataclasses.replace(
        result.artifact.manifest,
        source=dataclasses.replace(result.artifact.manifest.source, model=name),
        classes=(name,) * 8,
    )
    artifact = dataclasses.replace(result.artifact, manifest=manifest)
    photos = tuple(dataclasses.replace(photo, photo=name) for photo in result.photos)
    checks = tuple(
        dataclasses.replace(check, failure=check.failure and f"{check.failure}: {name}")
        for check in result.checks
    )
    return dataclasses.replace(result, artifact=artifact, photos=photos, checks=checks)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_junit_is_xml_with_the_same_cases(checked, name):
    document = ElementTree.fromstring(as_junit([named(checked, name)]))
    (suite,) = document.findall("testsuite")
    assert len(suite.findall("testcase")) == len(checked.checks)
    assert all(each.isprintable() for part in document.iter() for each in part.attrib.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_markdown_has_the_same_tables_and_nothing_of_a_name_s_own(checked, name):
    kinds = []
    for each in ("plain", name):
        text = as_markdown([named(checked, each)])
        text.encode()
        assert not OBEYED.search(text)
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        inline = [part.type for token in tokens for part in token.children or []]
        assert not {"html_inline", "code_inline", "link_open", "image"} & {*inline}
        kinds.append([token.type for token in tokens])
    assert kinds[0] == kinds[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_an_annotation_is_one_line_and_one_command(checked, name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        lines = list(annotations([named(checked, name)]))
    assert len(lines) == 2
    for line in lines:
        assert line.isprintable()
        assert re.match(r"::error title=[^:,]*::", line)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names)
def test_the_page_is_one_script_and_its_data_printable(checked, name):
    page = as_html([named(checked, name)])
    page.encode()
    assert page.count("</script>") == as_html([checked]).count("</script>")
    data = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page, re.DOTALL).group(1)
    (row,) = json.loads(data)["results"]
    assert row["model"].isprintable()


@pytest.mark.parametrize("name", [name for name in HOSTILE if len(name) < 30])
def test_tables_have_the_same_lines(checked, name, capsys):
    counts = []
    for each in ("plain", name):
        show(*tables([named(checked, each)], with_photos=True))
        said = capsys.readouterr().out
        assert not OBEYED.search(said)
        counts.append(len(said.splitlines()))
    assert counts[0] == counts[1]
