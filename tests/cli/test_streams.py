"""What the command line does with its output: colours, streams that are closed or full."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnspec.cli.main import main

NET = "nnspec: 1\ninputs: {x: [8]}\nlayers: [Linear: 4]\n"
ALONE = "import sys; from nnspec.cli.main import main; sys.exit(main(sys.argv[1:]))"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def errors_on_a_terminal(monkeypatch) -> str:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["check", "absent.yaml"]) == 1
    return screen.getvalue()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_mistake_is_coloured_on_a_terminal(monkeypatch):
    coloured = "\x1b[1mabsent.yaml: \x1b[0m\x1b[1;31merror[file]\x1b[0m: no such file\n"
    assert errors_on_a_terminal(monkeypatch) == coloured


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_declined(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert errors_on_a_terminal(monkeypatch) == "absent.yaml: error[file]: no such file\n"


def test_closed_streams_are_nobody_listening(tmp_path, monkeypatch):
    (tmp_path / "net.yaml").write_text(NET)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["check", str(tmp_path / "net.yaml")]) == 0
    assert main(["check", str(tmp_path / "absent.yaml")]) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_the_output_is_told():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", ALONE, "layers"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error[file]: cannot write the output: no space left on device\n")


def test_a_reader_that_has_gone_ends_the_command_without_a_word():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", ALONE, "layers"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_memory_that_runs_out_is_told(tmp_path):
    program = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 * 10**9, 6 * 10**9))
from nnspec.cli.main import main
sys.exit(main(["train", "net.yaml"]))
"""
    for name in "xy":  # files of zeros that take no room on the disk
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", np.uint8, (800_000_000,))
    (tmp_path / "net.yaml").write_text(
        "nnspec: 1\ndata: {source: {x: x.npy, y: y.npy}}\ninputs: {x: [1]}\nlayers: [Linear: 1]\n"
        "outputs: {y: {loss: MSELoss}}\noptimizer: SGD\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error[limit]: there is not enough memory: unable to allocate ")
    assert done.stderr.endswith(
        "\n  help  fewer rows, a smaller network, or `nnspec train --memory 2GB`, which leaves the data in their file\n"
    )
