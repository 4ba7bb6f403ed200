"""Change every constant and factor of the formulas, and print or write down (``--write``) what nothing notices."""

from __future__ import annotations

import argparse
from pathlib import Path

from .formulas import ROOMS
from .search import Search, shown
from .table import state, table


def main() -> None:
    """Search the papers that are named, or all; print what is not guarded, or write the table of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.negative.formula_mutants", description=__doc__)
    parser.add_argument("papers", nargs="*", choices=[room.name for room in ROOMS], metavar="PAPER")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table of all papers")
    given = parser.parse_args()
    everything = {}
    for room in ROOMS:
        if given.write or not given.papers or room.name in given.papers:
            search = Search(room)
            everything[room.name] = [place for name in search.functions() for place in search.of(name)]
            for place in everything[room.name]:
                if state(place) != "guarded":
                    ends = [f"{shown(f[0])} by {f[1]}" for f in (place.larger, place.smaller) if f is not None]
                    print(f"{state(place)}: {place.key}: {'; '.join(ends) or 'never noticed'}", flush=True)
    if given.write:
        given.write.write_text(table(everything), encoding="utf-8")


if __name__ == "__main__":
    main()
