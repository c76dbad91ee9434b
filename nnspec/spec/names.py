"""Which names layers, inputs and outputs may have: they become Python attributes, arguments and ONNX names."""

from nnspec.diagnostics import Findings, Span
from nnspec.pycode import is_identifier

MAX_NAME = 64

# What nn.Module has already: an attribute of that name would break the generated module.
MODULE_ATTRIBUTES = frozenset(
    """T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad""".split()
)
SOURCE_NAMES = frozenset(["F", "nn", "torch", "Tensor", "self", "x", "super"])  # what generated source calls its own


def name_fault(name: str) -> str:
    """Why a text cannot be a name; empty where it can."""
    if not name:
        return "a name needs at least one letter"
    if len(name) > MAX_NAME:
        return f"a name has at most {MAX_NAME} characters, this one has {len(name)}"
    if name.startswith("_"):
        return f"'{name}' begins with an underscore"
    if not name.isascii():
        odd = next(character for character in name if not character.isascii())
        return f"'{name}' has the character {odd!r} (U+{ord(odd):04X}), which is not a plain letter"
    if "." in name and all(part.isidentifier() for part in name.split(".")):
        return f"'{name}' has a dot, which stands between a layer and its output"
    if name in MODULE_ATTRIBUTES:
        return f"'{name}' is what PyTorch's modules call something of their own"
    if name in SOURCE_NAMES:
        return f"'{name}' is what the generated source calls something of its own"
    if not name.isidentifier():
        return f"'{name}' is not a name of letters, digits and underscores"
    if not is_identifier(name):
        return f"'{name}' is a word of the Python language"
    return ""


def check_name(name: str, span: Span, findings: Findings, *, allowed: frozenset[str] = frozenset()) -> bool:
    """Tell what is wrong with a name; whether it is right."""
    fault = "" if name in allowed else name_fault(name)
    if fault:
        findings.error("bad-name", fault, span, help=_way_out(name))
    return not fault


def _way_out(name: str) -> str:
    """The name with a number, where that would do."""
    if name and not name_fault(f"{name}_1"):
        return f"call it {name}_1, say"
    return "letters, digits and underscores, a letter first, as in conv1"
