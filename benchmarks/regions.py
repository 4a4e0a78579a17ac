"""Region tools on the same networks, in one run: processor seconds, regions per second, memory, ratios.

    pip install -e '.[bench]' && python benchmarks/regions.py

Each measurement is a process of its own (so that memory is its own too), which makes the network,
runs the tool on a small one to load and compile, then reports the fastest of some repetitions (fewer
of what takes seconds). Seconds are those of the processor, all cores and child processes together: on a
shared machine the clock on the wall says little. Tools take turns, network by network, so that all see
the same machine; each has a time limit, and one that exceeded it is not tried (-) on networks with as
many regions or more. Only ratios within one run mean anything.

relucent 1.0.0 solves its linear programmes with the gurobipy that pip installs beside it, whose
built-in licence is enough for these sizes. It runs on all cores, the others on one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from structured import CASES

from geomtoy import Network, Slice, count_regions, enumerate_regions

NETS = (
    "2-16-16-1", "2-64-64-1", "2-500-1", "2-2000-1", "2-128-128-1", "2-256-256-1", "2-64-64-64-1",
    "2-128-128-128-1", "2-32x5-1", "2-16x20-1", "2-16x40-1", "64-128-128-1",
)  # fmt: skip
BRIEF = ("2-500-1", "2-128-128-1", "2-64-64-64-1", "64-128-128-1")
STRUCTURED = ("lattice 8 x 8", "lattice 16 x 16", "k/8, 2-96-96-1", "ternary, 2-48-48-1")
"""Of `structured.CASES`, those with two inputs that other tools finish."""
MEMORY_LIMIT = 12 * 2**30
"""A tool that needs more gets none: the entry then reads 'out of memory'."""
ENOUGH = 5.0
"""Seconds after which a measurement is not repeated."""


def network(name: str) -> Network:
    """He weights, biases N(0, 0.5^2), seed 0; or a structured case. 2-16x3-1 is 2-16-16-16-1."""
    if name in CASES:
        return CASES[name]()[0]
    runs = [part.split("x") for part in name.split("-")]
    widths = [int(run[0]) for run in runs for _ in range(int(run[-1]) if len(run) == 2 else 1)]
    rng = np.random.default_rng(0)
    shapes = pairwise(widths)
    return Network([(rng.normal(0, np.sqrt(2 / i), (o, i)), rng.normal(0, 0.5, o)) for i, o in shapes])


def plane(net: Network) -> Slice | None:
    """None for two inputs; else a plane through the origin along two standard Gaussian directions."""
    if net.d_in == 2:
        return None
    u, v = np.random.default_rng(1).normal(size=(2, net.d_in))
    return Slice((0.0,) * net.d_in, tuple(u), tuple(v))


def enumerated(net: Network) -> int:
    """Vertices, polygons and (packed) patterns of all cells, certified."""
    cells = enumerate_regions(net, slice=plane(net))
    polygons = cells.vertices, cells.cell_corners
    assert all(map(len, polygons))
    return cells.n_cells


def counted(net: Network) -> int:
    return count_regions(net, slice=plane(net), linear=False).regions


def regioncam(net: Network) -> int:
    from regioncam import Regioncam

    layers = restricted_layers(net)
    camera = Regioncam(size=1.0)
    for k, (W, b) in enumerate(layers):
        if k:
            camera.relu()
        camera.linear(np.ascontiguousarray(W.T, np.float32), b.astype(np.float32))
    return int(camera.num_faces)


def relucent(net: Network) -> int:
    """Activation regions that meet the window, with its own certificate."""
    from relucent import Complex
    from relucent.model.model import LinearLayer, ReLULayer, ReLUNetwork

    layers = [part for W, b in restricted_layers(net) for part in (LinearLayer(W, b), ReLULayer())]
    complex = Complex(ReLUNetwork(layers[:-1]))
    complex.bfs(cube_radius=1.0, cube_mode="intersect", verbose=0)
    return len(complex)


def polygonized(net: Network) -> int:
    """shapely (GEOS) on the lines of one layer; float64 noding, so only on generic lines."""
    import shapely

    W, b = net.layers[0]
    far = 4.0
    direction = np.stack([-W[:, 1], W[:, 0]], axis=1) / np.linalg.norm(W, axis=1)[:, None]
    foot = -b[:, None] * W / (W**2).sum(axis=1)[:, None]
    lines = shapely.linestrings(np.stack([foot - far * direction, foot + far * direction], axis=1))
    square = shapely.box(-1, -1, 1, 1)
    merged = shapely.union_all([*shapely.intersection(lines, square), square.exterior])
    return len(shapely.get_parts(shapely.polygonize([merged])))


def restricted_layers(net: Network) -> list[tuple[np.ndarray, np.ndarray]]:
    """The layers of the network on its plane, as a network of two inputs."""
    (W, b), *rest = net.layers
    where = plane(net)
    if where is not None:
        W = W @ np.array([where.u, where.v], float).T
    return [(W, b), *rest]


Found = dict[str, float] | str
"""What was measured, or why nothing was."""
TOOLS: dict[str, Callable[[Network], int]] = {
    "enumerate": enumerated,
    "count": counted,
    "regioncam": regioncam,
    "relucent": relucent,
    "shapely": polygonized,
}
WARM_UP = {"shapely": "2-16-1", "relucent": "2-4-1"}


def measure(tool: str, name: str, repeats: int) -> dict[str, float]:
    """In this process: regions, least seconds, peak memory in MB."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    run, net = TOOLS[tool], network(name)
    run(network(WARM_UP.get(tool, "2-16-16-1")))
    times: list[float] = []
    while len(times) < repeats and sum(times) < ENOUGH:
        start = processor_seconds()
        regions = run(net)
        times.append(processor_seconds() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"regions": regions, "seconds": min(times), "megabytes": peak}


def processor_seconds() -> float:
    """Spent so far by this process and by its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Bench:
    """Runs tools on nets, in processes; remembers what took too long."""

    def __init__(self, tools: list[str], repeats: int, timeout: float) -> None:
        self.tools, self._repeats, self._timeout = tools, repeats, timeout
        self._too_many: dict[str, float] = {}

    def row(self, name: str) -> dict[str, Found]:
        """What each tool finds on a net, geomtoy's enumeration first."""
        found: dict[str, Found] = {}
        for tool in self.tools:
            ours = found.get("enumerate")
            regions = ours["regions"] if isinstance(ours, dict) else 0
            deep = tool == "shapely" and name.count("-") > 2
            if deep or regions >= self._too_many.get(tool, np.inf):
                found[tool] = "-"
                continue
            found[tool] = self._in_child(tool, name)
            if found[tool] == self._late:
                self._too_many[tool] = regions
        return found

    @property
    def _late(self) -> str:
        return f"> {self._timeout:.0f} s"

    def _in_child(self, tool: str, name: str) -> Found:
        command = [sys.executable, __file__, "--child", tool, name, "--repeats", str(self._repeats)]
        with subprocess.Popen(
            command, stdout=-1, stderr=-1, text=True, start_new_session=True
        ) as process:
            try:
                out, error = process.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # with its workers
                return self._late
        if process.returncode:
            if "ModuleNotFoundError" in error:
                return "not installed"
            return "out of memory" if "memory" in error.lower() else "failed"
        record: dict[str, float] = json.loads(out)
        return record


def show(name: str, found: dict[str, Found]) -> str:
    """One line of the table; ratios are seconds of the tool over seconds of geomtoy's enumeration."""
    ours = found["enumerate"]
    assert isinstance(ours, dict), f"geomtoy failed on {name}: {ours}"
    cells = [name, f"{ours['regions']:,}", f"{ours['regions'] / ours['seconds']:,.0f}"]
    for tool, result in found.items():
        if isinstance(result, str):
            cells.append(result)
            continue
        text = f"{result['seconds'] * 1e3:,.1f} ms, {result['megabytes']:,.0f} MB"
        if tool not in ("enumerate", "count"):
            text += f", {result['seconds'] / ours['seconds']:.1f} x"
        if result["regions"] != ours["regions"]:
            text += f" (counts {result['regions']:,.0f})"
        cells.append(text)
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", nargs="+", metavar="NET", help="such as 2-64-64-1, or 'lattice 8 x 8'")
    parser.add_argument("--brief", action="store_true", help=f"only {', '.join(BRIEF)}")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=40.0, help="seconds a measurement may take")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measure(*args.child, args.repeats)))
        return
    tools = ["enumerate", *(tool for tool in args.tools if tool != "enumerate")]
    print(f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    header = ["net", "regions", "regions/s", *tools]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    bench = Bench(tools, args.repeats, args.timeout)
    for name in BRIEF if args.brief else args.nets or (*NETS, *STRUCTURED):
        print(show(name, bench.row(name)), flush=True)


if __name__ == "__main__":
    main()
