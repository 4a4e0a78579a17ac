"""Results that cannot be stale: computed once, kept by content, shared by all who ask for them.

    runs = run(task, configs, folder, pool=processes(2), cost=..., progress=True)
    runs[0].arrays["loss"], runs.stacked("loss")

- A **task** is a function at a module's own level, `config -> {name: array}`, that workers can import.
  Put it into a module without drawing or reading, such as a paper's `run.py`: its digest is that of all
  that its module imports.
- A **config** is a frozen dataclass of plain values: dataclasses, tuples, mappings, numbers, text,
  None.
- The **store** is one folder for all tasks, figures and presets, one file a result: `TASK/KEY.npz`.
  The key is the hash of the task's name, the config, a digest of the project's modules that the task's
  module imports (at any depth, read from the sources; comments, docstrings and layout do not count)
  and the versions of the numeric packages that these import. What changes a number changes the key;
  nothing else does. A config more or less recomputes nothing else; equal configs of different figures
  are one result.
- `Runs` is a sequence of `Result`s in the order of the configs. Nothing is read before it is asked for:
  `result.config` is the dataclass, `result.arrays` a lazy mapping, `result.record` says what made it.
- A figure's JSON is written by `save_figure_record(path, config=, numbers=, verdicts=, self_checks=,
  made_by=[runs, main])`, which records the digests and versions of runs and of the script.

What is safe: a kill at any moment, workers that die (the config runs again alone, then it is named and
left out), results that cannot be stored, a full disk, Ctrl-C, Dask clusters without workers, a read-only
folder of finished results, two processes at once. Failures are in `TASK/failures.jsonl`.

Modules: canonical (JSON and hashes), imports and provenance (digests), entries (files), pools and
workers (where tasks run), sweep (computing), runs (asking), figures (their JSON).
"""

from geomtoy.store.canonical import to_json
from geomtoy.store.figures import save_figure_record
from geomtoy.store.pools import Pool, Workers, cluster, in_process, pool_for, processes
from geomtoy.store.runs import Result, Runs, run

__all__ = [
    "Pool",
    "Result",
    "Runs",
    "Workers",
    "cluster",
    "in_process",
    "pool_for",
    "processes",
    "run",
    "save_figure_record",
    "to_json",
]
