"""Published experiments, run again: what was printed, what comes out here, and the verdict."""
