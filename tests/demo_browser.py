"""A real browser for the tests of the teaching page: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "figures/demo.html"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SECTIONS = ("partition-canvas", "fit-canvas")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; the test is skipped where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install '.[test]'"
    )
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """The page opened from disk, the network cut off; keeps what goes wrong and what is asked for."""

    def __init__(self, browser: Any, state: str = "", query: str = "", **settings: Any) -> None:
        self.context = browser.new_context(offline=True, reduced_motion="reduce", **settings)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(f"{PAGE.as_uri()}{query}#{state}")
        self.settle()

    def go(self, state: str) -> None:
        """Change the part of the address after #."""
        self.page.evaluate(
            """state => {
                if (location.hash.slice(1) !== state) location.hash = state;
                else dispatchEvent(new HashChangeEvent("hashchange"));
            }""",
            state,
        )
        self.settle()

    def settle(self) -> None:
        """Wait until all pictures show what the sliders say."""
        self.page.evaluate("() => new Promise((done) => setTimeout(done))")  # hashchange comes first
        busy = " || ".join(
            f"document.getElementById('{name}').getAttribute('aria-busy') !== 'false'"
            for name in SECTIONS
        )
        self.page.wait_for_function(f"() => !({busy})")
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def number(self, selector: str) -> int:
        return int(self.text(selector).replace(",", ""))

    def save(self, button: str, path: Path) -> Path:
        """Press a download button and keep the file."""
        with self.page.expect_download() as download:
            self.page.click(button)
        download.value.save_as(path)
        return path

    def close(self) -> None:
        self.context.close()
