"""``python -m certigram`` and the ``certigram`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; ``--version`` answers without importing anything heavy."""
    if sys.argv[1:] == ["--version"]:
        from . import __version__

        print(f"certigram {__version__}")
        return
    from .cli import run

    run()


if __name__ == "__main__":
    main()
