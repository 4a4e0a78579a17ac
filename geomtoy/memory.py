"""How much memory this process may take: of the machine, of its control group, of its own limits."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

try:
    import resource
except ImportError:  # pragma: no cover - Windows has no such limits
    resource = None  # type: ignore[assignment]

CGROUPS = Path("/sys/fs/cgroup")
PROCESS = Path("/proc/self")

AT_HAND = 1 << 26
"""Bytes that are taken without asking how many there are, which takes a millisecond."""


def memory() -> float:
    """Bytes that this process may take: the least of all limits, infinite where nothing is said.

    Limits of the machine and of control groups are on what is held; limits of the process are on
    its addresses, of which what it has already (libraries, most of it) is taken off.
    """
    return min(_machine(), _control_group(), _process())


def _machine() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def _control_group(groups: Path = CGROUPS, process: Path = PROCESS) -> float:
    """The least limit of the process's control group and those above it, of either version."""
    try:
        entries = [line.split(":", 2) for line in (process / "cgroup").read_text().splitlines()]
    except OSError:
        return float("inf")
    least = float("inf")
    for number, controllers, path in entries:
        if number == "0":
            root, name = groups, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = root / path.lstrip("/")
        for folder in [own, *own.parents]:
            least = min(least, _limit(folder / name))
            if folder == root:
                break
    return least


def _limit(file: Path) -> float:
    """The number in a file; infinite if it says "max" or is not there (a group of another root)."""
    with suppress(OSError, ValueError):
        return float(int(file.read_text()))
    return float("inf")


def _process() -> float:
    """What is left of the limits on the process's addresses and on its data."""
    if resource is None:
        return float("inf")
    left = [float("inf")]
    for limit, field in ((resource.RLIMIT_AS, "VmSize:"), (resource.RLIMIT_DATA, "VmData:")):
        soft = resource.getrlimit(limit)[0]
        if soft != resource.RLIM_INFINITY:
            left.append(max(soft - _taken(field), 0))
    return float(min(left))


def _taken(field: str) -> int:
    """Bytes that the process has of one kind, 0 where the system does not say."""
    with suppress(OSError):
        for line in (PROCESS / "status").read_text().splitlines():
            if line.startswith(field):
                return 1024 * int(line.split()[1])
    return 0
