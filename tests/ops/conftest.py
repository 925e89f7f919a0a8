"""Compiled code of the tests is kept apart from the user's, in a directory that later runs find."""

import os
import tempfile

os.environ.setdefault("TNP_CACHE_DIR", os.path.join(tempfile.gettempdir(), f"tnp-tests-{os.getuid()}"))
