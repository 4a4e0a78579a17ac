"""Shared settings: one fixed hypothesis profile, and float64 should a test import jax."""

import os

import jaxtyping
import pytest
from demo_browser import PAGE, Tab, chromium
from hypothesis import HealthCheck, settings
from npz_files import store

os.environ.setdefault("JAX_ENABLE_X64", "1")

pytest.register_assert_rewrite("level_set_checks")

settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fixed")


@pytest.fixture
def unchecked():
    """For what our own errors say of shapes and types that the checks of tests would refuse first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with good.npz: a network of 4 quadrants."""
    monkeypatch.chdir(tmp_path)
    store("good.npz")
    return tmp_path


@pytest.fixture(scope="module")
def browser():
    with chromium() as program:
        yield program


@pytest.fixture
def open_tab(browser):
    """Opens the page in a state; afterwards it must have asked for nothing and complained of nothing."""
    tabs = []

    def open_at(state="", **settings):
        tabs.append(Tab(browser, state, **settings))
        return tabs[-1]

    yield open_at
    for tab in tabs:
        outside = [url for url in tab.requests if not url.startswith((PAGE.as_uri(), "data:", "blob:"))]
        tab.close()
        assert tab.errors == []
        assert outside == []
