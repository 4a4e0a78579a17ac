"""What memory there is: the least of all limits, each read where the system keeps it."""

import os
import subprocess
import sys

import pytest

from geomtoy import memory

GB = 2**30


@pytest.fixture
def system(tmp_path):
    """Folders like /sys/fs/cgroup and /proc/self, to be filled."""
    groups, process = tmp_path / "cgroup", tmp_path / "self"
    groups.mkdir()
    process.mkdir()

    def write(belongs, limits):
        (process / "cgroup").write_text(belongs)
        for place, text in limits.items():
            (groups / place).parent.mkdir(parents=True, exist_ok=True)
            (groups / place).write_text(text)
        return memory._control_group(groups, process)

    return write


def test_the_group_and_those_above_it_are_asked(system):
    limits = {"memory.max": "max\n", "a/memory.max": f"{GB}\n", "a/b/memory.max": f"{3 * GB}\n"}
    assert system("0::/a/b\n", limits) == GB


def test_a_container_sees_its_own_group_as_the_root(system):
    assert system("0::/\n", {"memory.max": f"{2 * GB}\n"}) == 2 * GB
    assert system("0::/../elsewhere\n", {"memory.max": f"{2 * GB}\n"}) == 2 * GB


def test_groups_of_the_first_version(system):
    belongs = "5:cpu,cpuacct:/x\n4:memory:/x\n"
    assert system(belongs, {"memory/x/memory.limit_in_bytes": f"{GB}\n"}) == GB


@pytest.mark.parametrize("text", ["max\n", "", "many\n"])
def test_no_limit_where_none_is_said(system, text):
    assert system("0::/a\n", {"a/memory.max": text}) == float("inf")


def test_no_group_no_limit(tmp_path):
    assert memory._control_group(tmp_path, tmp_path) == float("inf")


def in_a_process(limit):
    pytest.importorskip("resource")
    program = (
        "import resource, sys\n"
        "from geomtoy.memory import memory\n"
        f"resource.setrlimit(resource.{limit}, ({GB}, {GB}))\n"
        "print(memory())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what is taken")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_the_limits_of_the_process_less_what_it_has(limit):
    assert 0 < in_a_process(limit) < GB


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the machine does not say")
def test_never_more_than_the_machine_has():
    assert 0 < memory.memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
