"""Files and dictionaries that are no study: refused with one message, whatever they hold."""

import pytest

from shoal.errors import StudyError
from shoal.study.load import load_study, make_study
from small_studies import raw_study


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[training\n", "is not valid TOML: Expected ']'"),
        (b"[training]\nsteps = 3\nsteps = 4\n", "is not valid TOML: Cannot overwrite a value (at line 3"),
        (b"\xff\xfe\x00", "is not valid TOML: 'utf-8' codec"),
        (b"seed = " + b"9" * 5000, "is not valid TOML: Exceeds the limit"),
        (b"x = " + b"[" * 100_000, "is nested too deeply"),
        (b"x = " + b"{ y = " * 100_000, "is nested too deeply"),
        (b".".join([b"x"] * 50_000) + b" = 1", "is nested too deeply"),
        (b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
    ids=["no end", "twice", "not text", "long number", "lists", "tables", "dots", "huge"],
)
def test_a_file_that_is_no_study_is_refused_with_one_message(tmp_path, content, sentence):
    file = tmp_path / "study.toml"
    file.write_bytes(content)
    with pytest.raises(StudyError) as refusal:
        load_study(file)
    assert sentence in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(StudyError, match=r"cannot be read: (No such file|Is a directory)"):
        load_study(tmp_path / name)


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(StudyError, match="larger than"):
        load_study("/dev/zero")


def test_a_date_where_a_number_belongs_is_refused_also_with_another_number_of_seeds(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text("[training]\nsteps = 3\nlearning_rate = 1979-05-27\n")
    with pytest.raises(StudyError, match=r"training\.learning_rate: got 1979-05-27; expected a number"):
        load_study(file, seeds=3)


def test_an_object_of_python_is_refused_like_any_other_wrong_type():
    with pytest.raises(StudyError, match=r"training\.l2: got a object; expected a number"):
        make_study(raw_study(training={"l2": object()}))


def test_a_dictionary_that_holds_itself_is_refused():
    raw = raw_study()
    raw["network"]["hidden"] = raw
    with pytest.raises(StudyError, match="nested more than 12 deep"):
        make_study(raw)


def test_a_text_that_no_result_file_can_hold_is_refused():
    with pytest.raises(StudyError, match="holds a NUL character"):
        make_study(raw_study(question="what\0?"))
