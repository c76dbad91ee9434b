"""The command that editors start."""

import os
import sys
from argparse import Namespace
from importlib.util import find_spec

from nnspec.cli.main import EXIT_USAGE
from nnspec.diagnostics import SpecError


def lsp(arguments: Namespace) -> int:
    """Serve one editor, until it ends."""
    if find_spec("pygls") is None:
        message = "the language server needs the package pygls"
        raise SpecError.of("missing-extra", message, help="pip install 'nnspec[lsp]'")
    from nnspec.lsp.server import listen, serve

    try:
        listener = None if arguments.tcp is None else listen(arguments.tcp)
    except (OSError, OverflowError) as error:
        code = getattr(error, "errno", None)
        reason = os.strerror(code).lower() if code else "a port is a number from 0 to 65535"
        print(f"nnspec lsp: port {arguments.tcp} cannot be used: {reason}", file=sys.stderr)
        return EXIT_USAGE
    serve(listener)
    return 0
