"""Where each objective breaks: one difficulty at a time, from harmless to hopeless."""
