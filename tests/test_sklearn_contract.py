"""scikit-learn's own checks, so far as they apply to an estimator that takes text; those that do not, with reasons."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator

import beritaclass as bc

NUMBERS = "X is a matrix of numbers, here it is texts; the same is tested with texts below or in test_classifier.py"
WEIGHTS = "there is no sample_weight"
CLASS_WEIGHT = "there is no class_weight: probabilities would be wrong by it"
MATRIX_MESSAGE = "asks for an error message about a matrix (its features, its numbers)"
LEFT_OUT = {
    "check_fit_score_takes_y": NUMBERS,
    "check_estimators_overwrite_params": NUMBERS,
    "check_dont_overwrite_parameters": NUMBERS,
    "check_estimators_fit_returns_self": NUMBERS,
    "check_readonly_memmap_input": NUMBERS,
    "check_positive_only_tag_during_fit": NUMBERS,
    "check_estimators_dtypes": NUMBERS,
    "check_dtype_object": NUMBERS,
    "check_pipeline_consistency": NUMBERS,
    "check_sparsify_coefficients": NUMBERS,
    "check_estimator_sparse_array": NUMBERS,
    "check_estimator_sparse_matrix": NUMBERS,
    "check_estimators_pickle": NUMBERS,
    "check_f_contiguous_array_estimator": NUMBERS,
    "check_classifier_data_not_an_array": NUMBERS,
    "check_classifiers_one_label": "one class only is warned of and never said: there is nothing to tell it from",
    "check_classifiers_classes": NUMBERS,
    "check_classifiers_train": NUMBERS,
    "check_classifiers_regression_target": "asks for scikit-learn's message; numbers as labels are refused by our own",
    "check_supervised_y_2d": NUMBERS,
    "check_decision_proba_consistency": NUMBERS,
    "check_methods_sample_order_invariance": NUMBERS,
    "check_methods_subset_invariance": NUMBERS,
    "check_fit2d_predict1d": NUMBERS,
    "check_dict_unchanged": NUMBERS,
    "check_fit_idempotent": NUMBERS,
    "check_fit_check_is_fitted": NUMBERS,
    "check_n_features_in": "texts have no number of features",
    "check_requires_y_none": "y is a required argument: Python itself refuses a call without it",
    "check_sample_weights_pandas_series": WEIGHTS,
    "check_sample_weights_not_an_array": WEIGHTS,
    "check_sample_weights_list": WEIGHTS,
    "check_all_zero_sample_weights_error": WEIGHTS,
    "check_sample_weights_shape": WEIGHTS,
    "check_sample_weights_not_overwritten": WEIGHTS,
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS,
    "check_class_weight_classifiers": CLASS_WEIGHT,
    "check_class_weight_balanced_linear_classifier": CLASS_WEIGHT,
    "check_complex_data": MATRIX_MESSAGE,
    "check_estimators_empty_data_messages": MATRIX_MESSAGE,
    "check_estimators_nan_inf": MATRIX_MESSAGE,
    "check_fit2d_1sample": MATRIX_MESSAGE,
    "check_fit2d_1feature": MATRIX_MESSAGE,
    "check_array_api_input": "arrays of other libraries hold no texts",
    "check_array_api_mixed_inputs": "arrays of other libraries hold no texts",
    "check_array_api_same_namespace": "arrays of other libraries hold no texts",
}


def checks() -> Iterator[str]:
    """Names of what scikit-learn asks of a linear classifier."""
    found = (getattr(check, "func", check).__name__ for _, check in estimator_checks_generator(LogisticRegression()))
    yield from dict.fromkeys(found)


def test_sklearn_asks_for_something() -> None:
    applying = [name for name in checks() if name not in LEFT_OUT]
    assert len(applying) >= 14, sklearn.__version__


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in checks() if name not in LEFT_OUT])
def test_scikit_learns_checks(name: str) -> None:
    check: Any = getattr(estimator_checks, name)
    check("TopicClassifier", bc.TopicClassifier())


# -------------------------------------------------------------------- the same with texts

GOAL = [f"Timnas menang {i} gol dalam laga sepak bola melawan Malaysia" for i in range(9)]
RAIN = [f"Hujan lebat hari ke-{i} membuat sungai meluap dan warga mengungsi" for i in range(9)]
COURT = [f"Hakim {i} menjatuhkan vonis penjara kepada terdakwa dalam sidang" for i in range(9)]
TEXTS = GOAL + RAIN + COURT
ONE = np.repeat(["bola", "bencana", "hukum"], 9)
MANY = [[topic] for topic in ONE]
MATRIX = np.repeat(np.eye(3, dtype=int), 9, axis=0)


@pytest.mark.parametrize("y", [ONE, ONE.tolist(), MANY, MATRIX], ids=["array", "list", "sets", "matrix"])
def test_targets_of_every_form_serve(y: Any) -> None:
    model = bc.TopicClassifier()
    assert model.fit(TEXTS, y) is model
    assert model.score(TEXTS, y) == 1.0
    assert model.n_folds == 10


@pytest.mark.parametrize("y", [ONE, MATRIX], ids=["one", "many"])
def test_model_selection_serves(y: Any) -> None:
    folds = KFold(3, shuffle=True, random_state=0)
    assert cross_val_score(bc.TopicClassifier(), TEXTS, y, cv=folds).mean() > 0.8
    search = GridSearchCV(bc.TopicClassifier(), {"C": [1.0, 3.0], "background": [True]}, cv=folds).fit(TEXTS, y)
    assert search.best_score_ > 0.8


def test_it_stands_in_a_pipeline() -> None:
    pipeline = make_pipeline(FunctionTransformer(lambda X: [text.upper() for text in X]), bc.TopicClassifier())
    assert pipeline.fit(TEXTS, ONE).score(TEXTS, ONE) == 1.0
    vectors = make_pipeline(bc.TopicVectorizer(), LogisticRegression()).fit(TEXTS, ONE)
    assert vectors.score(TEXTS, ONE) == make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, ONE).score(
        TEXTS, ONE
    )


def test_fitting_again_gives_the_same_and_a_clone_is_not_fitted() -> None:
    model = bc.TopicClassifier().fit(TEXTS, ONE)
    expected = model.predict_proba(TEXTS)
    assert (model.fit(TEXTS, ONE).predict_proba(TEXTS) == expected).all()
    assert (pickle.loads(pickle.dumps(model)).predict_proba(TEXTS) == expected).all()
    with pytest.raises(ValueError, match="not fitted"):
        clone(model).predict(TEXTS)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_order_and_company_of_the_articles_do_not_matter(method: str) -> None:
    call = getattr(bc.TopicClassifier().fit(TEXTS, MATRIX), method)
    state = np.random.default_rng(0).permutation(len(TEXTS))
    whole = call(TEXTS)
    assert (call([TEXTS[i] for i in state]) == whole[state]).all()
    assert all((call([text])[0] == row).all() for text, row in zip(TEXTS, whole, strict=True))


def test_probabilities_rise_with_decision_values() -> None:
    model = bc.TopicClassifier().fit(TEXTS, MATRIX)
    decision, probability = model.decision_function(TEXTS), model.predict_proba(TEXTS)
    for d, p in zip(decision.T, probability.T, strict=True):
        assert (np.diff(p[np.argsort(d, kind="stable")]) >= 0).all()


def test_single_topics_have_probabilities_that_add_up() -> None:
    probability = bc.TopicClassifier().fit(TEXTS, ONE).predict_proba(TEXTS)
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(TEXTS)))
