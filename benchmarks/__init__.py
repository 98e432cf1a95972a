"""What is timed, and against what: see README.md in this folder."""
