"""A failure here means that a public name cannot be fetched, or that foreign text or a foreign file does harm."""

from __future__ import annotations

import io
import string
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.study import Study
from certigram.spec import build_study
from certigram.testing import expressions, reproducible
from certigram.theory.activations.activation import Activation, activation
from certigram.theory.errors import DerivationGap, SpecError

CHARACTERS = "x0123456789.+-*/^(), eE_" + string.ascii_letters + "'\"[]{}\\\n\x00ἀ٣²∞"
WORDS = ["x", "1", "2", "1/3", "1e9", "0", "-", "+", "*", "/", "**", "(", ")", ",", "tanh", "Max", "Abs", "log", "exp"]
WORDS += [
    "sqrt",
    "sin",
    "Heaviside",
    "sign",
    "relu",
    "hermite",
    "gaussian",
    "pi",
    "__import__",
    "lambda",
    "import",
    ".",
    "e",
]


def test_every_public_name_can_be_fetched() -> None:
    for name in cg.__all__:
        assert getattr(cg, name) is not None


@reproducible(max_examples=300)
@given(st.one_of(st.text(CHARACTERS, max_size=40), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_an_activation_or_a_clear_error(text: str) -> None:
    try:
        found = activation(text)
    except (SpecError, DerivationGap) as error:
        message = str(error)
    else:
        message = "an activation."
        assert isinstance(found, Activation)
        assert {str(symbol) for symbol in found.expression.free_symbols} <= {"x"}
    assert message.strip().endswith((".", "?", "..."))


def _tree(depth: int) -> Any:
    leaf = st.sampled_from(["x", "x", "x", "2", "-1/3", "pi", "1e-3", "0"])
    if depth == 0:
        return leaf
    inner = _tree(depth - 1)
    unary = st.sampled_from(["tanh", "exp", "log", "sqrt", "Abs", "sign", "sigmoid", "erf", "sinh", "gelu", "step"])
    return st.one_of(
        leaf,
        st.builds("{}({})".format, unary, inner),
        st.builds("({}){}({})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("Max({}, {})".format, inner, inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "-1", "(1/2)", "(-1/3)"])),
    )


@reproducible(max_examples=150)
@given(_tree(3))
def test_composed_text_is_an_activation_or_a_clear_error(text: str) -> None:
    try:
        found = activation(text)
    except (SpecError, DerivationGap):
        return
    assert found.parity in ("odd", "even", None)
    assert found.smooth in (True, False)
    assert found.latex()


@reproducible(max_examples=40)
@given(expressions())
def test_the_printed_expression_parses_to_the_same_function(text: str) -> None:
    found = activation(text)
    again = activation(str(found.expression))
    with precision(128):
        f, g = lower_arb(found.expression), lower_arb(again.expression)
        for x in (arb(-2), arb("-0.3"), arb("0.1"), arb(3)):
            assert f(x).overlaps(g(x))
            assert f(x).rad() < 1e-25
    assert activation(f" ( {text} ) ").expression == found.expression


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("1/16"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["study", "data", "parameters", "finite-width", "finite_width", "budget", "other"]
FIELDS = ["systems", "activations", "name", "seed", "source", "n", "d", "normalize", "widths", "seeds", "alpha", "bits"]
FIELDS += ["max_bits", "max_terms", "seconds", "memory", "deq-general", "sigma_w2"]
GOOD: dict[str, Any] = {"study": {"systems": ["deq-general"]}, "data": {"n": 3}}
TABLES = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4)


def is_a_study_or_refused(document: dict[str, Any]) -> None:
    try:
        found = build_study(document)
    except SpecError:
        return
    assert isinstance(found, Study)


@reproducible(max_examples=100)
@given(st.dictionaries(st.sampled_from(KEYS), st.one_of(JSON, TABLES), max_size=4))
def test_any_document_is_a_study_or_refused(document: dict[str, Any]) -> None:
    is_a_study_or_refused(document)


@reproducible(max_examples=150)
@given(st.sampled_from(KEYS), st.sampled_from(FIELDS), st.one_of(JSON, st.lists(st.sampled_from(["tanh", "x", ""]))))
def test_a_good_document_with_one_odd_entry_is_a_study_or_refused(table: str, key: str, value: Any) -> None:
    document = {name: dict(content) for name, content in GOOD.items()}
    document.setdefault(table, {})[key] = value
    is_a_study_or_refused(document)


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


SEEDS = [_npy(np.eye(3)), _npy(np.ones((2, 2), dtype=np.int8)), _npy(np.array([["a"]])), _npy(np.array([None]))]
SEEDS += [b"1,2\n3,4\n", b"a,b\n1,2\n", b"\xff\xfe1,2", b"1;2\n", b"nan,1\n1,2\n", b"1e400,1\n", b"", b'"1,\n', b"\x00"]


@st.composite
def _mutated(draw: Any) -> bytes:
    data = bytearray(draw(st.one_of(st.sampled_from(SEEDS), st.binary(max_size=60))))
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@pytest.mark.filterwarnings("default")  # numpy warns about headers it reads all the same
@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_any_bytes_are_a_data_set_or_refused(suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"points{suffix}"

    @reproducible(max_examples=200)
    @given(_mutated())
    def is_data_or_refused(content: bytes) -> None:
        path.write_bytes(content)
        try:
            found = load(str(path))
        except SpecError:
            return
        assert isinstance(found, DataSet)
        assert found.n >= 1

    is_data_or_refused()
