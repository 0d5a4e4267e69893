"""Ctrl-C and SIGTERM end a run, also where somebody swallows what they raise."""

import os
import signal
import sys

import pytest

import shoal
from shoal.cli.main import main
from shoal.cli.signals import stop_signals
from shoal.population.team import CompiledTraining

STUDY = """
question = "Does L2 matter?"
[data]
name = "digits"
train = 60
validation = 20
test = 20
[network]
hidden = [2]
[training]
steps = 40
batch_size = 30
learning_rate = 0.1
[record]
points = 8
[vary]
"training.l2" = [0.0, 0.1]
"""
KINDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def swallowed(number):
    """A signal in a place where what its handler raises gets lost."""
    try:
        os.kill(os.getpid(), number)
    except KeyboardInterrupt:
        return
    pytest.fail("the handler raised nothing")


@pytest.mark.parametrize(("number", "code"), KINDS)
def test_a_signal_raises_keyboard_interrupt_and_gives_the_exit_code(number, code):
    with stop_signals() as heard:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert heard.exit_code == code


@pytest.mark.parametrize(("number", "code"), KINDS)
def test_a_signal_that_was_swallowed_is_raised_again_once(number, code):
    with stop_signals() as heard:
        heard.look()
        swallowed(number)
        with pytest.raises(KeyboardInterrupt):
            heard.look()
        heard.look()
        swallowed(number)
        with pytest.raises(KeyboardInterrupt):
            heard.look()
        assert heard.exit_code == code


def test_afterwards_the_handlers_are_those_of_before():
    before = [signal.getsignal(number) for number, _ in KINDS]
    with stop_signals():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number, _ in KINDS] == before


@pytest.mark.parametrize(("number", "code"), KINDS)
def test_a_run_in_whose_middle_a_signal_is_swallowed_ends_all_the_same(
    number, code, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(STUDY)
    measure, calls = CompiledTraining.measure, []

    def once(team, population):
        calls.append(int(population.step))
        if len(calls) == 3:
            swallowed(number)
        return measure(team, population)

    monkeypatch.setattr(CompiledTraining, "measure", once)
    monkeypatch.setattr(sys, "argv", ["shoal", "run", "s.toml", "--no-check"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == code
    assert len(calls) == 3
    assert "Go on with: shoal run s.toml --no-check --out runs/s --resume" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["shoal", "run", "s.toml", "--no-check", "--resume"])
    with pytest.raises(SystemExit):
        main()
    assert calls[3] == calls[2]  # it went on from the checkpoint that was written at the signal
    assert shoal.open_run(tmp_path / "runs" / "s").results.attrs["status"] == "complete"
