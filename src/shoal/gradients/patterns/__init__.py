"""Mistakes that a gradient's numbers give away by themselves, without knowing what computed it."""

from .finding import Block as Block
from .finding import Finding as Finding
from .name import name_patterns as name_patterns
