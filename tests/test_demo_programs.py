"""The program beside a picture, run on the file beside it, prints the number of the picture."""

from __future__ import annotations

import re

import pytest
from page_numbers import run, the_program

BESIDE = {
    "net.npz": ("width=7&depth=2&seed=3&fitstep=0", "partition", "#regions"),
    "small.npz": ("activation=leaky&units1=5&units2=4&fitstep=0", "work", "#work-regions"),
    "sin.npz": ("neurons=9&fitstep=40", "fit", "#fit-regions"),
    "sampled.npz": ("fitstep=0", "sampled", "#sampled-rows tr:first-child td:first-of-type"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_the_same_in_python(open_tab, name, tmp_path, monkeypatch):
    state, section, number = BESIDE[name]
    tab = open_tab(state)
    place = "small" if section == "work" else section
    tab.save(f"#{section}-save", tmp_path / name)
    said = run(the_program(tab, f"#{place}-python"), tmp_path, monkeypatch)
    assert int(re.search(r"\bregions=(\d+)", said)[1]) == tab.number(number)
