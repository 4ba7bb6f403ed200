"""One certificate, from its file to its verdict: what is proved, and the record around it (Format)."""

import json
from fractions import Fraction
from math import inf, nextafter
from pathlib import Path
from typing import Any

from .activations import NAMES, parse
from .kernels import KINDS, Subject, arrays_of
from .sidecar import arrays
from .spectrum import spectrum
from .verdicts import INVALID, UNSUPPORTED, VALID, Check, Stop, fraction, printable, require

FORMATS = {"certigram-proof/1": ["equilibrium"], "certigram-proof/2": ["matrix", "radial", "arc-cosine", "expression"]}
KERNEL, MAX_FILE = "kernel.least-eigenvalue", 1 << 22
RECORDS = {"certigram-certificate/1": set(), "certigram-certificate/2": {"argument", "scope", "sharpness"}}
RECORD = {"format", "claim", "system", "activation", "verdict", "method", "lower", "upper", "margin", "seconds"}
RECORD |= {"reason", "hypotheses", "evidence", "detail", "proof", "prover", "digest"}
PROOF = {"format", "system", "statement", "data", "kernel", "witness"}


def terms(label: str) -> Any:
    """The terms of the activations of a label, layer by layer: the order of a sum does not matter."""
    try:
        return [sorted(parse(NAMES.get(one, one))[0]) for one in label.split(", ")]
    except Stop:
        return label


def agree(document: Any, proof: Any, about: Subject, low: Fraction, high: Fraction, bound: Fraction) -> None:
    """The record around the proof must say the same as the proof: names, data, parameters, bounds and verdict."""
    said, detail, data = proof["statement"], document["detail"], proof["data"]
    label, verdict, own = document["activation"], document["verdict"], f"{document['system']}.least-eigenvalue"
    decided = document["format"] == min(RECORDS) or {"PROVED": low > 0, "REFUTED": high <= 0}.get(verdict, True)
    single = {"matrix": [own], "nngp": [KERNEL], "ntk": [KERNEL]}  # systems without a claim of a study
    names = single.get(document["system"], [KERNEL, own][: 1 + decided])  # the last says that it is > 0
    require(document["claim"] in names, "claim", f"not {names[0]}, nor {own} if that follows")
    same = label == about.label or (
        document["system"] not in ("kernel", "matrix") and terms(label) == terms(about.label)
    )
    require(same, "activation", "not the one of the proof")
    for key in ("n", "d", "normalize", "sha256"):
        told = detail.get("data", {}).get(key, data.get(key))
        require(repr(told) == repr(data.get(key)), f"detail.data.{key}", "not the one of the proof")
    words = {
        "statement": f"lambda_min({about.symbol}) {said['relation']} {said['bound']}",
        "quantity": "least eigenvalue",
    }
    against = "WRITTEN" if verdict == "REFUTED" and document.get("argument") == "WRITTEN" else "DIRECT"
    words |= {"argument": against, "scope": about.scope}
    for key, right in (words | {"sharpness": None}).items():
        require(detail.get(key, right) == right == document.get(key, right), key, "not the one of the proof")
    for key, right in about.parameters.items():
        told = detail.get("parameters", {}).get(key, right)
        require(repr(told) == repr(right), "detail.parameters", "not the one of the proof")
    parts = [("", document), *((f"evidence[{k}].values.", e["values"]) for k, e in enumerate(document["evidence"]))]
    floats = [(place + key, part.get(key), x) for place, part in parts for key, x in (("lower", low), ("upper", high))]
    for line, text, end in [*floats, ("margin", document["margin"], low - bound)]:
        spare = (end - Fraction(float(text or 0))) * (-1 if line.endswith("upper") else 1)
        require(text is None or (spare >= 0 and repr(float(text)) == text), line, "beyond the statement, or no float")
    proved, refuted = {">": (low > bound, high <= bound), ">=": (low >= bound, high < bound)}[said["relation"]]
    require({"PROVED": proved, "REFUTED": refuted, "UNKNOWN": True}[verdict], "verdict", "does not follow")
    require(verdict != "PROVED" or all(h["verdict"] == "PROVED" for h in document["hypotheses"]), "hypotheses", "open")
    for key, sign, end in (("lower", 1, high), ("upper", -1, low)):
        text = document.get("prover", {}).get(key)
        require(text is None or sign * Fraction(float(text)) <= sign * end, f"prover.{key}", "contradicts the proof")


def verify(document: Any, path: Path, accelerate: bool) -> str:
    """The statement that is proved; :class:`Stop` where it is not, or where the record around it says more."""
    require(isinstance(document, dict), "format", "not a JSON object")
    require(document["format"] in list(RECORDS), "format", "not of this version", UNSUPPORTED)
    require(set(document) - RECORD == RECORDS[document["format"]], "format", "not the keys of its version")
    proof = document.get("proof")
    require(proof is not None, "proof", "the certificate carries no proof", UNSUPPORTED)
    require(isinstance(proof, dict) and proof["format"] in list(FORMATS), "proof", "not of this version", UNSUPPORTED)
    require(set(proof) == PROOF, "proof", "not the keys of this version")
    kernel, said, data, witness = proof["kernel"], proof["statement"], proof["data"], proof["witness"]
    require(proof["system"] == document["system"], "proof.system", "not the one of the record")
    kind = kernel["kind"] if proof["format"] == "certigram-proof/2" else "equilibrium"
    require(kind in FORMATS[proof["format"]], "proof.kernel.kind", "no rule for this kind", UNSUPPORTED)
    proper = set(kernel) <= KINDS[kind].kernel and set(data) <= KINDS[kind].data
    require(proper, "proof.kernel", "a key that belongs to no proof of this kind")
    found = arrays(path.with_suffix(".npz"), arrays_of(proof))
    about = KINDS[kind].subject(proof, found, accelerate)
    way = witness["kind"]
    require(way == "factor" or way in about.others, "proof.witness.kind", "no witness of such a matrix")
    ends = spectrum(witness, found, about.n, about.make, accelerate) if way == "factor" else about.others[way](witness)
    low, high, bound = (fraction(said[key], f"proof.statement.{key}") for key in ("lower", "upper", "bound"))
    require(low <= ends[0], "proof.statement.lower", "above what is proved")
    require(ends[1] <= high, "proof.statement.upper", "below what is proved")
    agree(document, proof, about, low, high, bound)
    a, b = (float(x) if Fraction(float(x)) == x else nextafter(float(x), way) for x, way in ((low, -inf), (high, inf)))
    claimed = f"{document['verdict']} lambda_min({about.symbol}) {said['relation']} {said['bound']}"
    return f"{claimed}; {a} <= least eigenvalue <= {b}; {proof['system']}, {about.about} {data['sha256'][:16]}"


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key occurs twice."""
    require(len(dict(pairs)) == len(pairs), "format", "a key occurs twice")
    return dict(pairs)


def check(path: str | Path, *, accelerate: bool = True) -> Check:
    """Check one certificate, hostile or not; ``accelerate`` allows flint for exact integer products."""
    path = Path(path)
    try:
        require(path.is_file(), "file", "not a regular file")
        require(path.stat().st_size <= MAX_FILE, "file", "too long", UNSUPPORTED)
        read = json.JSONDecoder(parse_float=str, object_pairs_hook=once).decode
        return Check(VALID, str(path), "", verify(read(path.read_text("utf-8")), path, accelerate))
    except Stop as stop:
        return Check(stop.args[0], str(path), stop.args[1], printable(stop.args[2]))
    except MemoryError:
        return Check(UNSUPPORTED, str(path), "file", "not enough memory to check it")
    except Exception as error:  # whatever a malformed file runs into, it proves nothing
        return Check(INVALID, str(path), "format", printable(f"{type(error).__name__}: {str(error)[:200]}"))
