"""Who may do what in ClickHouse: roles, grants and row policies, as data and as SQL. Pure.

Analysts read views and nothing else. A view reads its tables with the rights of whoever made it (SQL SECURITY DEFINER), so an
analyst needs no right on a table, and a row policy on every view leaves them the rows of their tenant.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sinks.clickhouse.database.layout import Layout
from sinks.clickhouse.database.views import VIEWS
from sinks.clickhouse.erasure.erasing import BY_BOT, DEAD_LETTERS, quoted
from sinks.clickhouse.mapping.tables import COLUMN_NAMES

SINK = "earshot_sink"
ADMIN = "earshot_admin"
ERASURE_TABLES = ("tombstones", "erasure_receipts")


@dataclass(frozen=True)
class AccessRules:
    """The rules for one database, on one server or a cluster."""

    database: str
    cluster: str = ""

    def sink(self) -> tuple[str, ...]:
        """Rights of the sink: insert, and what erasing takes. It may not create: `earshot clickhouse migrate` does."""
        written = [*COLUMN_NAMES, *ERASURE_TABLES]
        erased = (*BY_BOT, DEAD_LETTERS)
        return (
            *(f"INSERT, SELECT ON {self.database}.{table}" for table in written),
            *(f"SELECT ON {self.database}.{table}" for table in ("turn_latencies", "v_erasures", "schema_migrations")),
            *(f"ALTER DELETE, ALTER UPDATE ON {self.database}.{table}" for table in erased),
        )

    def admin(self) -> tuple[str, ...]:
        return (f"ALL ON {self.database}.*",)

    def analyst(self) -> tuple[str, ...]:
        """Rights of an analyst, who sees in the views what the policies leave."""
        return tuple(f"SELECT ON {self.database}.{view}" for view in VIEWS)


def analyst_of(tenant_id: str) -> str:
    """The role of a tenant's analysts."""
    return f"earshot_analyst_{tenant_id}"


def statements(rules: AccessRules, tenants: Iterable[str]) -> list[str]:
    """Everything, to be run again without harm: roles, grants, and a row policy on each view for each tenant."""
    roles = {SINK: rules.sink(), ADMIN: rules.admin(), **{analyst_of(tenant): rules.analyst() for tenant in tenants}}
    on_cluster = Layout(rules.database, rules.cluster).fill("{on_cluster}")
    made = [f"CREATE ROLE IF NOT EXISTS `{_name(role)}`{on_cluster}" for role in roles]
    granted = [f"GRANT{on_cluster} {right} TO `{_name(role)}`" for role, rights in roles.items() for right in rights]
    views = ", ".join(f"{rules.database}.{view}" for view in VIEWS)
    policy = "CREATE ROW POLICY IF NOT EXISTS `{name}`" + on_cluster + f" ON {views} USING {{rows}} TO {{whom}}"
    limits = [
        policy.format(
            name=_name(analyst_of(tenant)),
            rows=f"tenant_id = {quoted(tenant)}",
            whom=f"`{_name(analyst_of(tenant))}`",
        )
        for tenant in tenants
    ]
    everyone = ", ".join(f"`{_name(role)}`" for role in (SINK, ADMIN))
    return [*made, *granted, *limits, policy.format(name="earshot_all_rows", rows="1", whom=everyone)]


def _name(name: str) -> str:
    """A name between backticks."""
    return name.replace("\\", "\\\\").replace("`", "\\`")
