"""The run folder: made once, never written over, read back as it was, and told apart from everything else."""

import errno
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnspec import runs
from nnspec.diagnostics import SpecError
from nnspec.files import append_line, write_json, write_whole
from nnspec.prepare.fitted import FittedOutput, Preparation
from nnspec.runs import Run, create, environment, open_run

RESOLVED = {"nnspec": 1, "name": "digits"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(action, *arguments, **named) -> str:
    with pytest.raises(SpecError) as caught:
        action(*arguments, **named)
    return str(caught.value)


def trained() -> Run:
    run = create(Path("runs"), "digits", RESOLVED, folder=Path("out"))
    for name in runs.TRAINED:
        run.file(name).write_text("{}")
    return run


# Making one


def test_a_run_is_named_after_network_time_and_spec():
    run = create(Path("runs"), "digits", RESOLVED, text="nnspec: 1\nname: digits\n")
    assert re.fullmatch(r"runs/digits/\d{8}-\d{6}-[0-9a-f]{8}", str(run.path))
    assert (run.spec(), run.spec_text()) == (RESOLVED, "nnspec: 1\nname: digits\n")
    assert sorted(path.name for path in run.path.iterdir()) == ["spec.json", "spec.txt"]


def test_equal_specs_have_equal_hashes_whatever_the_order_of_their_keys():
    one, two, other = (
        create(Path("runs"), "a", resolved).path.name.split("-")[2]
        for resolved in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3})
    )
    assert one == two != other


def test_runs_that_begin_in_one_second_have_folders_of_their_own():
    assert len({create(Path("runs"), "digits", RESOLVED).path for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("name", "wanted"), [("../../etc", "etc"), ("a/b c", "a-b-c"), ("", "net"), ("..", "net"), ("größe", "gr-e")]
)
def test_a_name_never_leads_out_of_the_base(name: str, wanted: str):
    assert create(Path("runs"), name, RESOLVED).path.parent == Path("runs") / wanted


def test_a_folder_of_ones_own_may_be_absent_or_empty():
    Path("empty").mkdir()
    assert create(Path("runs"), "digits", RESOLVED, folder=Path("empty")).path == Path("empty")
    assert create(Path("runs"), "digits", RESOLVED, folder=Path("a/b/c")).path == Path("a/b/c")
    assert not Path("runs").exists()


def test_a_folder_that_holds_something_is_refused():
    Path("home").mkdir()
    Path("home/letter.txt").write_text("dear")
    assert refusal(create, Path("runs"), "digits", RESOLVED, folder=Path("home")) == (
        "error[run-folder]: home is not empty\n  help  give a folder that is empty or not there yet"
    )
    assert [path.name for path in Path("home").iterdir()] == ["letter.txt"]


def test_a_run_is_never_written_over():
    run = trained()
    run.file(runs.WEIGHTS).write_bytes(b"a week of training")
    assert refusal(create, Path("runs"), "digits", RESOLVED, folder=run.path) == (
        "error[run-folder]: out holds a run already\n  help  give another folder, or remove this one first"
    )
    assert run.file(runs.WEIGHTS).read_bytes() == b"a week of training"


def test_a_base_that_is_a_file_is_refused():
    Path("runs").write_text("")
    message = refusal(create, Path("runs"), "digits", RESOLVED)
    assert message == "error[run-folder]: cannot make runs/digits: not a directory"


# Opening one


def test_a_trained_run_opens():
    assert open_run(trained().path) == Run(Path("out"))


def test_a_folder_that_is_not_there():
    assert refusal(open_run, Path("nowhere")) == (
        "error[run-folder]: there is no run folder nowhere\n  help  `nnspec train` makes one and says its name"
    )


def test_a_file_is_no_run_folder():
    Path("model.onnx").write_bytes(b"")
    assert refusal(open_run, Path("model.onnx")) == (
        "error[run-folder]: model.onnx is a file, not a run folder\n  help  `nnspec train` makes one and says its name"
    )


def test_a_folder_that_is_no_run():
    Path("docs").mkdir()
    assert refusal(open_run, Path("docs")) == (
        "error[run-folder]: docs is not a run: it has no spec.json\n  help  `nnspec train` makes one and says its name"
    )


def test_the_folder_above_the_runs_names_the_latest():
    for name in ("20250101-000000-aa", "20260101-000000-bb", "20240101-000000-cc"):
        create(Path("runs"), "digits", RESOLVED, folder=Path("runs/digits") / name)
    assert refusal(open_run, Path("runs/digits")) == (
        "error[run-folder]: runs/digits is not a run: it has no spec.json\n"
        "  help  the latest run below it is runs/digits/20260101-000000-bb"
    )


def test_a_run_without_its_weights():
    run = trained()
    run.file(runs.WEIGHTS).unlink()
    run.file(runs.SOURCE).unlink()
    assert refusal(open_run, run.path) == (
        "error[run-folder]: the run out has no net.py and no weights.safetensors\n"
        "  help  its training did not come to its end: train again"
    )
    assert open_run(run.path, needs=[]) == run


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "out/spec.json is not well-formed JSON: Expecting value: line 1 column 1 (char 0)"),
        (b'{"a": ', "out/spec.json is not well-formed JSON: Expecting value: line 1 column 7 (char 6)"),
        (b"[1]", "out/spec.json holds no JSON object"),
        (b"\xff\xfe", "out/spec.json is not UTF-8 text"),
    ],
)
def test_a_spec_that_is_broken(content: bytes, message: str):
    trained().file(runs.SPEC).write_bytes(content)
    assert refusal(open_run, Path("out")) == f"error[run-folder]: {message}"


def test_json_of_any_depth_is_one_message():
    trained().file(runs.SPEC).write_text('{"a":' * 100_000)
    assert refusal(open_run, Path("out")).startswith("error[run-folder]: out/spec.json is not well-formed JSON: ")


def test_a_file_that_a_run_lacks_is_named():
    assert refusal(trained().result) == "error[run-folder]: cannot read out/result.json: no such file or directory"


# What a run keeps


def test_a_preparation_comes_back():
    preparation = Preparation({"image": ()}, {"digit": FittedOutput((0, "one", True))})
    run = trained()
    run.write_preparation(preparation)
    assert run.preparation() == preparation


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "'inputs'"),
        ({"inputs": {"a": [{"NoStep": {}, "state": {}}]}, "outputs": {}}, "the step NoStep that prepared"),
        ({"inputs": 3, "outputs": {}}, "'int' object"),
    ],
)
def test_a_preparation_that_makes_no_sense(content: object, reason: str):
    run = trained()
    run.file(runs.PREPARATION).write_text(json.dumps(content))
    assert refusal(run.preparation).startswith(f"error[run-folder]: out/preparation.json cannot be used: {reason}")


def test_metrics_grow_line_by_line_and_a_torn_line_does_not_count():
    run = trained()
    assert run.metrics() == []
    run.add_metrics({"epoch": 1, "loss": 0.5})
    run.add_metrics({"epoch": 2, "loss": math.nan})
    with run.file(runs.METRICS).open("a") as file:
        file.write('{"epoch": 3, "lo')
    assert run.metrics() == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": None}]


def test_numbers_that_are_not_finite_become_null():
    run = trained()
    run.write_result({"loss": math.inf, "parts": [{"r2": -math.inf}, (math.nan, 1.5)], "name": "größe 8×8"})
    assert run.result() == {"loss": None, "parts": [{"r2": None}, [None, 1.5]], "name": "größe 8×8"}
    assert "größe 8×8" in run.file(runs.RESULT).read_text(encoding="utf-8")


def test_examples_come_back_without_pickle():
    rows = {
        "file": np.arange(6, dtype=np.float32).reshape(2, 3),
        "self/../x": np.array([1, 2]),
        "text": np.array(["größe", None], dtype=object),
        "fixed": np.array(["a", "bc"]),
        "none": np.zeros((0, 4)),
    }
    run = trained()
    run.write_examples(rows)
    found = run.examples()
    assert list(found) == list(rows)
    assert found["text"].tolist() == ["größe", ""]
    for name in ("file", "self/../x", "fixed", "none"):
        assert found[name].dtype == rows[name].dtype
        np.testing.assert_array_equal(found[name], rows[name])
    first = run.file(runs.EXAMPLES).read_bytes()
    run.write_examples(rows)
    assert run.file(runs.EXAMPLES).read_bytes() == first


def test_examples_with_a_pickle_are_refused():
    run = trained()
    np.savez(run.file(runs.EXAMPLES), x=np.array([{"run": "me"}], dtype=object))
    assert refusal(run.examples) == (
        "error[run-folder]: out/examples.npz is not a whole archive of arrays: "
        "Object arrays cannot be loaded when allow_pickle=False"
    )


@pytest.mark.parametrize("length", [0, 1, 10, 60, 150])
def test_truncated_examples_are_refused(length: int):
    run = trained()
    run.write_examples({"x": np.arange(100)})
    run.file(runs.EXAMPLES).write_bytes(run.file(runs.EXAMPLES).read_bytes()[:length])
    message = refusal(run.examples)
    assert message.startswith("error[run-folder]: out/examples.npz is not a whole archive of arrays: ")


def test_the_environment_tells_versions_and_nothing_of_the_person():
    found = environment()
    assert list(found) == ["python", "system", "machine", "processors", "versions"]
    assert list(found["versions"]) == ["nnspec", "torch", "numpy", "onnx", "onnxruntime"]
    assert all(found["versions"].values())
    text = json.dumps(found)
    assert not any(hint in text for hint in (os.sep, Path.home().name, os.uname().nodename))


def test_runs_and_their_environment_import_no_engine():
    program = (
        "import sys, nnspec.runs; nnspec.runs.environment(); "
        "print({'torch', 'numpy', 'onnx', 'onnxruntime', 'safetensors'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# Whole writes


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_file_is_replaced_as_a_whole():
    write_whole(Path("a"), b"old")
    write_whole(Path("a"), b"new")
    assert (Path("a").read_bytes(), names()) == (b"new", ["a"])


@pytest.mark.parametrize("call", ["pathlib.Path.replace", "os.fsync"])
def test_a_writer_killed_in_between_leaves_the_old_file_whole(call: str):
    Path("a").write_bytes(b"old")
    program = f"""
import os, pathlib, signal
from nnspec.files import write_whole
{call} = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
write_whole(pathlib.Path("a"), b"new" * 100_000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (done.returncode, Path("a").read_bytes()) == (-9, b"old")


def test_a_writer_that_is_stopped_leaves_nothing_beside(monkeypatch: pytest.MonkeyPatch):
    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    Path("a").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(Path("a"), b"new")
    assert (Path("a").read_bytes(), names()) == (b"old", ["a"])


def test_a_full_disk_is_one_message_and_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Path("a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    assert refusal(write_whole, Path("a"), b"new") == "error[file]: cannot write a: no space left on device"
    assert (Path("a").read_bytes(), names()) == (b"old", ["a"])


def test_a_file_larger_than_allowed_is_one_message():
    program = """
import resource, signal
from pathlib import Path
from nnspec.files import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path("a"), bytes(5000))
except Exception as error:
    print(error)
"""
    Path("a").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "error[file]: cannot write a: file too large\n"
    assert (Path("a").read_bytes(), names()) == (b"old", ["a"])


def test_a_folder_that_is_not_there_is_one_message():
    assert refusal(write_whole, Path("no/a"), b"") == "error[file]: cannot write no/a: no such file or directory"
    assert refusal(append_line, Path("no/a"), {}) == "error[file]: cannot write no/a: no such file or directory"


def test_a_folder_in_the_files_place_is_one_message():
    Path("a").mkdir()
    assert refusal(write_whole, Path("a"), b"") == "error[file]: cannot write a: is a directory"


def test_a_link_stays_a_link_and_a_device_a_device():
    Path("real").write_bytes(b"old")
    Path("link").symlink_to("real")
    write_whole(Path("link"), b"new")
    write_whole(Path("/dev/null"), b"gone")
    assert Path("link").is_symlink() and Path("real").read_bytes() == b"new"
    assert Path("/dev/null").is_char_device()


def test_text_that_utf8_has_no_bytes_for_is_escaped():
    write_json(Path("a"), {"key": "\ud800"})
    assert json.loads(Path("a").read_bytes()) == {"key": "\ud800"}


def test_a_folder_that_no_system_can_name_is_told(tmp_path):
    with pytest.raises(SpecError) as caught:
        create(tmp_path, "net", {}, folder=Path("a\0b"))
    assert str(caught.value) == "error[run-folder]: cannot make 'a\\x00b': embedded null byte"


def test_what_was_told_after_a_checkpoint_goes():
    run = trained()
    for epoch, step in ((1, 5), (2, 9), (3, 14)):
        run.add_metrics({"epoch": epoch, "step": step})
        run.add_health({"step": step, "layers": []})
        run.add_finding({"epoch": epoch, "code": "vanishing"})
    with run.file(runs.METRICS).open("a") as file:
        file.write('{"epoch": 4, "st')
    run.cut_back(2, 11)
    assert run.metrics() == [{"epoch": 1, "step": 5}, {"epoch": 2, "step": 9}]
    assert run.health() == [{"step": 5, "layers": []}, {"step": 9, "layers": []}]
    assert [line["epoch"] for line in run.findings()] == [1, 2]
    assert run.file(runs.METRICS).read_text().endswith("\n")
