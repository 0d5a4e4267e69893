"""The mistakes that a study is refused with, and how every refusal reads."""

import pytest

from shoal.errors import StudyError
from small_studies import small_study

NOTHING_RAN = "\n  -> Nothing was run."
PYDANTIC = (
    "Input should",
    "unable to",
    "Unable to",
    "discriminator",
    "Value error",
    "tuple",
    "dict",
    "pydantic",
)


def told(**tables) -> list[str]:
    """The mistakes that a study is refused with, one a line."""
    with pytest.raises(StudyError) as refusal:
        small_study(**tables)
    text = str(refusal.value)
    assert text.endswith(NOTHING_RAN)
    assert not any(word in text for word in PYDANTIC)
    title, *lines = text.removesuffix(NOTHING_RAN).split("\n  ")
    many = len(lines)
    assert title == ("The study has a mistake:" if many == 1 else f"The study has {many} mistakes:")
    return lines
