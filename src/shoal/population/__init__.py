"""Many networks trained as one compiled program."""
