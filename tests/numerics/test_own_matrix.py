"""A failure here means that a statement about a matrix of the user's own is false, or speaks of another matrix."""

from __future__ import annotations

import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.eigenvalues.rational import exact_spectrum
from certigram.numerics.matrices.given import given_matrix

LINE = np.arange(100) / 99


def gaussian(X: np.ndarray) -> np.ndarray:
    """scikit-learn's RBF(1.0): exp(-d²/2), the diagonal 1."""
    from scipy.spatial.distance import pdist, squareform

    K = squareform(np.exp(-0.5 * pdist(X, metric="sqeuclidean")))
    np.fill_diagonal(K, 1)
    return K


def test_the_matrix_that_scikit_learn_makes_is_certified_and_saved(tmp_path: Path) -> None:
    K = gaussian(np.random.default_rng(0).standard_normal((100, 5)))
    certificate = cg.certify(K, at_least="1e-8")
    assert certificate.verdict is cg.Verdict.PROVED
    assert certificate.claim == "matrix.least-eigenvalue"
    saved = json.loads(certificate.save(tmp_path / "K.json").read_text())
    digest = sha256(b"100|" + K.tobytes() + b"|0").hexdigest()
    assert saved["detail"]["data"] == {"n": 100, "sha256": digest}
    assert saved["detail"]["matrix"]["meaning"] == "the matrix of these float64 numbers exactly"
    assert saved["detail"]["statement"] == "lambda_min(A) >= 1/100000000"


@pytest.mark.slow
def test_the_kernel_on_a_line_is_definite_and_the_stored_matrix_is_not() -> None:
    """exp(-(x-y)²/2) on the points i/99; its eigenvalue is known from another program."""
    kernel = cg.population_gram("resnet-rkhs", LINE[:, None], kernel="gaussian", scale=1, normalize=None)
    of_kernel, of_matrix = cg.certify(kernel), cg.certify(np.exp(-((LINE[:, None] - LINE) ** 2) / 2))
    assert (of_kernel.verdict.name, of_matrix.verdict.name) == ("PROVED", "REFUTED")
    assert of_kernel.lower is not None
    assert of_kernel.upper is not None
    assert of_matrix.upper is not None
    assert of_kernel.lower <= 2.99677159754505e-298 <= of_kernel.upper <= of_kernel.lower * (1 + 1e-6)
    assert of_matrix.upper < 0
    assert "lambda_min(K) > 0" in repr(of_kernel)
    assert "lambda_min(A) > 0" in repr(of_matrix)
    assert of_matrix.detail["matrix"]["meaning"] == "the matrix of these float64 numbers exactly"


def test_which_matrix_is_meant() -> None:
    plain, single = np.diag([1.0, 2.0, 3.0]), np.float32(0.1) * np.eye(3, dtype=np.float32)
    skew = plain + 1e-3
    skew[0, 1] = np.nextafter(skew[0, 1], 1)
    told = {
        "the matrix of these float64 numbers exactly": plain,
        "the matrix of these float32 numbers exactly": single,
        "the matrix of these exact numbers": [["1/3", 0], [0, 1]],
        "the matrix of these numbers exactly": [[1, 0], [0, 1]],
        "every symmetric matrix between lower and upper": (plain, plain + 1),
    }
    for meaning, A in told.items():
        assert given_matrix(A).meaning == meaning
    assert given_matrix(plain, 0.5).meaning == "every symmetric matrix within the radius of these float64 numbers"
    assert given_matrix(skew).meaning.startswith("every symmetric matrix between A and its transpose")
    assert cg.least_eigenvalue(single).contains(Fraction(float(np.float32(0.1))))
    assert given_matrix([[1e308, 0.0], [0.0, 1e308]]).stated[0].tolist() == [[1e308, 0.0], [0.0, 1e308]]


def test_a_nearly_symmetric_matrix_means_both_triangles_and_their_mean() -> None:
    rng = np.random.default_rng(3)
    A = rng.standard_normal((6, 6))
    A = A @ A.T
    A[np.triu_indices(6, 1)] *= 1 + 2.0**-51 * rng.integers(-2, 3, 15)
    found = given_matrix(A)
    low, up = np.tril(A) + np.tril(A, -1).T, np.triu(A) + np.triu(A, 1).T
    for i in range(6):
        for j in range(6):
            mean = (Fraction(A[i, j]) + Fraction(A[j, i])) / 2
            for x in (Fraction(low[i, j]), Fraction(up[i, j]), mean):
                assert abs(x - Fraction(found.matrix.mid[i, j])) <= Fraction(found.matrix.radius(i, j))
    assert not found.exact
    assert cg.certify(A, at_least=0).scope == "every symmetric matrix within the radii"


@pytest.mark.parametrize(
    ("A", "sentence"),
    [
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "A[0, 1] = 2.0, A[1, 0] = 3.0: the two triangles are different matrices"),
        ([[1, "1.000000000000000000001"], ["1e-400", 1]], "A[1, 0] = about 1e-400, A[0, 1] = about 1.0"),
        (np.array([[1.0, 2.0], [2.0001, 4.0]]), "A[1, 0] = 2.0001: give (A + A.T) / 2"),
        (np.array([[1.0, 0.0], [3.0, 4.0]]), "it is lower triangular: if its mirror image is meant, give A + A.T"),
        (np.array([[1.0, 2.0], [0.0, 4.0]]), "if it is a Cholesky factor, A.T @ A"),
        ([["1/3", 1], [2, 1]], "A is not symmetric: A[1, 0] = 2, A[0, 1] = 1: exact numbers must agree"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "A[0, 1] is nan: give a matrix of finite numbers"),
        (np.array([[1.0, np.inf], [np.inf, 1.0]]), "A[0, 1] is inf: give a matrix of finite numbers"),
        (1j * np.eye(2), "A is complex: give a real symmetric matrix"),
        (np.eye(2) > 0, "A is made of truth values"),
        ([[2, True], [True, 2]], "A is made of truth values"),
        (np.array([[np.True_, 0], [0, 1]], dtype=object), "A is made of truth values"),
        ([[10**5000, 0], [0, 1]], "A: row 0 has a number of more than 4000 digits"),
        (([[10**400]], [[1]]), "entry (0, 0) would be at least 1e+400 and at most 1."),
        ([[1, 10**400], [0, 1]], "A[1, 0] = 0, A[0, 1] = about 1e+400: exact numbers must agree"),
        (([[10**400, 0], [0, 1]], [[10**401, 0], [0, 1]]), "A has numbers beyond the range of float64"),
        ((np.full((3, 3), -1.7e308), np.full((3, 3), 1.7e308)), "the radii are too large"),
        (np.zeros((0, 0)), "A has the shape (0, 0): give a square matrix"),
        (np.zeros((2, 3)), "A has the shape (2, 3): give a square matrix"),
        (5, "A has the shape (): give a square matrix"),
        ("K.npy", "a text ('K.npy')"),
        ([[1, 2], [3]], "rows differ in length"),
        (np.array([[object(), 1], [1, 2]]), "an entry of type object"),
        ([[1, "one"], ["one", 1]], "'one' is not a number"),
        ((np.ones((2, 2)), np.zeros((2, 2))), "no symmetric matrix lies between lower and upper: entry (0, 0)"),
        ((np.ones((2, 2)), np.ones((3, 3))), "lower has the shape (2, 2), upper (3, 3)"),
    ],
)
def test_what_is_no_symmetric_matrix_is_one_sentence(A: object, sentence: str) -> None:
    for function in (cg.certify, cg.least_eigenvalue, cg.least_jitter, cg.diagnose):
        with pytest.raises(cg.SpecError) as error:
            function(A)
        assert sentence in str(error.value)
        assert str(error.value).startswith(f"{function.__name__}: ")


@pytest.mark.parametrize(
    "radius", [-1, np.nan, "x", np.ones((3, 3)), [[1, 2], [3]], 1j, None, np.full((2, 2), -1.0), True]
)
def test_what_is_no_radius_is_one_sentence(radius: object) -> None:
    with pytest.raises(cg.SpecError, match="radius"):
        cg.certify(np.eye(2), radius=radius)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32), st.sampled_from(["exact", "dyadic", "interval"]), st.integers(1, 9))
def test_verdicts_agree_with_exact_elimination(n: int, seed: int, kind: str, q: int) -> None:
    """Sylvester's law over the rationals says how many eigenvalues are below the bound."""
    rng = np.random.default_rng(seed)
    B = rng.integers(-4, 5, (n, n))
    whole = B @ B.T + rng.integers(-3, 4) * np.eye(n, dtype=int)
    bound = Fraction(int(rng.integers(-8, 9)), 4)
    A = [[Fraction(int(x), q) for x in row] for row in whole]
    spectrum = exact_spectrum(cg.BallMatrix(whole.astype(np.float64), 0.0))
    assert spectrum is not None
    kept = spectrum.below(bound * q)[0] == 0
    given_ = {"exact": A, "dyadic": whole / 1.0, "interval": (A, A)}[kind]
    scale = q if kind == "dyadic" else 1
    verdict = cg.certify(given_, at_least=bound * scale).verdict
    if kind == "interval" and q not in (1, 2, 4, 8):  # its ends are rounded outwards, so that equality stays open
        assert verdict is not (cg.Verdict.REFUTED if kept else cg.Verdict.PROVED)
    else:
        assert verdict is (cg.Verdict.PROVED if kept else cg.Verdict.REFUTED)


def test_equal_and_opposite_rows_are_singular_exactly() -> None:
    X = np.random.default_rng(1).standard_normal((150, 5))
    X[7] = X[3]
    K = gaussian(X)
    K[7], K[:, 7] = K[3], K[:, 3]
    found = cg.certify(K)
    assert (found.verdict.name, found.lower, found.upper) == ("REFUTED", 0.0, 0.0)
    assert cg.certify(K, at_least=0).verdict is cg.Verdict.PROVED
    signs = np.ones(150)
    signs[7] = -1
    opposite = signs[:, None] * K * signs
    assert (cg.least_eigenvalue(opposite).lower, cg.least_eigenvalue(opposite).upper) == (0.0, 0.0)
    K[7, 7] = K[3, 3] = K[3, 7] = K[7, 3] = 0.5  # equal rows still, and indefinite
    assert cg.certify(K).upper is not None
    assert cg.certify(K).verdict is cg.Verdict.REFUTED


def test_a_population_gram_has_its_own_radius_and_a_strict_question() -> None:
    K = cg.population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh")
    with pytest.raises(cg.SpecError, match="leave out radius"):
        cg.certify(K, radius=1e-3)
    assert repr(cg.certify(K)).startswith("Certificate(kernel.least-eigenvalue, deq-general, tanh, sigma_w2=")
    same = cg.population_gram("deq-general", [[1.0, 0.0], [1.0, 0.0]], activation="tanh")
    assert cg.certify(same).verdict is cg.Verdict.REFUTED


def test_a_matrix_of_many_rows_that_is_singular_up_to_rounding_is_refuted_by_one_vector() -> None:
    x = np.arange(400) / 399
    found = cg.certify(np.exp(-((x[:, None] - x) ** 2) / 2))
    assert found.verdict is cg.Verdict.REFUTED
    assert found.upper is not None
    assert -1e-14 < found.upper < 0
    assert "quotient in balls" in found.method
    assert cg.certify(np.exp(-((x[:, None] - x) ** 2) / 2) + 1e-9 * np.eye(400)).verdict is cg.Verdict.PROVED


def test_numbers_near_the_ends_of_float64_and_beyond(tmp_path: Path) -> None:
    """What is taken is enclosed, told and saved; a certificate that would state an infinite end has no proof."""
    two = cg.certify([["1e-2500", 0], [0, 1]])
    assert (two.verdict.name, two.lower, two.upper) == ("PROVED", 0.0, 5e-324)
    k = cg.kernel("gaussian", scale="1/100")
    assert cg.certify(k([[0], ["3/2"]])).verdict is cg.Verdict.PROVED
    assert len(given_matrix(k([[0], ["3/2"]]).matrix).digest) == 64  # entries of more than 4300 digits
    wide = cg.least_eigenvalue(np.eye(3), radius=1.7e308)
    assert (wide.lower, wide.upper) == (-np.inf, float(np.nextafter(1.7e308, np.inf)))
    for A, least in (
        (np.diag([1e200, 1.0, 1e-200]), 1e-200),
        (np.array([[1.0, 1e308, 0.0], [1e308, 1.0, 0.0], [0.0, 0.0, 1e-320]]), -1e308),
        (np.diag([1e308, 1.0, 1e-308, 3.0]) + 1e-320, 1e-308),
    ):
        found = cg.diagnose(A)
        assert found.eigenvalue.lower <= least <= found.eigenvalue.upper * (1 + 1e-11 * np.sign(least))
        assert str(found)
    assert "beyond the range of float64" in str(cg.diagnose(np.eye(3), radius=6e307))
    huge = cg.certify([[10**400, 0], [0, 10**400 + 1]])
    saved = huge.save(tmp_path / "huge.json")
    assert "beyond the range of float64" in json.loads(saved.read_text())["detail"]["not checkable"]
    assert cg.Certificate.read(saved).upper == np.inf
    assert cg.least_eigenvalue(np.eye(3), relative_width=10**400).contains(1)
    assert cg.least_eigenvalue(np.eye(3), relative_width="1e-400").contains(1)
    with pytest.raises(cg.SpecError, match="-1e-400 is no width"):
        cg.least_eigenvalue(np.eye(3), relative_width="-1e-400")


def test_what_is_saved_of_small_rationals_is_valid_to_the_checker(tmp_path: Path) -> None:
    """The prover factorises them rounded to float64; a bound that forgets the rounding is above what is proved."""
    thirds = [[Fraction(int(i == j), 3) + (Fraction(i, 10**17) if i == j else 0) for j in range(4)] for i in range(4)]
    cases = [[[Fraction(p, q)]] for q in range(2, 14) for p in (1, -1, 7)]
    cases += [[[Fraction(int(i == j), q) for j in range(n)] for i in range(n)] for q in range(3, 20, 4) for n in (3, 7)]
    for k, A in enumerate([thirds, *cases]):
        saved = cg.certify(A).save(tmp_path / f"{k}.json")
        assert str(cg.check(saved)).startswith("VALID"), A


@pytest.mark.parametrize("kind", ["stored", "single", "nearly symmetric", "exact", "interval", "singular", "refuted"])
def test_what_is_saved_is_valid_to_the_checker(tmp_path: Path, kind: str) -> None:
    """The proof that the checker reads is about the matrix that the certificate names, at the bound it states."""
    pytest.importorskip("certigram.numerics.eigenvalues.own_matrix", reason="the checker has no rule yet")
    K = gaussian(np.random.default_rng(0).standard_normal((40, 5)))
    skew = K.copy()
    skew[3, 4] = np.nextafter(skew[3, 4], 1)
    pascal = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 3.0, 6.0]])
    A, radius, bound = {
        "stored": (K, 0, "1e-8"),
        "single": (K.astype(np.float32), 0, None),
        "nearly symmetric": (skew, 0, "1e-8"),
        "exact": ([["1/3", "1/7"], ["1/7", 2]], 0, "1/4"),
        "interval": (pascal, np.full((3, 3), 0.045), None),
        "singular": (np.ones((4, 4)), 0, "0"),
        "refuted": (np.exp(-((LINE[:60, None] - LINE[:60]) ** 2) / 2), 0, None),
    }[kind]
    path = cg.certify(A, radius=radius, at_least=bound).save(tmp_path / "c.json")
    assert cg.check(path).verdict == "VALID"


def test_a_certificate_says_what_it_is_about_also_where_it_is_open() -> None:
    """The depth and the norms of a network, and both ends of what is known where the verdict is UNKNOWN."""
    K = cg.ntk([[1.0, 2.0], [3.0, -1.0]], activation="erf", depth=3, sigma_w2="9/4")
    assert "ntk, erf, depth=3, sigma_w2=9/4, sigma_b2=0, " in repr(cg.certify(K))
    assert "'erf', depth=3, sigma_w2=9/4" in repr(K)
    assert "normalize=None" in repr(K)
    open_ = cg.certify([[2, -1], [-1, 2]], radius=1, at_least="1/2")
    assert f"UNKNOWN lambda_min(A) >= 1/2; proved [{open_.lower!r}, {open_.upper!r}]" in repr(open_)
