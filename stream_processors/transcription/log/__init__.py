"""The log: audio read as a member of a group, or again without one; results read back and appended."""
