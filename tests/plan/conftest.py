import pytest
from support.project import TFJS, Project


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project").says(TFJS)
