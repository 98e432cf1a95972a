"""Faults at random moments: what they lose, tear, repeat, and whether they end in a sentence."""
