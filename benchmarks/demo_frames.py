"""Times frames of the teaching page while a slider is dragged, in chromium.

The work of a frame is what the page's own code takes: the slider's event, counting, and the calls that
draw. How far frames are apart has all that the browser does too, and waits for the screen; both want a
machine that does nothing else. Processor time of the page's main thread, a mean, wants it less.
"""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path
from typing import Any

import tyro

from geomtoy.errors import SettingError

PAGE = Path(__file__).resolve().parents[1] / "figures/demo.html"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
CASES = {
    "16-16": ("width=16&depth=2&fitstep=0", "#bias"),
    "24-24-24-24": ("width=24&depth=4&fitstep=0", "#bias"),
    "workshop 8-8-8": ("units1=8&units2=8&units3=8&fitstep=0&countby=exact", "#weight-0"),
}
WRAP = """() => {
    const own = requestAnimationFrame;
    window.work = 0;
    window.requestAnimationFrame = (callback) => own((time) => {
        const begin = performance.now();
        callback(time);
        window.work += performance.now() - begin;
    });
}"""
DRAG = """async ([slider, frames]) => {
    const control = document.querySelector(slider);
    const found = [];
    let last = performance.now();
    for (let k = 0; k < frames; k++) {
        const share = 0.2 + (0.5 * k) / frames;
        control.value = Number(control.min) + share * (control.max - control.min);
        const begin = performance.now();
        window.work = 0;
        control.dispatchEvent(new Event("input", { bubbles: true }));
        const handled = performance.now() - begin;
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const now = performance.now();
        found.push([handled + window.work, now - last]);
        last = now;
    }
    return found;
}"""


def main(page: Path = PAGE, frames: int = 40, slower: float = 1) -> None:
    """
    Args:
        page: the teaching page.
        frames: how many frames each case has.
        slower: how much slower than it is the processor shall seem.
    """
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SettingError("there is no chromium; apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (state, slider) in CASES.items():
            frame, busy = measured(browser, f"{page.as_uri()}#{state}", slider, frames, slower)
            work, apart = zip(*frame, strict=True)
            print(
                f"{name}: work, median {statistics.median(work):.1f} ms, worst {max(work):.1f}; apart, "
                f"median {statistics.median(apart):.1f} ms; processor {1000 * busy / frames:.1f} ms"
            )
        browser.close()


def measured(
    browser: Any, address: str, slider: str, frames: int, slower: float
) -> tuple[list[list[float]], float]:
    """[work, since the frame before] of each frame of a drag in ms; processor time of all in s."""
    tab = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    tab.add_init_script(f"({WRAP})()")
    tab.goto(address)
    tab.wait_for_timeout(1500)
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    tab.evaluate(DRAG, [slider, 10])  # warms the compiler up
    before = busy(session)
    found: list[list[float]] = tab.evaluate(DRAG, [slider, frames])
    used = busy(session) - before
    tab.context.close()
    return found, used


def busy(session: Any) -> float:
    """Processor seconds of the page's main thread so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
