"""Firefox and WebKit for the tests of the teaching page, each driven by its own protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from demo_browser import PAGE, SECTIONS

SECONDS = 120
"""That a script may take."""


class Driver(Protocol):
    def visit(self, address: str) -> None: ...

    def run(self, script: str, arguments: list[Any]) -> Any:
        """What a script gives to the function that is its last argument."""

    def resize(self, width: int, height: int) -> None: ...


class Firefox:
    """Firefox by Marionette, which is built in; its network is cut off."""

    def __init__(self, program: str, log: Path) -> None:
        marionette = pytest.importorskip(
            "marionette_driver.marionette", reason="needs Marionette: pip install '.[test]'"
        )
        offline = {
            "network.proxy.type": 1,
            "network.proxy.http": "127.0.0.1",
            "network.proxy.http_port": 9,
        }
        self.driver = marionette.Marionette(
            bin=program, headless=True, prefs=offline, gecko_log=str(log)
        )
        self.driver.start_session()
        self.driver.timeout.script = SECONDS

    def visit(self, address: str) -> None:
        self.driver.navigate(address)

    def run(self, script: str, arguments: list[Any]) -> Any:
        return self.driver.execute_async_script(script, script_args=arguments, sandbox=None)

    def resize(self, width: int, height: int) -> None:
        self.driver.set_window_rect(width=width, height=height)


class WebKit:
    """WebKitGTK's small browser by WebDriver, on the screen that DISPLAY names."""

    def __init__(self, program: str) -> None:
        webdriver = pytest.importorskip(
            "selenium.webdriver", reason="needs selenium: pip install '.[test]'"
        )
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(mini_browser())
        options.add_argument("--automation")
        service = webdriver.WebKitGTKService(program)
        self.driver = webdriver.WebKitGTK(options=options, service=service)
        self.driver.set_script_timeout(SECONDS)

    def visit(self, address: str) -> None:
        self.driver.get(address)

    def run(self, script: str, arguments: list[Any]) -> Any:
        return self.driver.execute_async_script(script, *arguments)

    def resize(self, width: int, height: int) -> None:
        self.driver.set_window_size(width, height)


def mini_browser() -> Path | None:
    found = Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")
    return next(found, None)


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    program = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
    if program is None:
        pytest.skip("needs Firefox: apt-get install firefox-esr")
    driver = Firefox(program, folder / "log")
    try:
        yield driver
    finally:
        driver.driver.cleanup()


@contextmanager
def webkit(folder: Path) -> Iterator[WebKit]:
    program, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    if program is None or screen is None or mini_browser() is None:
        pytest.skip("needs WebKit: apt-get install webkit2gtk-driver xvfb")
    with screen_of(screen) as display:
        before = os.environ.get("DISPLAY")
        os.environ["DISPLAY"] = display
        driver = WebKit(program)
        try:
            yield driver
        finally:
            driver.driver.quit()
            if before is None:
                del os.environ["DISPLAY"]
            else:
                os.environ["DISPLAY"] = before


@contextmanager
def screen_of(program: str) -> Iterator[str]:
    """A screen in memory, whose number the program picks."""
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    try:
        yield f":{number}"
    finally:
        process.terminate()
        process.wait()


OTHERS = {"firefox": firefox, "webkit": webkit}


class Page:
    """The page in another browser."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def open(self, state: str, query: str = "") -> None:
        self.driver.visit("about:blank")
        self.driver.visit(f"{PAGE.as_uri()}{query}#{state}")
        self.settle()

    def run(self, script: str, *arguments: Any) -> Any:
        """Result of a promise or a value."""
        promise = f"Promise.resolve(({script})(...given))"
        wrapped = f"const given = [...arguments], done = given.pop(); {promise}.then(done)"
        return self.driver.run(wrapped, list(arguments))

    def settle(self) -> None:
        self.run(
            """async (names) => {
                const busy = (id) => document.getElementById(id)?.getAttribute("aria-busy") !== "false";
                do await new Promise((next) => setTimeout(next, 50)); while (names.some(busy));
                await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
            }""",
            [*SECTIONS, "own-canvas"],
        )

    def text(self, selector: str) -> str:
        return str(self.run("(name) => document.querySelector(name).innerText", selector))
