"""Which ClickHouse the files of schemas/clickhouse are written for: one server or a cluster, and how old. Pure.

The files are SQL with blanks: some phrases that several views share, and what differs between servers. On a single server
`{on_cluster}` and `{replicated}` are empty; a cluster is one shard of any number of replicas whose servers know a
`default_replica_path`.
"""

from dataclasses import dataclass

from sinks.clickhouse.erasure.erasing import GONE

TEXT_INDEX_SINCE = (26, 2)
DEDUPLICATION_BLOCKS = 10_000
DEDUPLICATION_S = 7 * 24 * 3600
TEXT_INDEX = "text TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(text))"
TOKEN_FILTER = "lower(text) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1"  # noqa: S105, an index
PHRASES = {
    "{settled}": """state = 'end_of_turn'
    AND (tenant_id, bot_id, '') NOT IN {gone}
    AND (tenant_id, bot_id, participant_id) NOT IN {gone}
    AND (tenant_id, bot_id, turn_id) NOT IN {gone}""",
    "{gone}": GONE,
}
HAS_WORDS = "hasAllTokens(text, {phrase:String})"
LIKE_PHRASE = "lower(text) LIKE concat('%', lower({phrase:String}), '%')"
SMALL_GRANULES = ", index_granularity = 1024"
SINGLE_SERVER = {
    "{on_cluster}": "",
    "{replicated}": "",
    "{deduplication_window}": f"non_replicated_deduplication_window = {DEDUPLICATION_BLOCKS}",
}


@dataclass(frozen=True)
class Layout:
    """One ClickHouse: our database in it, its cluster's name (empty: a single server), and the version that answers."""

    database: str
    cluster: str = ""
    version: tuple[int, int] = TEXT_INDEX_SINCE

    def fill(self, text: str) -> str:
        """The SQL of `text` for this ClickHouse."""
        blanks = {
            **PHRASES,
            **(self._cluster() if self.cluster else SINGLE_SERVER),
            **self._index(),
            "{small_granules}": SMALL_GRANULES,
            "{database}": self.database,
        }
        return _filled(text, blanks)

    def _cluster(self) -> dict[str, str]:
        window = f"replicated_deduplication_window = {DEDUPLICATION_BLOCKS}"
        seconds = f"replicated_deduplication_window_seconds = {DEDUPLICATION_S}"
        return {
            "{on_cluster}": f" ON CLUSTER `{self.cluster}`",
            "{replicated}": "Replicated",
            "{deduplication_window}": f"{window}, {seconds}",
        }

    def _index(self) -> dict[str, str]:
        """Full text has an index of its own since 26.2; before, a filter of its words."""
        modern = self.version >= TEXT_INDEX_SINCE
        return {
            "{text_index}": TEXT_INDEX if modern else TOKEN_FILTER,
            "{may_hold_phrase}": HAS_WORDS if modern else LIKE_PHRASE,
        }


def canonical(text: str) -> str:
    """What a file is known by: as a single server gets it, before the database's name is put in.

    The phrases are part of it, so a definition that changes is a file that changed. How finely a table is read is left out: it
    changes no answer, and a table keeps what it was made with.
    """
    return _filled(text, {**PHRASES, **SINGLE_SERVER, "{small_granules}": ""})


def version_of(answer: str) -> tuple[int, int]:
    """Year and month of ClickHouse's `version()`, such as 24.8.14.39 or 26.7.2.1."""
    year, month = answer.split(".")[:2]
    return int(year), int(month)


def _filled(text: str, blanks: dict[str, str]) -> str:
    for blank, value in blanks.items():
        text = text.replace(blank, value)
    return text
