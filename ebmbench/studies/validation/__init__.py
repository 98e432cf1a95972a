"""Every estimator of ``log Z`` against models whose ``log Z`` is known, over repeats.

``ebmbench study validate`` measures and writes; the statistical tests assert on the same cases
with fewer repeats.
"""
