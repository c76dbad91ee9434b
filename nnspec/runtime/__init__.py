"""Running an exported file: a session that says where it runs, and predictions for a table. No torch, no onnx."""

from nnspec.runtime.predict import Predictions, predict
from nnspec.runtime.session import Session, open_session

__all__ = ["Predictions", "Session", "open_session", "predict"]
