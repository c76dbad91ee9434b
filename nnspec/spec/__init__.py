"""What a spec says: the document, checked and in its long form."""

from nnspec.spec.spec import Entry, Input, Output, Spec
from nnspec.spec.validate import read_document, validate

__all__ = ["Entry", "Input", "Output", "Spec", "read_document", "validate"]
