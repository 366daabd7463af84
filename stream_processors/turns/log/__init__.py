"""The log beside the group: turns written, snapshots kept, and how far behind this worker is."""
