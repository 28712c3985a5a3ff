"""The doctor: looks at an installation from outside, as its user would, and says what is wrong and what to do."""

from towpath.core.doctor.examination import Doctor
from towpath.core.doctor.findings import Finding, State, is_well
from towpath.core.doctor.settings import DoctorSettings

__all__ = ["Doctor", "DoctorSettings", "Finding", "State", "is_well"]
