"""What holds for every test."""

import pytest
from hypothesis import settings

# A busy machine is slow now and then, which is no fault of the code.
settings.register_profile("nnspec", deadline=None)
settings.load_profile("nnspec")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """No test reads what another training found out, or leaves anything in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
