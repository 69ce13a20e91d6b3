"""The real servers, as every other process finds them after `up`."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from deploy.local.stack import Stack
from deploy.local.temporal import SEARCH_ATTRIBUTES
from deploy.local.topics import TOPICS


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("servers") / "var", processes={"postgres", "kafka", "temporal"}) as stack:
        yield stack


async def test_a_service_owns_its_schema_and_touches_no_other(stack: Stack) -> None:
    url = urlsplit(stack.environment("intake")["DATABASE_URL"])._replace(scheme="postgresql").geturl()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE paper (code text)")
        assert await connection.fetchval("SELECT schemaname FROM pg_tables WHERE tablename = 'paper'") == "intake"
        for schema in ("payment", "public"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"CREATE TABLE {schema}.paper (code text)")
    finally:
        await connection.close()


async def test_the_declared_topics_exist(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.address("kafka"))
    await admin.start()
    try:
        found = await admin.describe_topics([topic.name for topic in TOPICS])
    finally:
        await admin.close()
    partitions = {topic["topic"]: len(topic["partitions"]) for topic in found}
    assert partitions == {topic.name: topic.partitions for topic in TOPICS}


async def test_temporal_knows_the_search_attributes(stack: Stack) -> None:
    client = await Client.connect(stack.environment("workflows")["TEMPORAL_ADDRESS"])
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)


def test_another_stack_can_stand_on_servers_that_run_elsewhere(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = (stack.root / "secrets/postgres/admin_password").read_text()
    monkeypatch.setenv("DATABASE_ADMIN_URL", f"postgresql://postgres:{password}@{stack.address('postgres')}/postgres")
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.address("temporal"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.address("kafka"))
    with Stack(tmp_path / "guest", processes={"postgres", "kafka", "temporal"}) as guest:
        assert {status.phase for status in guest.status()} == {"outside"}
        assert all(status.healthy for status in guest.status())
        for name in ("postgres", "kafka", "temporal"):
            assert guest.address(name) == stack.address(name)
    assert all(status.healthy for status in stack.status())
