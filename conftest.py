"""Layout guard: packages are reached as certigram.*, never through their folders."""

from pathlib import Path

collect_ignore = ["theory", "numerics", "reports"]

for name in collect_ignore:
    if not (Path(__file__).parent / "certigram" / name).is_dir():
        raise RuntimeError(
            f"certigram/{name} is not a link to {name}/. On Windows, enable Developer Mode and run "
            "`git config core.symlinks true && git checkout -- certigram`."
        )
