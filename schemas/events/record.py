"""What every record is. A module beside this one holds the records of one family of topics."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What every record is: immutable, and built by field name."""
