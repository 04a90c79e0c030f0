"""Which instance types bring disks of their own: those are encrypted in hardware, and with no key of anybody's.

https://docs.aws.amazon.com/sagemaker/latest/dg/host-instance-storage.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/InstanceStorage.html
"""

from __future__ import annotations

_WITH = """
c5d c6gd dl1 g4dn g5 g6 g6e g7 g7e m5d m6gd m7gd p4d p4de p5 p5e p5en p6-b200 p6-b300 p6e-gb200 r5d r6gd r7gd trn1
trn1n trn2
"""
_WITHOUT = """
c4 c5 c6g c6gn c6i c6in c7g c7i c8g inf1 inf2 m4 m5 m6g m6i m7g m7i m8g p2 p3 r5 r6g r6i r7g r7i r8g t2 t3
"""


def own_disks(instance_type: str) -> bool | None:
    """Does "ml.g5.2xlarge" bring disks of its own? None for a family that nobody has written down here."""
    family = instance_type.split(".")[1] if instance_type.count(".") > 1 else ""
    return True if family in _WITH.split() else False if family in _WITHOUT.split() else None
