"""Names nobody has used."""

from uuid import uuid4


def fresh(kind: str) -> str:
    return f"{kind}_{uuid4().hex[:12]}"
