"""What the README shows is what nnspec does."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nnspec.cli.main import COMMAND_FILES
from nnspec.spec.rewrite import format_text

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# A fence that says its file is that file; a console block is commands, each with the output that follows it.
FILES = re.findall(r"```yaml title=(\S+)\n(.*?)```", README, re.DOTALL)
CONSOLES = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
SHOWN = "data|check|show|layers|compile|annotate|diff|explain"
COMMANDS = [
    (command, output)
    for console in CONSOLES
    for command, output in re.findall(rf"^\$ (nnspec (?:{SHOWN})\b.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)
]
COMMAND_NAMES = set(re.findall(rf"\bnnspec ({'|'.join(COMMAND_FILES)})\b", README))


@pytest.fixture
def folder(tmp_path):
    for name in ("specs", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_readme_shows(command, output, folder):
    arguments = [sys.executable, "-m", "nnspec", *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
    printed = [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]
    shown = [line.rstrip() for line in output.splitlines()]
    if "..." in shown:  # the middle is left out
        cut = shown.index("...")
        assert printed[:cut] == shown[:cut]
        assert not shown[cut + 1 :] or printed[-len(shown) + cut + 1 :] == shown[cut + 1 :]
    else:
        assert printed == shown


@pytest.mark.parametrize(("name", "text"), FILES, ids=[name for name, _ in FILES])
def test_a_spec_of_the_readme_has_the_canonical_form(name, text):
    assert format_text(text, name) == text


def test_the_readme_shows_every_command():
    assert set(COMMAND_FILES) == COMMAND_NAMES
    assert len(COMMANDS) >= 3


def test_links_to_files_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
