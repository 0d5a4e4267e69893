"""Data that travel to a worker arrive as they were."""

import numpy as np
import pytest

from shoal.cluster.transfer import pack_parcel, unpack_parcel
from shoal.data import Dataset, Part
from small_studies import blobs, plan_of


@pytest.mark.parametrize("test_part", [False, True])
def test_a_data_set_keeps_its_fingerprint_names_and_notes(test_part):
    train = blobs().train
    own = Part(train.inputs[:20], train.labels[:20]) if test_part else None
    sent = Dataset("own", train, own, ("a", "b", "ß"), "somewhere", ("said once",))
    datasets, files = unpack_parcel(pack_parcel(plan_of(sent)))
    assert files == {}
    [(key, came)] = datasets.items()
    assert key == ("digits", None, None)  # what the study names, in whose place they stand
    assert came.fingerprint == sent.fingerprint
    assert (came.name, came.classes, came.source, came.notes) == (
        "own",
        sent.classes,
        "somewhere",
        sent.notes,
    )


def test_files_in_the_studys_folder_travel_and_others_do_not(tmp_path, monkeypatch):
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path / "study")
    order = np.zeros((6, 10), int)
    for name in ("own.npz", "../outside.npz"):
        np.savez(name, order=order)
    training = {"steps": None, "batch_size": None}
    for name, travels in (
        ("own.npz", True),
        ("../outside.npz", False),
        (str(tmp_path / "outside.npz"), False),
    ):
        _, files = unpack_parcel(pack_parcel(plan_of(training={**training, "order": name}, vary={"seed": 1})))
        assert list(files) == ([name] if travels else [])
    with np.load(tmp_path / "study" / "own.npz") as stored:
        assert np.array_equal(stored["order"], order)
