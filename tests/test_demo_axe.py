"""The page's states looked at by axe: no violation of the rules for accessible pages."""

from __future__ import annotations

import pytest

OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"

ANSWER = "document.querySelector('#six-guess').value = 22; document.querySelector('#six button').click()"
STATES = {
    "as it opens": ("fitstep=0", []),
    "other choices": ("sharpness=4&colour=output&model=block&first&scene=4", []),
    "still others, a notice": ("task=own&countby=floats&activation=abs&width=99&fitstep=0", []),
    "all that unfolds and an answer": ("fitstep=0", [OPEN_ALL, ANSWER]),
    "on stage": ("fitstep=0", ["document.querySelector('#present').click()"]),
}


@pytest.fixture(scope="module")
def axe():
    return pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe: pip install '.[test]'"
    ).Axe()


def violations(axe, tab):
    found = axe.run(tab.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("scheme", "names"), [("light", STATES), ("dark", list(STATES)[3:])])
def test_no_violations_in_any_state(open_tab, axe, scheme, names):
    tab = open_tab("fitstep=0", color_scheme=scheme)
    found = {}
    for name in names:
        state, actions = STATES[name]
        tab.go(state)
        for action in actions:
            tab.page.evaluate(action)
        tab.settle()
        found[name] = violations(axe, tab)
    assert {name: some for name, some in found.items() if some} == {}


def test_no_violations_on_a_telephone(open_tab, axe):
    tab = open_tab("fitstep=0", viewport={"width": 390, "height": 844})
    assert violations(axe, tab) == []


def test_no_violations_in_a_frame(open_tab, axe):
    tab = open_tab("fitstep=0", query="?embed=own")
    assert violations(axe, tab) == []
