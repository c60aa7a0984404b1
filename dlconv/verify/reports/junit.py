"""Results as JUnit XML, which CI systems show: a suite for each artifact in each runtime, with a
case for each check.

The schema is the one of the Ant task and of Jenkins' xUnit plugin.
"""

from collections.abc import Iterable
from xml.etree import ElementTree

from dlconv.terminal.printable import printable
from dlconv.verify.reports.text import said_of_photos
from dlconv.verify.result import ArtifactResult


def as_junit(results: Iterable[ArtifactResult]) -> bytes:
    """Return the document, UTF-8."""
    suites = ElementTree.Element("testsuites", name="dlconv verify")
    for result in results:
        _add(suites, result)
    ElementTree.indent(suites)
    return bytes(ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True))


def _add(suites: ElementTree.Element, result: ArtifactResult) -> None:
    name = printable(f"{result.artifact.manifest.source.model}: {result.title}")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=name,
        tests=str(len(result.checks)),
        failures=str(len(result.failures)),
    )
    properties = ElementTree.SubElement(suite, "properties")
    said = printable(said_of_photos([result]))
    ElementTree.SubElement(properties, "property", name="photos", value=said)
    for check in result.checks:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=printable(check.name))
        if check.failure is not None:
            ElementTree.SubElement(case, "failure", message=printable(check.failure))
