"""Every estimator of ``log Z`` against models whose ``log Z`` is known, over repeats.

``python -m ebmbench.studies.validation --out results/validation`` measures and writes; the
statistical tests assert on the same cases with fewer repeats.
"""
