"""Make all figures: every fig*.py of this folder, one after the other, with the time that each takes.

Options that are not its own go to every script: --full, for one, makes the long runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("fig[0-9_]*.py"))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=NAMES, nargs="+", default=NAMES, help="names of figures")
    args, rest = parser.parse_known_args(argv)
    begin = perf_counter()
    for name in args.only:
        start = perf_counter()
        import_module(name).main(rest)
        print(f"{name}: {perf_counter() - start:.1f} s", flush=True)
    print(f"all: {perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
