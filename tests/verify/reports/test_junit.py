from xml.etree import ElementTree

from dlconv.verify.reports.junit import as_junit


def test_each_artifact_is_a_suite_and_each_check_a_case(passed, failed):
    document = ElementTree.fromstring(as_junit([passed, failed]))
    good, bad = document.findall("testsuite")
    assert (good.get("tests"), good.get("failures")) == ("3", "0")
    assert (bad.get("tests"), bad.get("failures")) == ("4", "2")
    assert bad.get("name") == "o: tfjs float32 in tfjs-node wasm"
    messages = {case.get("name"): case.find("failure") for case in bad.findall("testcase")}
    assert messages["runs"] is None
    assert messages["mean agreement"].get("message") == failed.failures[0]
    assert not good.findall(".//failure")
