"""What data hold: columns, parts, leakage, and a spec to begin with."""

from nnspec.profiling.guess import guess_spec
from nnspec.profiling.page import page
from nnspec.profiling.profile import Profile, profile_spec, profile_table
from nnspec.profiling.text import render

__all__ = ["Profile", "guess_spec", "page", "profile_spec", "profile_table", "render"]
