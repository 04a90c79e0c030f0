"""Deployed x observed -> drift. Pure: what was read comes as arguments.

Three sides are told apart. What the files *want* and what is *deployed* may differ: that is not deployed yet, and no
drift. What is deployed and what is *observed* may not: that is drift. CloudFormation's own detection and readers of
esmcfn's own compare; where either finds a difference there is one, and only where somebody could compare all of a
resource is it in sync.

readers      who compares which type, as data
expected     a deployed template with its references resolved
compare      two sides of one resource -> differences
hosting      what an endpoint says besides its properties
judging      what both sides together say of one resource
overwriting  what a deployment would do to what drifted
masking      values as a report may show them
advice       the way back
acceptance   which drift a waiver may accept
"""

from __future__ import annotations

from esmcfn.drift.acceptance import unacceptable
from esmcfn.drift.expected import expected
from esmcfn.drift.judging import Observed, Subject, judge, judge_template, stack_notes, variants_of, wants_tags
from esmcfn.drift.masking import shown
from esmcfn.drift.overwriting import Built, planned_drift
from esmcfn.drift.readers import BUDGET, ENDPOINT, READERS, SCALABLE_TARGET, SECRET, TOPIC

__all__ = [
    "BUDGET",
    "ENDPOINT",
    "READERS",
    "SCALABLE_TARGET",
    "SECRET",
    "TOPIC",
    "Built",
    "Observed",
    "Subject",
    "expected",
    "judge",
    "judge_template",
    "planned_drift",
    "shown",
    "stack_notes",
    "unacceptable",
    "variants_of",
    "wants_tags",
]
