"""The list of all claims: statuses are those of verdicts, and every verdict of a paper is in it."""

from __future__ import annotations

import json

import all_claims
import claims
import pytest
import tried
from figure import MODULES, ROOT

from geomtoy.errors import FileError

FOUND = claims.records(ROOT / "figures")


def verdict(claim: str, outcome: str = "holds", seeds: int = 5, **others: object) -> dict[str, object]:
    parts = {"a": {"min": 0.5, "max": 2.0}}
    return {
        "claim": claim, "outcome": outcome, "seeds": seeds, "statistic": {"a": 1.0}, "spread": parts,
        "rule": "", **others,
    }  # fmt: skip


def record(*verdicts: dict[str, object]) -> dict[str, object]:
    return {"verdicts": [*verdicts], "self_checks": []}


def source(tmp_path, claim: str):
    path = tmp_path / "claims.toml"
    path.write_text(f'[[paper]]\nid = "1"\ntitle = "t"\nfolder = "matching"\nclaims = [{{ {claim} }}]\n')
    return path


def test_the_list_is_that_of_the_published_verdicts():
    assert (ROOT / all_claims.LIST).read_text() == all_claims.claims_list(FOUND)


def test_every_verdict_and_every_paper_is_listed():
    text = all_claims.claims_list(FOUND)
    for paper in all_claims.papers():
        assert f"arxiv.org/abs/{paper['id']}" in text
        assert (ROOT / "scripts" / paper["folder"]).is_dir()
    for name in FOUND:
        assert f"[{name}](../figures/{name}.json)" in text
    folders = {paper["folder"] for paper in all_claims.papers()}
    assert folders == {module.split(".")[0] for module in MODULES.values()}


@pytest.mark.parametrize("outcome", ["holds", "fails", "mixed"])
def test_a_status_is_its_verdicts(tmp_path, outcome):
    judged = source(tmp_path, 'where = "w", says = "s", figures = ["fig_match_depth"], about = "Depth"')
    found = {"fig_match_depth_full": record(verdict("Depth: L", outcome), verdict("Other: it", "fails"))}
    text = all_claims.claims_list(found, judged)
    assert f"| w | s | **{outcome}** (5 seeds) | [fig_match_depth_full]" in text
    assert "- **fails** (5 seeds): Other: it (" in text  # of the paper, and not in the list


def test_what_is_not_published_is_asked_for(tmp_path):
    judged = source(tmp_path, 'where = "w", says = "s", figures = ["fig_match_depth"]')
    assert "nothing published" in all_claims.claims_list({}, judged)
    assert "--full --only fig_match_depth" in all_claims.claims_list({}, judged)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ('figures = ["fig_x"]', "no figure 'fig_x'"),
        ('status = "holds", why = "by hand"', "give figures, or a status"),
        ('status = "not attempted"', "give figures, or a status"),
        ('figures = ["fig_match_depth"], status = "not attempted", why = "b"', "not both"),
        ('status = "one run", why = "0.5, as I remember"', "a record of its numbers"),
    ],
)
def test_a_status_is_never_written_by_hand(tmp_path, claim, message):
    with pytest.raises(FileError, match=message):
        all_claims.papers(source(tmp_path, f'where = "w", says = "s", {claim}'))


def test_numbers_of_one_run_are_those_of_its_record():
    (entry,) = [one for paper in all_claims.papers() for one in paper["claims"] if "record" in one]
    record = json.loads((ROOT / "scripts" / entry["record"]).read_text())
    end = record["numbers"][f"step {record['config']['fit']['steps']}"]
    text = all_claims.claims_list(FOUND)
    assert f"{end['p_noise']['whole']:.3f} and {end['p_noise']['dropped']:.2g} at the end" in text
    assert f"then {end['p_correct']['whole']:.3f} and {end['p_correct']['dropped']:.3f}." in text


def test_runs_that_were_tried_are_counted_by_what_they_learned(tmp_path):
    def run(batch, rate, seed, *accuracy):
        settings = {"steps": 2000, "initial_scale": 0.8, "learning_rate": rate, "weight_decay": 0.1}
        return {"batch": batch, "seed": seed, "accuracy": accuracy, **settings}

    runs = [run(64, 0.1, 0, 0.9, 0.8, 1.0), run(64, 0.1, 1, 1.0, 0.5, 0), run(64, 0.2, 0, 1, 1, 0.9)]
    runs += [run(64, 0.2, 1, 0.89, 1, 1), run(256, 0.1, 0, 0, 0, 0)]
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"config": {"learned": 0.9}, "numbers": {"runs": runs}}))
    learned = "1 step in 2 runs (rate 0.1); 3 steps in 1 run (rate 0.2)"
    assert tried.table(path).splitlines()[2:] == [
        f"| 64 | 2,000 | 0.8 | 0.1, 0.2 | 0.1 | 4 | {learned} |",
        "| 256 | 2,000 | 0.8 | 0.1 | 0.1 | 1 | nothing |",
    ]


def test_a_finding_is_what_and_how_sure():
    said = all_claims.finding(verdict("Depth: L layers"))
    assert said == "- *Depth: L layers.* It holds in our runs. How sure: 5 seeds, a: 1 [0.5 to 2]."
    many = verdict("Many", statistic={f"part {k}": k / 10 for k in range(9)}, spread={})
    assert "of 9 parts the extremes, part 0: 0; part 8: 0.8." in all_claims.finding(many)
    truth = verdict("True", rule="It is so in every seed; false where it is so in none.", spread={})
    assert "5 seeds, share of them in which it is so: a: 1." in all_claims.finding(truth)
    nothing = verdict("No", "untested", 0, statistic={}, spread={})
    assert all_claims.finding(nothing) == "- *No.* Our runs say nothing of it."
