"""A failure here means that the independent checker rejects a true certificate, or is not independent of the prover."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import certigram as cg
from certigram.api import PopulationGram
from certigram.numerics import replay
from certigram.numerics.certificates.checking import Checked
from certigram.numerics.expressions.checkable import checkable_expression
from certigram.numerics.replay.sidecar import arrays
from certigram.theory.activations.activation import activation
from certigram.theory.errors import DerivationGap, SpecError

FOLDER = Path(replay.__file__).parent


def sphere(n: int, d: int = 8) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((n, d))


def gram(name: str, points: object, sigma_w2: str = "1/16", **options: object) -> PopulationGram:
    return cg.population_gram("deq-general", points, activation=name, sigma_w2=sigma_w2, **options)  # type: ignore[arg-type]


def saved(K: PopulationGram, path: Path, bound: str | None = None) -> Path:
    found = cg.least_eigenvalue(K)
    return cg.certify(K, at_least=Fraction(found.lower) * Fraction(9, 10) if bound is None else bound).save(path)


BENT = ["elu", "selu", "celu(1/2)", "softsign", "softsign(2*x)/3", "mish", "hard_tanh", "relu6", "softshrink", "snake"]
SIMPLE = ["tanh", "atan", "erf", "sigmoid", "gelu", "normal_cdf", "softplus", "silu", "sin", "cos", "relu", "abs"]


@pytest.mark.parametrize("name", [*SIMPLE, *BENT, "gaussian", "gaussian(2)", "identity"])
def test_certificates_of_every_known_activation_are_valid(name: str, tmp_path: Path) -> None:
    found = cg.check(saved(gram(name, sphere(12)), tmp_path / "c.json"))
    assert found.verdict == "VALID", found.parts


@pytest.mark.parametrize(
    "name",
    [
        "erf(2*x)/3 - x/5",
        "tanh(x/2) + sigmoid(-x)/3",
        "leaky_relu(1/10)",
        "tanh(x/3) + 1/7",
        "max(x, 0) - x/3",
        "x*exp(-x**2/2)",
        "x*exp(-2*x**2)/2 - atan(x)/3",
    ],
)
def test_sums_of_known_functions_are_valid(name: str, tmp_path: Path) -> None:
    found = cg.check(saved(gram(name, sphere(6)), tmp_path / "c.json"))
    assert found.verdict == "VALID", found.parts


@pytest.mark.parametrize("sigma_w2", ["0", "1/1000000", "1/4", "49/100"])
def test_the_whole_range_of_feedback(sigma_w2: str, tmp_path: Path) -> None:
    found = cg.check(saved(gram("tanh", sphere(8), sigma_w2), tmp_path / "c.json"))
    assert found.verdict == "VALID", found.parts


def test_a_kernel_of_large_mass(tmp_path: Path) -> None:
    """Digits of products of series are as wide as the sums at hand: the least eigenvalue is 1.469e14, not 5.048e14."""
    gram_of_two = [["1", "199/200"], ["199/200", "1"]]
    K = cg.population_gram("deq-general", input_gram=gram_of_two, activation="33554432*sin(11*x/2)", sigma_w2="0")
    path = saved(K, tmp_path / "c.json", "146947677370000")
    found = replay.check(path)
    assert found.verdict == "VALID", found
    low, high = (Fraction(json.loads(path.read_text())["proof"]["statement"][key]) for key in ("lower", "upper"))
    assert low <= Fraction("146947677376121.98") <= high < 146947677376200
    document = json.loads(path.read_text())
    document |= {"lower": None, "upper": None, "margin": None, "evidence": []}
    document["proof"]["statement"]["lower"] = "504802660042450"
    path.write_text(json.dumps(document))
    found = replay.check(path)
    assert (found.verdict, found.line) == ("INVALID", "proof.statement.lower")


@pytest.mark.parametrize("size", [-40, 17, 30])
def test_kept_norms_of_any_size(size: int, tmp_path: Path) -> None:
    exact = np.array([[3.0, 4.0, 0.0], [4.0, -3.0, 0.0], [0.0, 3.0, 4.0]])
    K = gram("relu", np.ldexp(exact, size), normalize=None)
    assert cg.check(saved(K, tmp_path / "c.json")).verdict == "VALID"


def test_flint_changes_nothing(tmp_path: Path) -> None:
    path = saved(gram("gelu", sphere(20)), tmp_path / "c.json")
    assert replay.check(path, accelerate=False) == replay.check(path, accelerate=True)


def test_an_exact_input_gram(tmp_path: Path) -> None:
    K = cg.population_gram(
        "deq-general",
        input_gram=[["2", "1", "1/3"], ["1", "2", "-1/4"], ["1/3", "-1/4", "2"]],
        activation="erf",
        sigma_w2="1/16",
    )
    assert cg.check(saved(K, tmp_path / "c.json")).verdict == "VALID"


def test_one_point(tmp_path: Path) -> None:
    assert cg.check(saved(gram("gelu", [[1.0, 2.0]]), tmp_path / "c.json")).verdict == "VALID"


def test_kept_norms_may_be_equal_or_different(tmp_path: Path) -> None:
    equal = gram("tanh", [[3.0, 4.0], [5.0, 0.0], [0.0, -5.0]], normalize=None)
    assert cg.check(saved(equal, tmp_path / "c.json")).verdict == "VALID"
    unequal = gram("tanh", [[3.0, 4.0], [4.0, 0.0]], normalize=None)
    path = saved(unequal, tmp_path / "d.json")
    assert cg.check(path).verdict == "VALID"
    assert json.loads(path.read_text())["proof"]["kernel"]["kind"] == "expression"  # no power series in the cosine


def test_near_duplicates_take_long_integers(tmp_path: Path) -> None:
    K = gram("gelu", [[1.0, 2.0], [1.0, 2.00000001], [1.0, 1.0]])
    path = saved(K, tmp_path / "c.json")
    assert cg.check(path).verdict == "VALID"
    assert arrays(path.with_suffix(".npz"), {"points", "factor", "vector"})["factor"][0][0] > 1
    document = json.loads(path.read_text())
    assert 0 < document["lower"] < 1e-15


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_near_duplicates_at_1e_9_are_checked(name: str, tmp_path: Path) -> None:
    points = np.random.default_rng(0).standard_normal((6, 5))
    points[1] = points[0]
    points[1, 0] += 1e-9
    path = saved(gram(name, points), tmp_path / "c.json")
    found = cg.check(path)
    assert found.verdict == "VALID", found.parts
    assert 1e-19 < json.loads(path.read_text())["lower"] < 1e-18


def test_the_gaussian_kernel_below_the_range_of_float64_relative_to_its_entries(tmp_path: Path) -> None:
    """On 30 points of a line the least eigenvalue is 4.44e-71; the integers have as many digits as that asks for."""
    points = np.arange(30)[:, None] / 29
    K = cg.population_gram("resnet-rkhs", points, kernel="gaussian", scale=1, normalize=None)
    path = saved(K, tmp_path / "c.json")
    found = cg.check(path)
    assert found.verdict == "VALID", found.parts
    document = json.loads(path.read_text())
    assert 4e-71 < document["lower"] < document["upper"] < 4.5e-71


@pytest.mark.parametrize("name", ["gaussian", "matern-3/2", "matern-17/2"])
@pytest.mark.parametrize("scale", ["1", "3/2"])
def test_kernels_by_name_are_checked_under_the_name_that_makes_them(name: str, scale: str, tmp_path: Path) -> None:
    k = cg.kernel(name, scale=scale)
    path = saved(k(sphere(12)), tmp_path / "c.json")
    found = cg.check(path)
    assert found.verdict == "VALID", found.parts
    text = path.read_text()
    assert json.loads(text)["activation"] == repr(k)
    path.write_text(text.replace(repr(k), repr(cg.kernel(name, scale=2))))
    assert cg.check(path).verdict == "INVALID"


def test_repeated_points_refute_a_kernel_by_name_exactly(tmp_path: Path) -> None:
    found = cg.certify(cg.kernel("gaussian")([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    assert found.verdict is cg.Verdict.REFUTED
    assert cg.check(found.save(tmp_path / "c.json")).verdict == "VALID"


def test_points_that_a_kernel_sees_rescaled_are_those_of_the_certificate(tmp_path: Path) -> None:
    K = cg.population_gram("resnet-rkhs", sphere(5), kernel="matern-5/2")
    document = json.loads(saved(K, tmp_path / "c.json").read_text())
    seen, given = document["detail"]["data"], document["detail"]["data that were given"]
    assert (seen["normalize"], given["normalize"]) == (None, "sphere")
    assert seen["sha256"] == document["proof"]["data"]["sha256"] != given["sha256"]
    assert "rounded to binary64" in seen["description"]


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("gelu", [[1.0, 2.0], [2.0, 4.0], [1.0, 1.0]]),
        ("tanh", [[1.0, 2.0], [-3.0, -6.0], [1.0, 1.0]]),
        ("x/2 + 1", [[1.0, 2.0], [1.0, 3.0], [1.0, 1.0], [2.0, 1.0]]),
    ],
)
def test_singular_matrices(name: str, points: list[list[float]], tmp_path: Path) -> None:
    certificate = cg.certify(gram(name, points), at_least="1/1000")
    assert certificate.verdict is cg.Verdict.REFUTED
    assert cg.check(certificate.save(tmp_path / "c.json")).verdict == "VALID"


def test_a_refuted_bound(tmp_path: Path) -> None:
    K = gram("tanh", sphere(6))
    certificate = cg.certify(K, at_least=Fraction(cg.least_eigenvalue(K).upper) * 2)
    assert certificate.verdict is cg.Verdict.REFUTED
    assert cg.check(certificate.save(tmp_path / "c.json")).verdict == "VALID"


def test_what_has_no_rule_is_unsupported_and_says_so(tmp_path: Path) -> None:
    path = saved(gram("gelu_tanh", sphere(5)), tmp_path / "c.json")
    assert "no rule" in json.loads(path.read_text())["detail"]["not checkable"]
    assert cg.check(path).verdict == "UNSUPPORTED"
    with pytest.raises(DerivationGap, match="no rule"):
        checkable_expression(activation("hard_swish").expression)


def test_a_folder(tmp_path: Path) -> None:
    saved(gram("tanh", sphere(4)), tmp_path / "good.json")
    saved(gram("gelu_tanh", sphere(4)), tmp_path / "other.json")
    found = cg.check(tmp_path)
    assert isinstance(found, Checked)
    assert (found.verdict, found.count("VALID"), found.count("UNSUPPORTED")) == ("VALID", 1, 1)
    with pytest.raises(TypeError, match="three outcomes"):
        bool(found)
    with pytest.raises(SpecError, match="no certificate"):
        cg.check(tmp_path / "nothing.json")


def test_the_checker_is_a_short_folder_of_the_standard_library() -> None:
    """Its files import the standard library and each other, absolutely and relatively, and nothing that runs text."""
    files = {file.stem: file.read_text() for file in FOLDER.glob("*.py")}
    assert {path.name for path in FOLDER.iterdir()} <= {"__pycache__", *(f"{name}.py" for name in files)}
    assert sum(len(text.splitlines()) for text in files.values()) <= 2600
    assert not set(files) & set(sys.stdlib_module_names)  # copied out, the folder is the first place of modules
    imported: set[str] = set()
    for node in (node for text in files.values() for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert (node.level, node.module in files) == (1, True), ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec", "compile", "open", "input")
            if node.func.id == "__import__":
                assert ast.unparse(node) == "__import__('flint')"
            if node.func.id == "import_module":
                written = ast.parse("import_module(f\"{__package__ or 'replay'}.command\")", mode="eval").body
                assert ast.dump(node) == ast.dump(written)
    assert imported <= set(sys.stdlib_module_names) - {"pickle", "marshal", "subprocess", "os"}


def test_the_import_contract_names_whatever_else_there_is() -> None:
    """Every package and module beside the checker, and every dependency: what is forgotten there could be imported."""
    root = Path(__file__).parents[2]
    if not (root / "pyproject.toml").is_file():
        pytest.skip("this is an installed package: there is no contract to read")
    project = tomllib.loads((root / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = (found for found in contracts if found["name"] == "the checker stands alone")
    assert contract["source_modules"] == ["certigram.numerics.replay"]
    storeys = {"theory", "reports"}  # beside the package, where it was not installed
    house = {f"certigram.{name}" for name in (siblings(Path(cg.__file__).parent) | storeys) - {"numerics"}}
    house |= {f"certigram.numerics.{name}" for name in siblings(FOLDER.parent) - {"replay"}}
    called = {"python-flint": "flint", "scikit-learn": "sklearn"}
    depends = {re.split(r"[^\w-]", text)[0] for text in project["project"]["dependencies"]}
    assert set(contract["forbidden_modules"]) == house | {called.get(name, name) for name in depends}


def siblings(folder: Path) -> set[str]:
    """The modules and packages in a package."""
    found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    return found - {"__init__", "__main__"}


def test_every_label_of_the_sources_stands_in_the_format() -> None:
    document = Path(__file__).parents[2] / "docs" / "certificate-format.md"
    if not document.is_file():
        pytest.skip("this is an installed package: there are no docs")
    label, text = re.compile(r"\((\d{1,2}\.\d{1,2})\)"), document.read_text()
    there = re.findall(r"\*\*\((\d{1,2}\.\d{1,2})\)", text)
    assert len(there) == len(set(there))
    assert {found for file in FOLDER.glob("*.py") for found in label.findall(file.read_text())} == set(there)
    for file in FOLDER.glob("[a-z]*.py"):
        assert f"`{file.stem}`" in text


@pytest.fixture
def alone(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The folder, copied elsewhere under another name and run by an isolated interpreter without any package."""
    copied = tmp_path / "alone" / "a checker-1.0"
    shutil.copytree(FOLDER, copied, ignore=shutil.ignore_patterns("__pycache__"))

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(copied), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=copied.parent)

    return run


def test_the_checker_works_without_flint_and_without_the_package(
    tmp_path: Path, alone: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = saved(gram("gelu", sphere(6)), tmp_path / "c.json")
    done = alone(path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VALID")
    saved(gram("gelu_tanh", sphere(3)), tmp_path / "unsupported.json")
    done = alone("--exact", tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (3, 2)
    (tmp_path / "z\x1b.json").write_text("[" * 200_000)
    done = alone(tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 3)
    assert "\x1b" not in done.stdout
    for wrong in ([], [tmp_path / "nothing"], ["--help"]):
        done = alone(*wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1


def test_the_checker_alone_refuses_what_was_tampered_with(
    tmp_path: Path, alone: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = saved(gram("tanh", sphere(5)), tmp_path / "c.json")
    document = json.loads(path.read_text())
    document["proof"]["kernel"]["coefficients"][1][0] += "0"
    path.write_text(json.dumps(document))
    done = alone(path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"INVALID     {path} at proof.kernel")


def test_the_checker_is_a_program_inside_the_package_too(tmp_path: Path) -> None:
    path = saved(gram("tanh", sphere(4)), tmp_path / "c.json")
    command = [sys.executable, "-m", "certigram.numerics.replay", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout[:5]) == (0, "", "VALID")


@pytest.mark.parametrize(
    ("name", "points", "bound"),
    [("tanh", sphere(4), "1/1000"), ("gelu", [[1.0, 2.0], [2.0, 4.0]], "1/1000"), ("gelu_tanh", sphere(3), "1/1000")],
)
def test_certificates_follow_their_schema(name: str, points: object, bound: str, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((FOLDER.parent / "certificate.schema.json").read_text())
    document = json.loads(saved(gram(name, points), tmp_path / "c.json", bound).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid(document)
    assert document["verdict"] in ("PROVED", "REFUTED")
    lights = {key: document[key] for key in ("argument", "scope", "sharpness")}
    earlier = {k: v for k, v in document.items() if k not in lights} | {"format": "certigram-certificate/1"}
    assert valid(earlier)
    (item, *_) = document["evidence"]
    other = "WRITTEN" if document["verdict"] == "PROVED" else "CITED"
    for wrong in (
        {"argument": other}, {"argument": "OPEN"}, {"argument": "BELIEVED"}, {"scope": ""}, {"scope": None},
        {"sharpness": [0.5]}, {"sharpness": 0.5}, {"verdict": "ARGUED"}, {"evidence": [{**item, "values": {}}]},
        {"format": "certigram-certificate/1"}, {"format": "certigram-certificate/3"},
    ):  # fmt: skip
        assert not valid({**document, **wrong}), wrong
    for key in lights:
        assert not valid({k: v for k, v in document.items() if k != key}), key
    for wrong in (
        *({k: v} for k, v in lights.items()),
        {"verdict": "ARGUED"},
        {"evidence": [{**item, "kind": "NOTE"}]},
    ):
        assert not valid({**earlier, **wrong}), wrong
    assert valid({**document, "verdict": "ARGUED", "argument": "WRITTEN"})
    document.get("proof", document)["format"] = "certigram-proof/0"
    assert not valid(document)
