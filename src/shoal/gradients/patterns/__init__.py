"""Mistakes that a gradient's numbers give away by themselves, without knowing what computed it."""

from shoal.gradients.patterns.find import name_patterns as name_patterns
from shoal.gradients.patterns.finding import Block as Block
from shoal.gradients.patterns.finding import Finding as Finding
