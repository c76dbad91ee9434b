"""What a person sees of a training."""

import io
import json
import sys

import pytest

from nnspec.training import Epoch, Progress, describe, terminal_progress
from nnspec.training.progress import MAX_LINES, JsonLines, Lines, Silent, Terminal
from nnspec.training.terminal import fitting, measures, sparkline


def epoch(number: int, **changed: object) -> Epoch:
    values = {
        "number": number,
        "step": 20 * number,
        "train_loss": 1 / number,
        "validation_loss": 2 / number,
        "lr": 0.01,
        "seconds": number / 10,
        "examples_per_second": 12345.6,
        "metrics": {"kind": {"Accuracy": 0.98765}},
        "better": True,
    }
    return Epoch(**{**values, **changed})


def lines(epochs: int, done: int) -> list[str]:
    file = io.StringIO()
    follow(Lines(file), epochs, done)
    return file.getvalue().splitlines()


def follow(progress: Progress, epochs: int, done: int) -> None:
    progress.start(epochs, 20)
    for number in range(1, done + 1):
        progress.advance(20)
        progress.epoch(epoch(number))
    progress.end()


def test_a_short_training_has_a_line_for_each_epoch():
    assert lines(3, 3) == [
        "epoch 1/3  loss 1  validation 2  Accuracy 0.9877  12,346 examples/s  0.1 s",
        "epoch 2/3  loss 0.5  validation 1  Accuracy 0.9877  12,346 examples/s  0.2 s",
        "epoch 3/3  loss 0.3333  validation 0.6667  Accuracy 0.9877  12,346 examples/s  0.3 s",
    ]


@pytest.mark.parametrize("epochs", [18, 19, 20, 37, 100, 1000, 99_999])
def test_a_long_training_has_at_most_twenty_lines_the_first_and_the_last_among_them(epochs):
    shown = [int(line.split("/")[0].removeprefix("epoch ")) for line in lines(epochs, epochs)]
    assert shown[0] == 1
    assert shown[-1] == epochs
    assert 10 <= len(shown) <= MAX_LINES
    assert shown == sorted(set(shown))


def test_a_training_that_stops_early_shows_its_last_epoch():
    shown = [line.split("/")[0] for line in lines(1000, 60)]
    assert shown == ["epoch    1", "epoch   56", "epoch   60"]


def test_a_training_without_an_epoch_has_no_line():
    assert lines(10, 0) == []


def test_an_epoch_in_words():
    assert describe(epoch(4, validation_loss=None, metrics={})) == "loss 0.25  12,346 examples/s  0.4 s"
    two = {"kind": {"Accuracy": 1.0}, "price": {"R2Score": 0.5, "MeanAbsoluteError": 12345.678}}
    assert describe(epoch(4, metrics=two)) == (
        "loss 0.25  validation 0.5  kind.Accuracy 1  price.R2Score 0.5  price.MeanAbsoluteError 1.235e+04"
        "  12,346 examples/s  0.4 s"
    )


def test_a_pipe_gets_lines_and_a_terminal_a_bar(monkeypatch):
    assert isinstance(terminal_progress(), Lines)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert isinstance(terminal_progress(), Terminal)


def test_a_bar_shows_the_last_epoch(capsys):
    terminal = Terminal()
    terminal.bar.console.width = 80
    follow(terminal, 100, 99)
    *_, last = capsys.readouterr().out.strip().splitlines()
    assert last.startswith("epoch 99/100 ")
    assert len(last) <= 80
    assert last.rstrip().endswith("loss 0.0101  validation 0.0202  Accuracy 0.9877")


def test_silence_is_silent(capsys):
    follow(Silent(), 3, 3)
    assert capsys.readouterr().out == ""


def test_what_finds_no_room_on_the_line_is_left_out_the_least_first():
    best, last = epoch(7, validation_loss=0.25), epoch(9, validation_loss=0.5, better=False)
    parts = measures(last, best, [1.0, 0.5, 0.25, 0.5], patience=5)
    assert fitting(parts, 200) == ("loss 0.1111  validation 0.5  █▃▁▃  Accuracy 0.9877  best 0.25 in 7 (2/5)  12,346/s")
    assert fitting(parts, 75) == "loss 0.1111  validation 0.5  █▃▁▃  Accuracy 0.9877  best 0.25 in 7 (2/5)"
    assert fitting(parts, 60) == "loss 0.1111  validation 0.5  █▃▁▃  Accuracy 0.9877"
    assert fitting(parts, 46) == "loss 0.1111  validation 0.5  Accuracy 0.9877"
    assert fitting(parts, 30) == "loss 0.1111  validation 0.5"
    assert fitting(parts, 16) == "validation 0.5"
    assert fitting(parts, 3) == ""


def test_a_small_curve():
    assert sparkline([]) == ""
    assert sparkline([0.3]) == "▁"
    assert sparkline([0.8, 0.4, 0.2, 0.1]) == "█▄▂▁"


def test_programs_get_a_json_object_a_line():
    file = io.StringIO()
    follow(JsonLines(file), 5, 1)
    first, second = map(json.loads, file.getvalue().splitlines())
    assert first == {"event": "start", "epochs": 5, "steps": 20}
    assert second == {"event": "epoch", **epoch(1).as_json()}
