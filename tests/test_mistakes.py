"""Every file in tests/mistakes is a wrong spec with the exact text that nnspec says of it, in comments at its end.

One of several files is a folder, in which net.yaml is the spec that is read.

`NNSPEC_GOLDEN=1 pytest tests/test_mistakes.py` writes the texts anew: read the difference before you keep it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnspec.diagnostics import CODES, SpecError
from nnspec.graph import load_network

FOLDER = Path(__file__).parent / "mistakes"
MARK = "# --- what nnspec says ---\n"
MAIN = "net.yaml"
FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob(f"*/{MAIN}")])


def stem(path: Path) -> str:
    return path.parent.name if path.name == MAIN else path.stem


def told(path: Path) -> str:
    try:
        load_network(path.name)
    except SpecError as error:
        return str(error)
    raise AssertionError(f"{path.name} passes")


@pytest.mark.parametrize("path", FILES, ids=map(stem, FILES))
def test_a_mistake_is_told_word_for_word(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    spec, _, expected = path.read_text(encoding="utf-8").partition(MARK)
    text = told(path)
    if os.environ.get("NNSPEC_GOLDEN"):
        lines = "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())
        path.write_text(spec + MARK + lines, encoding="utf-8")
        return
    wanted = "\n".join(line.removeprefix("# ").removeprefix("#") for line in expected.splitlines())
    assert "\n".join(line.rstrip() for line in text.splitlines()) == wanted


def test_each_mistake_of_a_layer_is_told_once(monkeypatch):
    single = [path for path in FILES if stem(path) != "several-mistakes"]
    for path in single:
        monkeypatch.chdir(path.parent)
        with pytest.raises(SpecError) as caught:
            load_network(path.name)
        errors = [found for found in caught.value.diagnostics if found.severity == "error"]
        assert len(errors) == 1, stem(path)


MEASURE = """
import json, os, sys, time
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network
took = {}
for path in sys.argv[1:]:
    folder, name = os.path.split(path)
    os.chdir(folder)
    start = time.process_time()
    try:
        load_network(name)
    except SpecError as error:
        str(error)
    took[path] = time.process_time() - start
with open("/proc/self/status") as file:
    (peak,) = [int(line.split()[1]) for line in file if line.startswith("VmHWM")]
print(json.dumps([took, peak]))
"""
SECONDS = 1  # of the processor, for one file
MEMORY = 200_000  # KiB, for one after another of them


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory as Linux tells it")
def test_a_mistake_is_told_in_little_time_and_memory():
    command = [sys.executable, "-c", MEASURE, *map(str, FILES)]
    took, memory = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert len(took) == len(FILES)
    assert {path: seconds for path, seconds in took.items() if seconds > SECONDS} == {}
    assert memory < MEMORY


def test_codes_are_a_closed_list_with_a_meaning():
    assert all(meaning and meaning[0].islower() for meaning in CODES.values())
