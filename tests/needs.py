"""What tests need that no lock brings: without it they are skipped, unless it is known to be here."""

import os
import shutil

EXPECTED = os.environ.get("COMMUNIQUE_BROWSER") == "expected"
"""Whether Chromium and what npm brings are here for sure: then a test that misses one fails."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
