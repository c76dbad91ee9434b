"""Each story's network beside named baselines, on the same rows, over several seeds.

    python examples/compare.py voters 5

A seed divides the rows anew (but for the sunspots, which time divides) and draws new weights. Baselines learn from the
network's training rows, and all are measured on the same test rows.
"""

import csv
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

import nnspec
from nnspec.data import Part, load_examples

FOLDER = Path(__file__).parent
Baselines = dict[str, Any]  # estimators, by name


def voters(part: Part) -> Any:
    return np.hstack([part.raw["numbers"].astype(object), part.raw["party"], part.raw["education"]])


def voter_baselines() -> Baselines:
    prepare = make_column_transformer(
        (StandardScaler(), slice(0, 7)), (OneHotEncoder(handle_unknown="ignore"), slice(7, 9))
    )
    return {
        "most frequent": DummyClassifier(),
        "LogisticRegression": make_pipeline(prepare, LogisticRegression(max_iter=1000)),
        "RandomForestClassifier": make_pipeline(prepare, RandomForestClassifier(random_state=0)),
    }


def digits(part: Part) -> Any:
    return part.raw["image"].reshape(len(part), -1) / 255


def digit_baselines() -> Baselines:
    return {
        "LogisticRegression": LogisticRegression(max_iter=1000),
        "RandomForestClassifier": RandomForestClassifier(random_state=0),
        "SVC (rbf)": SVC(),
    }


def docstrings(part: Part) -> Any:
    with (FOLDER / "docstrings" / "docstrings.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    return [texts[row] for row in part.rows]


def docstring_baselines() -> Baselines:
    return {
        "most frequent": DummyClassifier(),
        "Tfidf + MultinomialNB": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), MultinomialNB()),
        "Tfidf + LogisticRegression": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()),
        "Tfidf + LinearSVC": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC()),
    }


def sunspots(part: Part) -> Any:
    return part.raw["past"]


class Persistence:
    """Next year is as this year."""

    def fit(self, x: Any, y: Any) -> "Persistence":
        return self

    def predict(self, x: Any) -> Any:
        return x[:, -1]


def sunspot_baselines() -> Baselines:
    latest = FunctionTransformer(lambda x: x[:, -9:])
    return {
        "persistence": Persistence(),
        "LinearRegression of 9 years": make_pipeline(latest, LinearRegression()),
        "LinearRegression of 33 years": LinearRegression(),
    }


STORIES: Mapping[str, tuple[Callable[[Part], Any], Callable[[], Baselines], str]] = {
    "voters": (voters, voter_baselines, "Accuracy"),
    "digits": (digits, digit_baselines, "Accuracy"),
    "docstrings": (docstrings, docstring_baselines, "Accuracy"),
    "sunspots": (sunspots, sunspot_baselines, "MeanAbsoluteError"),
}


def compare(name: str, seed: int) -> dict[str, float]:
    """The score of the network and of each baseline on the test rows."""
    features, baselines, metric = STORIES[name]
    network = nnspec.load(FOLDER / name / f"{name}.yaml", [f"data.split.seed={seed}"])
    examples = load_examples(network.spec, FOLDER / name, network.graph.output_tensors)
    with tempfile.TemporaryDirectory() as folder:
        run = nnspec.train(network, run=Path(folder) / "run", seed=seed)
        [measured] = nnspec.evaluate(run).outputs.values()
    scores = {"nnspec": float(measured.metrics[metric])}
    train, test = examples.train, examples.test
    [known], [truth] = train.targets.values(), test.targets.values()
    for title, estimator in baselines().items():
        given = estimator.fit(features(train), known.ravel()).predict(features(test))
        error = given - truth.ravel()
        scores[title] = float(np.abs(error).mean() if metric == "MeanAbsoluteError" else (error == 0).mean())
    return scores


def main(name: str, seeds: int = 5) -> None:
    found = [compare(name, seed) for seed in range(seeds)]
    width = max(map(len, found[0]))
    print(f"{STORIES[name][2]} on the test rows, mean ± deviation of {seeds} seeds")
    for title in found[0]:
        values = [scores[title] for scores in found]
        print(f"  {title:<{width}}  {mean(values):.4g} ± {stdev(values) if seeds > 1 else 0:.2g}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
