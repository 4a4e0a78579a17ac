"""Bytes a region: of the mesh, of all that a complex holds, and at the peak of each way of counting.

    python benchmarks/memory.py

Each peak is that of a process of its own, over what it held before, with kernels loaded and what was
free given back to the system (Linux with the GNU C library).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from regions import network

from geomtoy import CellComplex, Network, count_regions, enumerate_regions

NETS = ("2-2000-1", "2-256-256-1", "2-512-512-1", "2-128-128-128-1")


def mesh(net: Network) -> dict[str, int]:
    """Bytes of the mesh, and of all that its subdivision holds."""
    found = enumerate_regions(net).subdivision
    levels = sum(array.nbytes for level in found.levels for array in level)
    lines = sum(array.nbytes for array in found.lines.__getstate__()[2:])
    of_mesh = sum(array.nbytes for array in found.mesh[:-1])
    return {"regions": found.mesh.n_cells, "mesh": of_mesh, "subdivision": of_mesh + levels + lines}


def polygons(net: Network) -> int:
    """Regions, with vertices, corners, patterns and linear regions at hand."""
    cells: CellComplex = enumerate_regions(net)
    held = cells.vertices, cells.cell_corners, cells.activation_patterns, cells.linear_region
    assert all(map(len, held))
    return cells.n_cells


WAYS: dict[str, Callable[[Network], object]] = {
    "mesh": mesh,
    "enumerate": enumerate_regions,
    "polygons": polygons,
    "count": count_regions,
    "no linear": lambda net: count_regions(net, linear=False),
}


def measure(way: str, name: str) -> dict[str, int]:
    """In this process: peak bytes over those held before, and what a dictionary returned says."""
    WAYS[way](network("2-32-32-1"))
    ctypes.CDLL(None).malloc_trim(0)  # what is free is not held, although it is resident
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = status("VmRSS")
    found = WAYS[way](network(name))
    return {"peak": status("VmHWM") - before} | (found if isinstance(found, dict) else {})


def status(field: str) -> int:
    """Bytes that the system has counted for this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def in_child(way: str, name: str) -> dict[str, int]:
    command = [sys.executable, __file__, "--child", way, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record: dict[str, int] = json.loads(done.stdout)
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nets", nargs="+", default=NETS, metavar="WIDTHS", help="such as 2-64-64-1")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measure(*given.child)))
        return
    ways = [way for way in WAYS if way != "mesh"]
    print(f"| net | regions | mesh | subdivision | {' | '.join(f'peak of {way}' for way in ways)} |")
    print(f"|{'---|' * (4 + len(ways))}")
    for name in given.nets:
        sizes = in_child("mesh", name)
        peaks = [in_child(way, name)["peak"] for way in ways]
        bytes_each = [n / sizes["regions"] for n in (sizes["mesh"], sizes["subdivision"], *peaks)]
        numbers = " | ".join(f"{n:,.0f}" for n in bytes_each)
        print(f"| {name} | {sizes['regions']:,} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
