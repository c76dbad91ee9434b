"""What a spec says: the document, checked and in its long form."""

from nnspec.spec.spec import Entry, Input, Output, Spec
from nnspec.spec.validate import load_spec, parse_spec, read_document, validate

__all__ = ["Entry", "Input", "Output", "Spec", "load_spec", "parse_spec", "read_document", "validate"]
