"""Fills an archive with example entries: simulated data whose truth is known, deposited through the same verbs as anybody's."""

from micrographia.demo.fill import fill_demo

__all__ = ["fill_demo"]
