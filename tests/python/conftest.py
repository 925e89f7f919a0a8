"""What all tests start from."""

import os
import signal
import tempfile

# Compiled code of the tests is kept apart from the user's, in a directory that later runs find.
os.environ.setdefault("TNP_CACHE_DIR", os.path.join(tempfile.gettempdir(), f"tnp-tests-{os.getuid()}"))

# Shells start what runs in the background with Ctrl-C ignored: tests that interrupt a loop would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
