"""Data of the user's own, from files: one file here for each format, and what they share."""

from __future__ import annotations

from shoal.data.files.load import load_own as load_own

__all__ = ["load_own"]
