"""Takes the screenshots of the teaching page: figures/demo_NAME.png.

Needs the extra `test` and a chromium (apt-get install chromium). Fonts are the machine's own, so bytes
differ between machines; look at the pictures before you keep them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import tyro
from figure import ROOT
from PIL import Image

from geomtoy.errors import SettingError
from geomtoy.writing import written_aside

MARGIN = 24
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Shot:
    """One picture: a state of the page, what to show of it, the screen, where the mouse points (a
    canvas and parts of its width and height), and a button to press until a number is reached."""

    name: str
    state: str
    selector: str
    size: tuple[int, int]
    scheme: str = "light"
    point: tuple[str, float, float] | None = None
    guesses: tuple[tuple[str, int], ...] = ()
    press: tuple[str, str, int] | None = None


SHOTS = (
    Shot("demo_light", "width=16&step=300", "#partition .figure", (1120, 900),
         point=("#partition-canvas", 0.42, 0.76)),
    Shot("demo_dark", "heads=4&context=8&sharpness=8", "#attention-figure", (1120, 900), "dark"),
    Shot("demo_first", "scene=4", "#first .figure", (1120, 900)),
    Shot("demo_workshop", "task=spiral&units1=8&units2=8", "#workshop", (1120, 900),
         press=("#work-play", "#work-steps", 600)),
    Shot("demo_sampled", "countby=pixels", "#sampled .figure", (1120, 900)),
    Shot("demo_fit", "neurons=24&fitstep=1000", "#fit .figure", (1120, 900)),
    Shot("demo_predict", "", "#exercises", (1120, 900),
         guesses=(("six", 22), ("fold", 9), ("deaf", 22))),
    Shot("demo_phone", "width=8&step=150", "body", (390, 844), point=("#partition-canvas", 0.5, 0.7)),
)  # fmt: skip


def main(page: Path = ROOT / "figures/demo.html", out: Path = ROOT / "figures") -> None:
    """
    Args:
        page: the teaching page.
        out: folder of the pictures.
    """
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SettingError("there is no chromium; apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for shot in SHOTS:
            picture = taken(browser, shot, page.resolve().as_uri())
            file = out / f"{shot.name}.png"
            with written_aside(file) as aside:
                picture.save(aside, optimize=True)
            print(f"{file.name}: {picture.size[0]} x {picture.size[1]}, {file.stat().st_size:,} bytes")
        browser.close()


def taken(browser: Any, shot: Shot, address: str) -> Image.Image:
    """The picture in 256 colours without dithering, which keeps flat pictures small."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{address}#{shot.state}")
    settle(page)
    for name, guess in shot.guesses:
        page.fill(f"#{name}-guess", str(guess))
        page.click(f"#{name} button")
    if shot.press:
        button, number, enough = shot.press
        page.click(button)
        reached = "([id, n]) => Number(document.querySelector(id).innerText) >= n"
        page.wait_for_function(reached, arg=[number, enough], timeout=120_000)
        page.click(button)
    if shot.selector == "body":
        page.eval_on_selector("#partition .figure", "figure => figure.scrollIntoView()")
    if shot.point:
        selector, across, down = shot.point
        page.locator(selector).scroll_into_view_if_needed()
        box = page.locator(selector).bounding_box()
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    settle(page)
    image = page.screenshot() if shot.selector == "body" else framed(page, shot.selector)
    context.close()
    return Image.open(BytesIO(image)).convert("RGB").quantize(256, dither=Image.Dither.NONE)


def framed(page: Any, selector: str) -> bytes:
    """A part of the page with a margin around it."""
    box = page.locator(selector).bounding_box()
    left, top = box["x"] - MARGIN, box["y"] + page.evaluate("scrollY") - MARGIN
    size = {"width": box["width"] + 2 * MARGIN, "height": box["height"] + 2 * MARGIN}
    image: bytes = page.screenshot(full_page=True, clip={"x": left, "y": top, **size})
    return image


def settle(page: Any) -> None:
    """Wait until all pictures show what the sliders say."""
    busy = "#partition-canvas:not([aria-busy=false]), #fit-canvas:not([aria-busy=false])"
    page.wait_for_function("busy => !document.querySelector(busy)", arg=busy)
    page.wait_for_timeout(500)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
