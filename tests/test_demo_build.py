"""The teaching page as a file: up to date, self-contained, and its precomputed counts are geomtoy's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from geomtoy.cli import main
from geomtoy.demo.build import LIMIT, page
from geomtoy.demo.modules import joined
from geomtoy.demo.serve import server
from geomtoy.errors import FileError, SettingError

ROOT = Path(__file__).resolve().parents[1]
DATA = json.loads((ROOT / "geomtoy/demo/page/data.json").read_text())


class Links(HTMLParser):
    """What a page refers to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("src", "href", "action")]


@pytest.fixture(scope="module")
def built():
    return page()


def test_the_committed_page_is_what_its_sources_make(built):
    committed = (ROOT / "figures/demo.html").read_bytes()
    assert committed == built.encode(), "figures/demo.html is out of date: run geomtoy demo build"


def test_the_page_is_small_and_refers_to_nothing_outside(built):
    assert len(built.encode()) < LIMIT

    links = Links()
    links.feed(built)
    assert all(link.startswith(("#", "data:,")) for link in links.found)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|<link rel=.style", built)


def test_the_command_writes_it(built, tmp_path, capsys):
    assert main(["demo", "build", "--out", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text("utf-8") == built
    assert "page.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["build", "--out", "page.txt"], "must end in .html"),
        (["build", "--out", "nowhere/page.html"], "cannot write nowhere"),
        (["--port", "70000"], "port 70000"),
    ],
)
def test_bad_arguments_get_a_sentence(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", *arguments]) == 2
    message = capsys.readouterr().err
    assert named in message
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_it_is_served_on_this_machine_alone(built):
    with server(0) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        host, port = serving.server_address
        assert host == "127.0.0.1"
        with urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.read() == built.encode()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/etc/passwd")
        with pytest.raises(SettingError, match=str(port)):
            server(port)
        serving.shutdown()


def test_the_served_page_stops_quietly_at_an_interrupt(monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    assert main(["demo", "--port", "0"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("http://127.0.0.1:")
    assert err == ""


def test_counting_loads_nothing_of_the_demo_but_its_command():
    program = "import sys, geomtoy.cli; print([name for name in sys.modules if 'geomtoy.demo' in name])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['geomtoy.demo', 'geomtoy.demo.command']"


def test_modules_stand_after_what_they_import():
    sources = {
        "main.js": 'import { a } from "./a.js";\nimport { b, c } from "./b.js";\nlog(a + b + c);\n',
        "a.js": 'import { b } from "./b.js";\nexport const a = b;\n',
        "b.js": "export function b() {}\nexport const [c, d] = [1, 2];\n",
    }
    script = joined(sources, "main.js")
    assert re.findall(r'modules\["(\w)\.js"\] =', script) == ["b", "a"]
    assert "return { b, c, d };" in script
    assert not re.search(r"^(import|export)", script, re.MULTILINE)


@pytest.mark.parametrize(
    ("sources", "named"),
    [
        ({"main.js": 'import { a } from "./a.js";\n'}, "a.js is imported but missing"),
        ({"main.js": "", "a.js": ""}, "a.js is imported by no module"),
        (
            {"main.js": 'import { a } from "./a.js";\n', "a.js": 'import { b } from "./main.js";\n'},
            "circle",
        ),
        ({"main.js": 'import "./a.js";\n'}, 'import "./a.js"'),
        ({"main.js": "export default 3;\n"}, "export default 3"),
        ({"main.js": "export let a = 3;\n"}, "export let"),
    ],
)
def test_modules_that_do_not_fit_are_refused(sources, named):
    with pytest.raises(FileError, match=re.escape(named)):
        joined(sources, "main.js")


@pytest.mark.parametrize("pair", [(1, 2), (2, 4), (3, 8)])
def test_precomputed_counts_of_hard_attention_are_those_of_geomtoy(pair, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from demo_attention import hard_counts

    stored = json.loads((ROOT / "geomtoy/demo/page/attention.json").read_text())["hard"]
    assert hard_counts(*pair) == stored[f"{pair[0]},{pair[1]}"]


def test_precomputed_counts_agree_with_their_borders():
    records = list(DATA["along"].values())
    records += [one for run in DATA["fit"]["blocks"].values() for one in run]
    assert len(records) == 36 + 3 * len(DATA["steps"])
    for one in records:
        assert one["regions"] == len(one["borders"]) + 1 == sum(one["bins"]) - 15
        assert one["borders"] == sorted(one["borders"])


def test_a_block_that_is_not_certified_stops_the_script(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import demo_data
    from geometric_perspective.planes import random_case

    from geomtoy.views.along_time import count_regions_along, estimate_regions_along

    soft = replace(random_case(0, 1, 3)[0], hard=False)
    assert demo_data.along_record(soft)["regions"] == count_regions_along(soft, (-6.283, 6.283)).regions
    monkeypatch.setattr(demo_data, "count_regions_along", estimate_regions_along)
    with pytest.raises(SettingError, match="not certified"):
        demo_data.along_record(soft)
