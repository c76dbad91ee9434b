"""The trial of the steps' forms: what it refuses, where the training goes on, and what the next one knows."""

import json
from pathlib import Path

import pytest
import torch
from test_training_compiled import IMAGES, MLP, examples
from trainings import Training, trained, two_kinds

from nnspec.training.compiled.program import UncompilableError
from nnspec.training.forms import CHANNELS_LAST, FORMS, settle
from nnspec.training.step import PlainStep
from nnspec.training.trial import STEPS, WORTH, Choice, Form, Trial


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """The file of choices, which nobody else writes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nnspec" / "steps.json"


def training(network: str, more: str = "", epochs: int = 50) -> Training:
    text = f"nnspec: 1\n{network}optimizer: Adam\n{more}train: {{batch_size: 8, epochs: {epochs}}}"
    return Training(text, examples(text))


def tried(which: Training, forms: dict[str, Form]) -> tuple[Choice, list[float]]:
    choices: list[Choice] = []
    which.learner.update = Trial(which.learner, forms, choices.append)
    torch.manual_seed(3)
    losses = [epoch.train_loss for epoch in which.run()]
    (choice,) = choices
    return choice, losses


def plainly(which: Training) -> list[float]:
    torch.manual_seed(3)
    return [epoch.train_loss for epoch in which.run()]


@pytest.mark.parametrize("schedule", ["", "{OneCycleLR: {max_lr: 0.1}}", "{StepLR: {step_size: 2}}"])
def test_whatever_is_chosen_the_training_is_the_plain_one(schedule):
    more = f"scheduler: {schedule}\n" if schedule else ""
    choice, losses = tried(training(IMAGES, more, epochs=8), {"step": FORMS["step"]})
    assert losses == plainly(training(IMAGES, more, epochs=8))
    assert choice.differs == {"step": 0.0}
    assert set(choice.step_us) == {"off", "step"}


def test_a_form_that_learns_something_else_is_refused():
    def bold(plain: PlainStep):
        def step(batch):
            plain.optimizer.param_groups[0]["lr"] = 0.5
            return plain(batch)

        return step

    choice, losses = tried(training(MLP), {"bold": Form(bold)})
    assert choice.form == "off"
    assert choice.refused["bold"].startswith("its losses differ by ")
    assert losses == plainly(training(MLP))


def test_a_form_that_moved_the_weights_in_memory_spoils_no_other():
    def refused(plain: PlainStep):
        raise UncompilableError("after the weights were laid out for it")

    forms = {"step": FORMS["step"], "moved": Form(refused, torch.channels_last)}
    fast, slow = training(IMAGES, epochs=8), training(IMAGES, epochs=8)
    choice, losses = tried(fast, forms)
    assert choice.form == "step"
    assert losses == plainly(slow)
    for name, tensor in slow.net.state_dict().items():
        assert torch.equal(fast.net.state_dict()[name], tensor), name


def test_a_form_that_cannot_be_is_refused_with_its_reason():
    def never(plain: PlainStep):
        raise UncompilableError("no reason at all")

    choice, losses = tried(training(MLP), {"never": Form(never)})
    assert (choice.form, choice.refused) == ("off", {"never": "no reason at all"})
    assert losses == plainly(training(MLP))


def test_channels_lie_side_by_side_where_that_was_chosen():
    fast = training(IMAGES.replace("  - Dropout: 0.3\n", ""))  # which would draw others for another layout
    told: list[Choice] = []
    trial = Trial(fast.learner, {CHANNELS_LAST: FORMS[CHANNELS_LAST]}, told.append)
    trial.times_s = [1.0] * 5 * STEPS  # so slow were plain steps
    fast.learner.update = trial
    fast.run()
    filters = fast.net.conv2d_2.weight
    assert (told[0].form, told[0].refused) == (CHANNELS_LAST, {})
    assert told[0].differs[CHANNELS_LAST] < 1e-5
    assert filters.is_contiguous(memory_format=torch.channels_last)
    assert not filters.is_contiguous()
    assert fast.learner.optimizer.state[filters]["exp_avg"].stride() == filters.stride()


def test_bfloat16_may_differ_within_its_band():
    choice, _ = tried(training(MLP), {"step, bf16": FORMS["step, bf16"]})
    assert 1e-5 < choice.differs["step, bf16"] < 2e-2
    assert choice.refused == {}


def test_a_choice_in_words():
    choice = Choice("step", {"off": 417.2, "step": 231.0}, {"step": 0.0}, {"graph": "CUDA graphs need an NVIDIA GPU"})
    assert choice.in_words() == (
        "compile: step, 231 µs a step against off 417 µs; no graph: CUDA graphs need an NVIDIA GPU"
    )
    assert Choice("off", {"off": 41720.0, "step": 40999}, {}, {}, known=True).in_words() == (
        "compile: off, 41.7 ms a step against step 41 ms, as an earlier training found"
    )
    assert Choice("off", {}, {}, {"step": "no"}).in_words() == "compile: off; no step: no"


def settled(which: Training, asked: str, steps: int) -> list[Choice]:
    told: list[Choice] = []
    settle(which.learner, asked, steps, ("net",), told.append)
    torch.manual_seed(3)
    which.run()
    return told


def test_a_short_training_tries_nothing():
    assert settled(training(MLP, epochs=6), "auto", WORTH * STEPS - 1) == []


def test_the_next_training_knows(cache):
    first, second = (settled(training(MLP, epochs=6), "auto", WORTH * STEPS) for _ in range(2))
    assert [(choice.form, choice.known) for choice in first + second] == [(first[0].form, False), (first[0].form, True)]
    assert len(json.loads(cache.read_text())) == 1


@pytest.mark.parametrize("spoilt", ["", "[]", "{", "[" * 10_000, '{"%s": 3}', '{"%s": {"form": "step"}}'])
def test_a_spoilt_file_of_choices_is_no_hindrance(cache, spoilt):
    settled(training(MLP, epochs=6), "auto", WORTH * STEPS)
    (key,) = json.loads(cache.read_text())
    cache.write_text(spoilt.replace("%s", key))
    (choice,) = settled(training(MLP, epochs=6), "auto", WORTH * STEPS)
    assert not choice.known


def test_a_cache_that_cannot_be_written_is_no_hindrance(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (choice,) = settled(training(MLP, epochs=6), "auto", WORTH * STEPS)
    assert not choice.known


@pytest.mark.parametrize("network", [IMAGES, IMAGES.replace("BatchNorm2d", "BatchNorm2d: {momentum: null}")])
def test_what_is_asked_for_is_taken_from_the_first_step_or_it_is_told_why_not(network):
    which, other = (training(network, epochs=2) for _ in range(2))
    told = settled(which, "step", 12)
    if "null" in network:
        assert told == [Choice("off", {}, {}, {"step": "aten._local_scalar_dense.default looks at a number"})]
    else:
        assert told == [Choice("step", {}, {}, {})]
    plainly(other)
    assert all(x.equal(y) for x, y in zip(which.net.parameters(), other.net.parameters(), strict=True))


def test_the_record_of_a_run_tells_the_choice(tmp_path):
    run, _ = trained(two_kinds(tmp_path, "train.compile=step"), tmp_path / "run")
    assert run.record()["compile"] == {
        "form": "step",
        "step_us": {},
        "differs": {},
        "refused": {},
        "known": False,
        "since": 0,
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its compiler, as it is imported
def test_inductor_without_a_compiler_falls_back_aloud(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", (None, "/nowhere/g++"))
    here, told = training(MLP, epochs=1), list[Choice]()
    settle(here.learner, "inductor", 8, (), told.append)
    torch.manual_seed(3)
    assert [epoch.train_loss for epoch in here.run()] == plainly(training(MLP, epochs=1))
    (choice,) = told
    assert choice.in_words() == (
        "compile: off; no inductor: torch.compile gave up: InvalidCxxCompiler: "
        "No working C++ compiler found in torch._inductor.config.cpp.cxx: (None, '/nowhere/g++')"
    )
