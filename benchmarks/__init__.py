"""What is timed, and against what: see docs/performance.md."""
