"""The language server: what an editor is told of the spec that is being written.

`analysis` checks a text as `nnspec check` does; `context` finds the cursor in a text that may not even be YAML yet;
`grammar` is the JSON Schema, walked along that path. Each thing an editor asks for has a file; only `server` and what
it hands answers through know the protocol.
"""
