"""The house's rules, read from the imports: stages import downwards, and a library stands in its own home."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "nnspec"

# Each stage may import those before it; stages of one line never import one another, but for what is said below.
LINES = [
    ["diagnostics", "explanations"],
    ["plugins", "files"],
    ["source", "pycode", "shapes"],
    ["layers"],
    ["prepare", "augment", "objectives"],
    ["spec"],
    ["graph"],
    ["codegen"],
    ["runs", "ranks", "tables", "templates"],
    ["data"],
    ["training", "exporting", "runtime", "report", "profiling"],
    ["tuning", "evaluating"],
    ["testing", "verbs", "lsp"],
    ["cli"],
]
LINE_OF = {stage: number for number, stages in enumerate(LINES) for stage in stages}
WITHIN_A_LINE = {
    ("prepare", "objectives"): False,
    ("exporting", "runtime"): True,  # the proof runs the file as a user would
    ("source", "shapes"): False,
}

BELOW_THE_ENGINES = [
    "diagnostics",
    "plugins",
    "source",
    "pycode",
    "shapes",
    "layers",
    "prepare",
    "augment",
    "objectives",
    "spec",
]
ENGINES = {"torch", "onnx", "onnxruntime", "numpy", "sklearn", "torchmetrics", "safetensors"}
HOMES = {
    "yaml": {"source"},
    "networkx": {"graph"},
    "pygraphviz": {"graph"},
    "onnx": {"exporting"},
    "onnxruntime": {"runtime"},
    "torch": {"codegen", "training", "exporting", "evaluating", "testing"},
    "torchmetrics": {"codegen"},
    "rich": {"training", "cli"},
    "sklearn": {"data"},
    "polars": {"tables"},
    "PIL": {"prepare"},
    "optuna": {"tuning"},
    "lightning_fabric": {"training"},
    "tokenizers": {"prepare"},
    "pygls": {"lsp"},
    "lsprotocol": {"lsp"},
}

FILES = sorted(HOUSE.rglob("*.py"))


def stage(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere, less those for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "nnspec")
    return found


def test_every_stage_has_its_line():
    stages = {stage(path) for path in FILES} - {"__init__", "__main__"}
    assert stages == set(LINE_OF)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(HOUSE)) for path in FILES])
def test_imports_go_down_only(path):
    here = stage(path)
    if here in ("__init__", "__main__"):
        return
    for module in imports(path):
        parts = module.split(".")
        if parts[0] != "nnspec" or len(parts) == 1 or parts[1] == here or parts[1] not in LINE_OF:
            continue
        downward = LINE_OF[parts[1]] < LINE_OF[here]
        assert downward or WITHIN_A_LINE.get((here, parts[1])), f"{here} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(HOUSE)) for path in FILES])
def test_a_library_stands_in_its_home(path):
    here = stage(path)
    for module in imports(path):
        library = module.split(".")[0]
        assert library not in HOMES or here in HOMES[library], f"{here} imports {library}"
        assert here not in BELOW_THE_ENGINES or library not in ENGINES, f"{here} imports {library}"


@pytest.mark.parametrize("spec", ["specs/digits.yaml", "specs/vision/resnet.yaml"])
def test_checking_showing_and_compiling_load_no_engine(spec):
    program = """
import sys
from nnspec.cli.main import main
spec = sys.argv[1]
commands = [["check", spec], ["show", spec], ["compile", spec], ["layers"], ["explain", spec], ["diff", spec, spec]]
codes = [main(command) for command in commands]
loaded = {"torch", "onnx", "onnxruntime", "numpy", "sklearn", "networkx", "nnspec.explanations"} & set(sys.modules)
sys.exit(f"{codes} {loaded}" if any(codes) or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", program, str(HOUSE.parent / spec)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_file_is_long():
    lengths = {str(path.relative_to(HOUSE)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def test_names_say_something():
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [path for path in FILES if set(path.relative_to(HOUSE).with_suffix("").parts) & empty] == []
