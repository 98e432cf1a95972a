"""Normalised references from scikit-learn, given the form of an energy."""
