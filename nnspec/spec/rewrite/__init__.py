"""Writes a spec anew: in its one canonical form, comments kept; with what each layer gives behind it."""

from nnspec.spec.rewrite.annotate import annotate_text
from nnspec.spec.rewrite.format import format_text

__all__ = ["annotate_text", "format_text"]
