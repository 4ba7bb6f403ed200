"""``python -m certigram`` and the ``certigram`` command."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from .streams import OutputLost, give_up, prepare
from .supervision import INTERRUPTED, supervise


def main() -> None:
    """Run the command line; ``--version`` answers without importing anything heavy."""
    prepare()
    try:
        if sys.argv[1:] == ["--version"]:
            from . import __version__

            print(f"certigram {__version__}", flush=True)
            return
        supervise()
        from .cli import run

        run()
    except OutputLost as lost:
        give_up(lost)
    except KeyboardInterrupt:  # before the command line was there to answer it
        print("certigram: interrupted.", file=sys.stderr)
        _leave()
    except SystemExit as left:
        if left.code == INTERRUPTED:
            _leave()
        raise


def _leave() -> NoReturn:
    """Leave without taking the interpreter apart, which may take a second: everything is said and written."""
    sys.stderr.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
