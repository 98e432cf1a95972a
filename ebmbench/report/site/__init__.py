"""The static site of an output folder: pages that need no server and no network."""
