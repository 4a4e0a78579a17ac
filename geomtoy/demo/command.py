"""The commands `geomtoy demo` and `geomtoy demo build`."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any

from geomtoy.errors import SettingError

OUT = Path("figures/demo.html")
PORT = 8765


def add(commands: Any) -> None:
    """Add `demo` to the subparsers of the command line."""
    about = "serve the teaching page on this machine; `demo build` writes it to a file"
    demo: argparse.ArgumentParser = commands.add_parser("demo", help=about, description=about)
    demo.add_argument("--port", type=int, default=PORT, help=f"{PORT} by default; 0 takes a free one")
    demo.set_defaults(run=_serve)
    inner = demo.add_subparsers(metavar="build")
    write = "write the page as one HTML file that opens from disk"
    build = inner.add_parser("build", help=write, description=write)
    build.add_argument("--out", "-o", type=Path, default=OUT, metavar="PAGE.html", help=f"default {OUT}")
    build.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> None:
    from geomtoy.demo.build import write_page

    write_page(options.out)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


def _serve(options: argparse.Namespace) -> None:
    from geomtoy.demo.serve import server

    if not 0 <= options.port < 2**16:
        raise SettingError(f"port {options.port} is out of range; give 0 to 65535")
    with server(options.port) as serving:
        print(f"http://127.0.0.1:{serving.server_port}/ (stop with Ctrl-C)", flush=True)
        with suppress(KeyboardInterrupt):  # how one stops it
            serving.serve_forever()
