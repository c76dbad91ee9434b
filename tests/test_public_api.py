"""The whole public surface, and that it costs nothing until it is used."""

import inspect
import subprocess
import sys

import nnspec


def test_the_public_names_are_these():
    assert nnspec.__all__ == ["SpecError", "__version__", "compile", "evaluate", "export", "load", "predict", "train"]
    assert all(getattr(nnspec, name) for name in nnspec.__all__)


def test_the_verbs_are_typed_and_documented():
    for verb in (nnspec.load, nnspec.compile, nnspec.train, nnspec.evaluate, nnspec.export, nnspec.predict):
        assert inspect.getdoc(verb)
        signature = inspect.signature(verb)
        assert signature.return_annotation is not signature.empty
        assert all(parameter.annotation is not parameter.empty for parameter in signature.parameters.values())


def test_verbs_are_still_verbs_after_their_stages_are_loaded():
    import nnspec.exporting
    import nnspec.runtime
    import nnspec.training

    assert callable(nnspec.train)
    assert callable(nnspec.export)
    assert callable(nnspec.predict)


def test_importing_nnspec_loads_nothing():
    program = """
import sys
before = set(sys.modules)
import nnspec
loaded = {name for name in set(sys.modules) - before if name.startswith(("nnspec.", "torch", "numpy", "pydantic"))}
sys.exit(str(loaded) if loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(nnspec, "trian")
