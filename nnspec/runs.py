"""The run folder: every file name and format that a run leaves behind.

Stages meet here and nowhere else: training, export and runtime exchange these files, so each can run on another machine.
"""

SPEC = "spec.json"  # the resolved spec: the long form of everything
SPEC_TEXT = "spec.txt"  # the spec as it was written
SOURCE = "net.py"  # the module's source, the text that was trained
WEIGHTS = "weights.safetensors"  # the best weights, by the module's state-dict names
PREPARATION = "preparation.json"  # what was learnt from the training rows
METRICS = "metrics.jsonl"  # one line an epoch
RESULT = "result.json"  # final metrics of each part
EXAMPLES = "examples.npz"  # raw test rows and their targets, for the proof
RECORD = "run.json"  # versions, seed, device, machine, times, command
MODEL = "model.onnx"
PROOF = "proof.json"
