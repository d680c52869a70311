"""Rules over a sheet and the files it describes → findings; one module per subject."""

from micrographia.checks.check import check, rules_reference

__all__ = ["check", "rules_reference"]
