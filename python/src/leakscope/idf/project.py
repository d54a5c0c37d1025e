"""What a build of ESP-IDF has left behind."""

from __future__ import annotations

import json
from pathlib import Path


def built_program(build_folder: str | None) -> Path | None:
    """The program's ELF file, by ``project_description.json``; ``None`` if nothing was built there."""
    if build_folder is None:
        return None
    try:
        description = json.loads(Path(build_folder, "project_description.json").read_text("utf-8"))
        elf = Path(build_folder, description["app_elf"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return elf if elf.is_file() else None
