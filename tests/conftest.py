"""What holds for all tests."""

import os

# Before PyTorch is imported: two tests at once, each with a thread a core, would wait for each
# other most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
