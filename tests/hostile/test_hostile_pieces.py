"""Unfinished runs that somebody crafted, every hash right: what cannot be used is said, and trained anew."""

import json

import numpy as np
import pytest

import shoal
from crafted_pieces import (
    CHECKPOINT,
    CHUNK,
    EVERY,
    ORIGIN,
    RUNG,
    Listens,
    StopsAtTheFirst,
    begun,
    changed,
    copied,
    examples,
    full_batch_study,
    halving_study,
    header,
    plain_study,
    plant,
    read_piece,
)
from shoal.data.inputs import Loader
from shoal.errors import RunError
from shoal.files import TooLargeError
from shoal.folder import Folder
from shoal.population.plan import plan_study
from shoal.population.progress import NullListener
from shoal.population.team import CompiledTraining
from shoal.runs.checkpoints import TeamCheckpoints
from shoal.runs.folder import RunFolder
from shoal.runs.resume import chunk_name, resume_or_start
from shoal.search.halving import SuccessiveHalving
from shoal.search.halving_run import halving_plan
from shoal.search.halving_stacks import StackInTraining
from shoal.search.rounds import finished_result, metric_of, points_study
from shoal.search.rung_file import RungFolder
from shoal.training.runtime import numerics

CHUNK_FILE = chunk_name(0)
RUNG_FILE = "checkpoints/rung-0001.safetensors"
NO_DIGITS = [name for name in CHUNK if "mistake" not in name]  # the examples are no images


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """One chunk is finished, the other on its way; the plan of the run."""
    folder = begun(plain_study(), tmp_path_factory.mktemp("pieces") / "plain", 12)
    return folder, plan_study(plain_study(), dataset=examples(), memory=1.0)


@pytest.fixture(scope="module")
def team(plain):
    """The team whose checkpoints are read."""
    with numerics("float32") as dtype:
        return CompiledTraining([plain[1].chunks[1]], dtype)


@pytest.fixture(scope="module")
def halving(tmp_path_factory):
    """A search that stopped behind the first rung: the folder of its round, and the plan."""
    folder = begun(halving_study(), tmp_path_factory.mktemp("pieces") / "halving", 18) / "rounds" / "00"
    study, loader = halving_study(), Loader(dataset=examples())
    text = (folder / "study.toml").read_text()
    from shoal.search.strategies import strategy_of

    own = points_study(study, strategy_of(study).ask(), study.seeds)
    assert own.text == text
    return folder, halving_plan(plan_study(own, dataset=examples(), memory=1.0), study.search), loader


def taken_up(folder, plan, **options):
    """The chunks that a run goes on with, and what it said."""
    said = Listens()
    with RunFolder(folder, plan.study.text, said.on_note) as kept:
        run = resume_or_start(kept, plan, **{"resume": True, "force": False, "every": 0.0, **options})
        return run.results, said.lines


def refused_and_removed(folder, file, lines, what):
    """One message that names the file and what follows, and the file is gone; nothing else is."""
    [line] = [line for line in lines if "cannot be used" in line]
    assert file in line
    assert what in line
    assert "\x1b" not in line
    assert len(line) < 1000
    assert not (folder / file).exists()
    assert file not in json.loads((folder / "manifest.json").read_text())


def test_sound_pieces_are_used_without_a_word(plain, team, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    results, lines = taken_up(folder, plain[1])
    assert [result.chunk.index for result in results] == [0]
    assert lines == []
    assert restored(folder, plain[1], team) == (8, [])


@pytest.mark.parametrize("what", NO_DIGITS)
def test_a_crafted_chunk_is_trained_anew(what, plain, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    plant(folder, CHUNK_FILE, CHUNK[what](read_piece(folder, CHUNK_FILE)))
    results, lines = taken_up(folder, plain[1])
    assert results == []
    refused_and_removed(folder, CHUNK_FILE, lines, "its networks are trained anew")


@pytest.fixture(scope="module")
def full_batch(tmp_path_factory):
    """Members that SciPy trained, all of them kept."""
    study = full_batch_study()
    folder = begun(study, tmp_path_factory.mktemp("pieces") / "full", 0, watcher=StopsAtTheFirst())
    return folder, plan_study(study, dataset=examples(), memory=1.0)


def _later(arrays, own):
    own["record"][-1] += 10**9
    own["steps"] += 10**9


FULL = {
    **{name: CHUNK[name] for name in ("index gone", "curve gone", "rates gone", "names gone", "empty")},
    "records that fall": changed(lambda a, h: h["record"].reverse()),
    "a record in a billion iterations": changed(_later),
    "no message": changed(header(texts={})),
    "two messages": changed(header(texts={"optimizer_message": [["a", "b"]]})),
    "a message without end": changed(header(texts={"optimizer_message": [["x" * 10**6]]})),
    "status gone": changed(lambda a, h: a.pop("finals/optimizer_status")),
    "converged is a number": changed(lambda a, h: a.update({"finals/converged": np.ones((1, 1))})),
}


@pytest.mark.parametrize("what", FULL)
def test_a_crafted_full_batch_member_is_trained_anew(what, full_batch, tmp_path):
    folder = copied(full_batch[0], tmp_path / "run")
    file = f"chunks/{sorted(p.name for p in (folder / 'chunks').iterdir())[0]}"
    assert taken_up(folder, full_batch[1])[1] == []
    plant(folder, file, FULL[what](read_piece(folder, file)))
    _, lines = taken_up(folder, full_batch[1])
    refused_and_removed(folder, file, lines, "its networks are trained anew")


def restored(folder, plan, team):
    """The step from which a team goes on, 0 for its beginning; and what was said."""
    said, steps = Listens(), [0]
    with RunFolder(folder, plan.study.text, said.on_note) as kept:
        checkpoints = TeamCheckpoints(kept, [plan.chunks[1]], 0.0, steps.append)
        with numerics("float32"):
            checkpoints.restore(team.kept_like)
    return steps[-1], said.lines


@pytest.mark.parametrize("what", CHECKPOINT)
def test_instead_of_a_crafted_checkpoint_the_one_before_it_is_used(what, plain, team, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    *_, before, last = sorted(f"checkpoints/{path.name}" for path in (folder / "checkpoints").iterdir())
    plant(folder, last, CHECKPOINT[what](read_piece(folder, last)))
    step, lines = restored(folder, plain[1], team)
    assert step == int(before.split("-")[1].split(".")[0])
    refused_and_removed(folder, last, lines, "the checkpoint before it, or the beginning, is")


@pytest.mark.parametrize("what", RUNG)
def test_a_crafted_rung_begins_the_halving_again(what, halving, tmp_path):
    folder, plan, _ = halving
    folder = copied(folder, tmp_path / "round")
    plant(folder, RUNG_FILE, RUNG[what](read_piece(folder, RUNG_FILE)))
    said = Listens()
    with RunFolder(folder, plan.study.text, said.on_note) as kept, numerics("float32") as dtype:
        rungs = RungFolder(kept, plan, force=False)
        race = SuccessiveHalving(plan, plan.ladder, metric_of(plan.study), NullListener())
        assert not rungs.began(race, dtype)
    assert race.lanes == []
    refused_and_removed(folder, RUNG_FILE, said.lines, "the halving begins again")


def test_a_sound_rung_is_gone_on_from(halving, tmp_path, monkeypatch):
    folder, plan, _ = halving
    folder = copied(folder, tmp_path / "round")
    monkeypatch.setattr(StackInTraining, "restore", lambda self, state: None)  # compiling is another test's
    monkeypatch.setattr(StackInTraining, "__init__", lambda self, chunk, own, dtype, compiled: None)
    said = Listens()
    with RunFolder(folder, plan.study.text, said.on_note) as kept, numerics("float32") as dtype:
        race = SuccessiveHalving(plan, plan.ladder, metric_of(plan.study), NullListener())
        assert RungFolder(kept, plan, force=False).began(race, dtype)
    assert (race.rung, len(race.alive), said.lines) == (1, 2, [])


@pytest.mark.parametrize("what", ORIGIN)
def test_a_crafted_origin_wants_force_and_is_then_written_again(what, plain, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    plant(folder, "run.json", ORIGIN[what])
    with pytest.raises(RunError, match=r"run\.json, .* is damaged or gone\n  -> .*--force") as refusal:
        taken_up(folder, plain[1])
    assert refusal.value.exit_code == 2
    assert (folder / "run.json").read_bytes() == ORIGIN[what]
    with pytest.raises(RunError, match="unfinished run: 1 chunk"):
        taken_up(folder, plain[1], resume=False)
    results, _ = taken_up(folder, plain[1], force=True)
    assert len(results) == 1
    assert json.loads((folder / "run.json").read_text())["data"]


def test_what_an_origin_says_is_shown_escaped(plain, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    origin = json.loads((folder / "run.json").read_text())
    origin["versions"]["jax"] = "\x1b]0;owned\x07" + "x" * 10_000
    plant(folder, "run.json", json.dumps(origin).encode())
    with pytest.raises(RunError) as refusal:
        taken_up(folder, plain[1])
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 2000


def test_a_piece_larger_than_it_can_be_is_not_read(plain, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    with (folder / CHUNK_FILE).open("r+b") as file:
        file.truncate(2**40)  # a terabyte of nothing
    results, lines = taken_up(folder, plain[1])
    assert results == []
    assert any("1,099,511,627,776 bytes; at most" in line for line in lines)
    (folder / "log.jsonl").write_bytes(bytes(11))
    with Folder.open(folder) as kept, pytest.raises(TooLargeError):
        kept.read("log.jsonl", 10)


def test_a_run_with_crafted_pieces_ends_with_the_bits_of_a_whole_one(plain, tmp_path):
    folder = copied(plain[0], tmp_path / "run")
    plant(folder, CHUNK_FILE, CHUNK["curve without axes"](read_piece(folder, CHUNK_FILE)))
    options = {"dataset": examples(), **EVERY}
    found = shoal.run(plain_study(), folder, resume=True, **options)
    whole = shoal.run(plain_study(), **options)
    assert found.attrs["status"] == "complete"
    for name in whole.variables:
        np.testing.assert_array_equal(found[name].values, whole[name].values)


@pytest.fixture(scope="module")
def round_of_a_search(tmp_path_factory):
    """A finished run that stands for a round, and its study."""
    folder = tmp_path_factory.mktemp("pieces") / "round"
    shoal.run(plain_study(), folder, dataset=examples(), **EVERY)
    return folder, plain_study()


ROUND = {
    "a metric gone": lambda d: d.drop_vars("validation_accuracy"),
    "divergence gone": lambda d: d.drop_vars("diverged_step"),
    "another size": lambda d: d.isel(l2=[0]),
    "no seeds": lambda d: d.isel(seed=[]),
    "no step": lambda d: d.isel(step=[]),
    "no records": lambda d: d.assign(epoch=d["epoch"] * np.nan),
    "other dimensions": lambda d: d.assign(epoch=d["epoch"].isel(l2=0, drop=True)),
    "times are text": lambda d: d.assign_attrs(seconds_total="long"),
}


@pytest.mark.parametrize("what", ROUND)
def test_a_crafted_round_of_a_search_is_refused(what, round_of_a_search, tmp_path):
    folder = copied(round_of_a_search[0], tmp_path / "00")
    stored = shoal.open_run(folder).results
    plant(folder, "results.nc", bytes(ROUND[what](stored).to_netcdf(engine="h5netcdf")))
    before = (folder / "results.nc").read_bytes()
    wrong = "is not the result of this round|does not hold what a run writes|is damaged|cannot"
    with pytest.raises(RunError, match=rf"results\.nc ({wrong})"):
        finished_result(folder, round_of_a_search[1])
    assert (folder / "results.nc").read_bytes() == before


def test_a_sound_round_is_taken_as_it_is(round_of_a_search):
    folder, study = round_of_a_search
    assert finished_result(folder, study) is not None
    assert finished_result(folder, replace_text(study)) is None


def replace_text(study):
    return study.model_copy(update={"text": f"{study.text}\n"})


def test_workers_words_are_believed_only_as_far_as_they_hold():
    from shoal.cluster.messages import from_plain

    told = {
        "right": ["<f4", [2], bytes(8)],
        "short": ["<f4", [9], bytes(8)],
        "objects": ["|O", [1], bytes(8)],
    }
    assert list(from_plain(told)) == ["right"]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a//b", "a/../../b", "", "."])
def test_a_parcel_names_files_inside_its_folder_only(name):
    from shoal.cluster.transfer import unpack_parcel
    from shoal.runs.safe_arrays import ArrayFileError, to_bytes

    content = to_bytes({f"file/{name}": np.zeros(3, np.uint8)}, {"datasets": [], "files": [name]})
    with pytest.raises(ArrayFileError, match="parcel of data is not what belongs there"):
        unpack_parcel(content)
