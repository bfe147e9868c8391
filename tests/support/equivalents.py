"""Guards whose loss alone shows nothing, and why that is right.

Either another guard stands behind (then both are taken away together, and that must be noticed), or nothing can come
to the guard that it would refuse. No line here may stand for a test that is missing.
"""

from collections.abc import Mapping

STANDS_BEHIND: Mapping[str, tuple[str, ...]] = {}
"""By guard, those that stand behind it; they go together, as one mutant."""

NOTHING_COMES: Mapping[str, str] = {}
"""By guard, why nothing that it would refuse can come to it, or why the answer is the same without it."""
