"""What derivations cost: GELU, arc-cosine of order 2 and erf from a cold start, and the check of the whole book.

A cold start is a new process: interpreter, imports, derivation, exact proofs and enclosures of every line, and the
LaTeX document. The bounds are 20 s of CPU time for each of the three, and 5 minutes on 2 cores for the book.

    python benchmarks/derivations_from_cold_start.py [--book]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

SINGLE = {"GELU": "gelu", "arc-cosine order 2": "x**2*Heaviside(x)", "erf": "erf"}
LIMIT, BOOK_LIMIT = 20.0, 300.0
DERIVE = "import certigram as cg; found = cg.derive({name!r}); assert found.check().derived; found.latex()"
BOOK = "from certigram.reports.derivations.book import book; book()"


def cold(code: str) -> tuple[float, float]:
    """CPU and wall-clock seconds of a new interpreter that runs the code."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - start


def main() -> int:
    slow = []
    jobs = [(title, DERIVE.format(name=name), LIMIT) for title, name in SINGLE.items()]
    if "--book" in sys.argv[1:]:
        jobs.append(("the whole book", BOOK, BOOK_LIMIT))
    for title, code, limit in jobs:
        cpu, wall = cold(code)
        slow += [title] if cpu > limit else []
        print(f"{title:20} {cpu:7.2f} s CPU {wall:7.2f} s wall   (at most {limit:.0f} s)")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
