"""Prints the folder for ``IDF_EXTRA_ACTIONS_PATH``, after what is in it already."""

import os
from pathlib import Path

if __name__ == "__main__":
    here = str(Path(__file__).parent)
    others = [path for path in os.environ.get("IDF_EXTRA_ACTIONS_PATH", "").split(";") if path]
    print(";".join([*others, here] if here not in others else others))  # noqa: T201
