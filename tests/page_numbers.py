"""Numbers that the teaching page makes itself, and the programs that it shows."""

from contextlib import redirect_stdout
from io import StringIO


def near_normal(*place):
    """The page's random numbers, written again from the comments of random.js."""

    def mixed(*integers):
        h = 0x9E3779B9
        for integer in integers:
            h ^= integer
            h = (h ^ (h >> 16)) * 0x85EBCA6B % 2**32
            h = (h ^ (h >> 13)) * 0xC2B2AE35 % 2**32
            h = ((h ^ (h >> 16)) + 0x6D2B79F5) % 2**32
        return h

    return sum(((mixed(*place, k) + 0.5) / 2**32 for k in range(12)), start=-6.0)


def run(program, folder, monkeypatch):
    """What a program prints."""
    monkeypatch.chdir(folder)
    said = StringIO()
    with redirect_stdout(said):
        exec(compile(program, "page", "exec"), {})
    return said.getvalue()


def the_program(tab, place):
    """The program beside a picture, opened."""
    tab.page.click(f"{place} summary")
    return tab.page.inner_text(f"{place} pre")
