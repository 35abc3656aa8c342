"""Holdfast beside other servers, in one run on one machine: docs/benchmarks.md says what is measured and how."""
