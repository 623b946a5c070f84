"""Writes the commit into what is built: `buildos-box --version --json` tells it."""

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """BUILDOS_BOX_COMMIT, else that of the checkout; without either no file is written."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to a wheel; an installation that runs from its sources has none."""
        commit = os.environ.get("BUILDOS_BOX_COMMIT", "") or self._of_checkout()
        if version == "editable" or not commit:
            return
        file = Path(self.directory) / "commit"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{commit}\n", "utf-8")
        build_data["force_include"][str(file)] = "buildos_box/commit"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take away what `initialize` wrote."""
        (Path(self.directory) / "commit").unlink(missing_ok=True)

    def _of_checkout(self) -> str:
        if not (Path(self.root) / ".git").exists():
            return ""
        asked = ["git", "-C", self.root, "rev-parse", "HEAD"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
