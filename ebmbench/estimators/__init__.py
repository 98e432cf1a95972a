"""Normalised references, given the form of an energy: what scikit-learn has, and a flow."""
