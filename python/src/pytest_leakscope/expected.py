"""What the marker says, as options of ``leakscope check``.

``max_growth="0B/cycle"`` is ``--max-growth 0B/cycle``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def options(asked: Mapping[str, object]) -> Iterator[str]:
    """Options for the marker's keywords: of ``True`` the bare one, of a list one for each item.

    Which there are is the command's to know: it refuses the others in its own words.
    """
    for name, value in asked.items():
        option = "--" + name.replace("_", "-")
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is True:
                yield option
            elif one is not None and one is not False:
                yield from (option, os.fspath(one) if isinstance(one, os.PathLike) else str(one))
