import dataclasses

from dlconv.verify.reports.annotations import annotations


def test_each_failure_is_an_error_of_the_run(passed, failed, monkeypatch):
    assert not list(annotations([passed, failed]))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = list(annotations([passed, failed]))
    assert len(lines) == len(failed.failures) > 0
    head, message = lines[0].removeprefix("::").split("::", 1)
    model, title = failed.artifact.manifest.source.model, failed.title
    assert head == f"error title={model}%3A {title}"
    assert message == f"{failed.artifact.entry}: {failed.failures[0]}".replace("%", "%25")


def test_a_failure_cannot_say_anything_else_to_github(failed, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    artifact = failed.artifact
    source = dataclasses.replace(artifact.manifest.source, model="a::b\n::set-env,name=x::")
    manifest = dataclasses.replace(artifact.manifest, source=source)
    odd = dataclasses.replace(failed, artifact=dataclasses.replace(artifact, manifest=manifest))
    (line, *_) = annotations([odd])
    assert "\n" not in line
    head = line.removeprefix("::").partition("::")[0]
    assert head.startswith("error title=a%3A%3Ab\\n%3A%3Aset-env%2Cname=x%3A%3A%3A ")
