"""What pyproject.toml cannot say: an installed package carries the reference specs, from which `nnspec new` starts."""

from pathlib import Path
from shutil import copytree, rmtree

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSpecs(build_py):
    """The package with `specs/` inside; an editable install reads them where they stand."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            inside = Path(self.build_lib, "nnspec", "specs")
            rmtree(inside, ignore_errors=True)
            copytree("specs", inside)


setup(cmdclass={"build_py": BuildWithSpecs})
