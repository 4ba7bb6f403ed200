"""``python -m certigram`` and the ``certigram`` command."""

from __future__ import annotations

import sys

from .streams import OutputLost, give_up, prepare
from .supervision import INTERRUPTED, leave, supervise


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
        leave()
    except SystemExit as left:
        if left.code == INTERRUPTED:
            leave()
        raise


if __name__ == "__main__":
    main()
