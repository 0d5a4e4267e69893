"""Five published course reports, run again: every figure beside ours, every sentence decided by a test."""
