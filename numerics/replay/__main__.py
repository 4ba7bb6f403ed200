"""``python FOLDER CERTIFICATE ...`` runs the checker, inside its package or copied out of it under any name."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

if not __package__:  # copied out: the files import each other as a package, of which nothing else is a part
    alone = sys.modules["replay"] = ModuleType("replay")
    alone.__path__ = [str(Path(__file__).resolve().parent)]

raise SystemExit(import_module(f"{__package__ or 'replay'}.command").main(sys.argv[1:]))
