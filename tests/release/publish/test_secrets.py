"""What is logged and raised shows no secret of the environment."""

import io
import logging

import pytest

from dlconv.errors import DlconvError
from dlconv.release.publish.secrets import hidden_secrets, masked, secret

TOKEN = "ghs_of-nobody-0123456789"


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)


@pytest.fixture
def log():
    """What the root logger writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


def test_errors_are_told_without_it():
    with pytest.raises(DlconvError) as caught, hidden_secrets():
        raise DlconvError(f"{TOKEN} is refused", f"not {TOKEN}")
    assert str(caught.value) == "*** is refused (hint: not ***)"


def test_logs_are_written_without_it(log):
    logger = logging.getLogger("a.library")
    with hidden_secrets():
        logger.warning("header: %s", {"Authorization": f"Bearer {TOKEN}"})
        try:
            raise ValueError(f"bad {TOKEN}")
        except ValueError:
            logger.exception("failed")
    assert "Bearer ***" in log.getvalue()
    assert "ValueError: bad ***" in log.getvalue()
    assert TOKEN not in log.getvalue()


@pytest.mark.parametrize("name", ["NPM_TOKEN", "ORAS_PASS", "AWS_SECRET_ACCESS_KEY", "db_password"])
def test_secrets_are_known_by_their_names(monkeypatch, name):
    monkeypatch.setenv(name, "something-long")
    assert masked("it is something-long.") == "it is ***."


def test_what_is_no_secret_or_too_short_for_one_stays(monkeypatch):
    monkeypatch.setenv("KEYBOARD", "something-long")
    monkeypatch.setenv("DB_PASSWORD", "it")
    assert masked("it is something-long.") == "it is something-long."


def test_one_that_is_not_set_is_asked_for():
    with pytest.raises(DlconvError, match=r"^NO_TOKEN is not set \(hint: set it to a token\)"):
        secret("NO_TOKEN", "a token")
