"""``python -m leakscope``: the command, where the folder of programs is in no search path."""

import sys

from leakscope.command import hand_over
from leakscope.errors import LeakscopeError

if __name__ == "__main__":
    try:
        sys.exit(hand_over(sys.argv[1:]))
    except LeakscopeError as error:
        sys.exit(f"error: {error}")
