"""Comparing maps: shape index → superposition → FSC → difference → trace to raw data."""
