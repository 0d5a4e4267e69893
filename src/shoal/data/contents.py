"""What a format's reader returns: the arrays, and what is known of the files they came from."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.data.dataset import Part


@dataclass(frozen=True, eq=False)
class Contents:
    """Both parts of a published data set, as read.

    `sha256` gives, for each loose file or archive member, the SHA-256 of its contents; `classes` the
    names a file gave, None if there was no such file.
    """

    train: Part
    test: Part
    sha256: dict[str, str]
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
