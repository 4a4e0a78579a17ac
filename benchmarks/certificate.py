"""What the certificate costs: the engine as it is against its kernels with plain float64 signs.

    python benchmarks/certificate.py

Two processes take turns, net by net, so that both see the same machine: one runs the package, the
other the same code with `plain_kernels` (compiled first, about half a minute). Times are those of the
processors, all cores together, which other programs disturb least; the least of some repetitions
counts. `rational` is the share of signs that needed rational arithmetic; `general` is plain counting
that does not look for concurrent lines either.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

from regions import NETS, network, plane, short

GOAL = 1.5


def enumerated(name: str) -> tuple[int, int, int]:
    """Regions, signs, signs that needed rational arithmetic."""
    from geomtoy import enumerate_regions

    net = network(name)
    cells = enumerate_regions(net, slice=plane(net))
    assert len(cells.vertices)
    tally = cells.subdivision.tally
    return cells.n_cells, tally.decided, tally.rational


def counted(name: str) -> tuple[int, int, int]:
    from geomtoy import count_regions

    net = network(name)
    count = count_regions(net, slice=plane(net), linear=False)
    return count.regions, count.signs, count.rational_signs


def general(name: str) -> tuple[int, int, int]:
    """As `counted`, with no search for concurrent lines."""
    from geomtoy.regions import enumerate as run

    limit, run.FULL_CHECK_PAIRS = run.FULL_CHECK_PAIRS, -1
    try:
        return counted(name)
    finally:
        run.FULL_CHECK_PAIRS = limit


TASKS: dict[str, Callable[[str], tuple[int, int, int]]] = {
    "enumerate": enumerated,
    "count": counted,
    "general": general,
}


def serve() -> None:
    """Run what is asked for, line by line: [task, net] -> [CPU seconds, regions, signs, rational]."""
    for task in TASKS.values():
        for name in ("2-16-16-1", "4-16-16-16-1"):
            task(name)
    print("ready", flush=True)
    for line in sys.stdin:
        task, name = json.loads(line)
        start = process_time()
        found = TASKS[task](name)
        print(json.dumps([process_time() - start, *found]), flush=True)


class Child:
    """A process that serves one kind of kernels."""

    def __init__(self, first: str = "") -> None:
        code = f"{first}import certificate; certificate.serve()"
        command, here = [sys.executable, "-c", code], Path(__file__).parent
        self._process = subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=here)
        self._line()

    def run(self, task: str, name: str) -> list[float]:
        assert self._process.stdin
        print(json.dumps([task, name]), file=self._process.stdin, flush=True)
        answer: list[float] = json.loads(self._line())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a measuring process failed; see its error above")
        return line


def row(name: str, certified: Child, plain: Child, repeats: int) -> tuple[str, float]:
    """One line of the table, and the ratio of the enumerations."""
    runs = [(certified, "enumerate"), (plain, "enumerate"), (certified, "count"), (plain, "count")]
    runs.append((plain, "general"))
    found = [[] for _ in runs]
    for _ in range(repeats):
        for (child, task), answers in zip(runs, found, strict=True):
            answers.append(child.run(task, name))
    best = [min(answers) for answers in found]
    cells = [short(name), f"{best[0][1]:,}", f"{best[0][3] / best[0][2]:.1e}"]
    for k, (seconds, regions, *_) in enumerate(best):
        text = f"{1e3 * seconds:,.1f} ms"
        if k in (1, 3):
            text += f", {best[k - 1][0] / seconds:.2f} x"
        if regions != best[0][1]:
            text += f" (counts {regions:,})"
        cells.append(text)
    return f"| {' | '.join(cells)} |", best[0][0] / best[1][0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", nargs="+", default=NETS, metavar="WIDTHS", help="such as 2-64-64-1")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    children = Child(), Child("import plain_kernels; plain_kernels.install(); ")
    print(f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    header = ["net", "regions", "rational", "enumerate", "plain", "count", "plain", "general"]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    ratios = []
    for name in args.nets:
        line, ratio = row(name, *children, args.repeats)
        ratios.append(ratio)
        print(line, flush=True)
    print(f"\nenumeration with the certificate: at most {max(ratios):.2f} x (goal {GOAL} x)")
    for child in children:
        child.close()


if __name__ == "__main__":
    main()
