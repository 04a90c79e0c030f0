"""How many GPUs an instance type has: CloudWatch counts their load up to 100 each, so a percentage needs them.

https://aws.amazon.com/ec2/instance-types/accelerated-computing/
"""

from __future__ import annotations

_SEVERAL = {
    4: "g4dn.12xlarge g5.12xlarge g5.24xlarge g6.12xlarge g6.24xlarge g6e.12xlarge g6e.24xlarge p3.8xlarge",
    8: (
        "g5.48xlarge g6.48xlarge g6e.48xlarge p2.8xlarge p3.16xlarge p4d.24xlarge p4de.24xlarge p5.48xlarge "
        "p5e.48xlarge p5en.48xlarge p6-b200.48xlarge"
    ),
    16: "p2.16xlarge",
}
_ONE = (
    "g4dn.xlarge g4dn.2xlarge g4dn.4xlarge g4dn.8xlarge g4dn.16xlarge "
    "g5.xlarge g5.2xlarge g5.4xlarge g5.8xlarge g5.16xlarge "
    "g6.xlarge g6.2xlarge g6.4xlarge g6.8xlarge g6.16xlarge "
    "g6e.xlarge g6e.2xlarge g6e.4xlarge g6e.8xlarge g6e.16xlarge p2.xlarge p3.2xlarge p5.4xlarge"
)
_COUNTS = {
    **{f"ml.{name}": 1 for name in _ONE.split()},
    **{f"ml.{name}": count for count, names in _SEVERAL.items() for name in names.split()},
}
_FAMILIES_WITHOUT = ("ml.c", "ml.m", "ml.r", "ml.t2.", "ml.t3.")


def gpus(instance_type: str) -> int | None:
    """GPUs of an instance; 0 for families that have none, None where nobody has written it down here."""
    if instance_type in _COUNTS:
        return _COUNTS[instance_type]
    return 0 if instance_type.startswith(_FAMILIES_WITHOUT) else None
