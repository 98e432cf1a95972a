"""The search for settings: equal trials for every method, on rows that no board is made of."""
