"""What a spec says: the document, checked and in its long form."""

from nnspec.spec.compose import read_document
from nnspec.spec.spec import Entry, Input, Output, Spec
from nnspec.spec.validate import validate

__all__ = ["Entry", "Input", "Output", "Spec", "read_document", "validate"]
