"""Kafka of the local stack: one official KRaft broker, from published jars.

Order of search: KAFKA_BOOTSTRAP_SERVERS (a broker that runs elsewhere) → KAFKA_HOME → our cache → Maven.
"""

import asyncio
import base64
import os
import shutil
import signal
import struct
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from deploy.local.cache import REPOSITORY, made, run
from deploy.local.errors import StackError
from deploy.local.health import connects
from deploy.local.progress import Tell
from deploy.local.site import HOST, Site
from deploy.local.topics import TOPICS

OUTSIDE_SETTING = "KAFKA_BOOTSTRAP_SERVERS"
PORTS = ("broker", "controller")
STOP = signal.SIGTERM
_POM = REPOSITORY / "deploy/kafka/pom.xml"
_HINT = "or set KAFKA_BOOTSTRAP_SERVERS to a running broker"
_LOG = "-Dorg.slf4j.simpleLogger"
_JVM = (
    *(
        "-Xms128m",
        "-Xmx384m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xshare:auto",
        "-Djava.awt.headless=true",
    ),
    *(f"{_LOG}.defaultLogLevel=warn", f"{_LOG}.showThreadName=false", f"{_LOG}.showDateTime=true"),
    f"{_LOG}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def find() -> Path:
    """The folder with the broker's jars. Raises: StackError with what to install."""
    if not shutil.which("java"):
        raise StackError(f"Kafka needs Java 17 or newer, which was not found: install a Java runtime, {_HINT}.")
    if home := os.environ.get("KAFKA_HOME"):
        libs = Path(home).resolve() / "libs"
        if not any(libs.glob("kafka_*.jar")):
            raise StackError(f"KAFKA_HOME={home} has no libs/kafka_*.jar.")
        return libs
    return made("kafka", [_POM], "Fetching Kafka (first time only)", _fetch)


def outside_address(setting: str) -> str:
    return setting


def prepare(site: Site) -> None:
    """Writes the settings of this start; formats the log folder the first time, never again."""
    data = site.data("kafka")
    data.mkdir(parents=True, exist_ok=True)
    settings = data / "server.properties"
    settings.write_text("".join(f"{name}={value}\n" for name, value in _settings(site).items()))
    if (data / "log/meta.properties").exists():
        return
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    named = f"--cluster-id={cluster_id}"  # one word: an id may begin with a dash
    format_ = ["kafka.tools.StorageTool", "format", "--ignore-formatted", named, "-c", str(settings)]
    done = subprocess.run([*_java(), *format_], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip()[-300:]}")


def command(site: Site) -> Sequence[str]:
    return [*_java(), "kafka.Kafka", str(site.data("kafka") / "server.properties")]


async def healthy(site: Site) -> bool:
    """Whether the broker answers ApiVersions (key 18, version 0): an open port alone proves nothing.

    A broker that stands elsewhere may want TLS first, so it is only asked for a connection.
    """
    if "kafka" in site.outside:
        return await connects(site.address("kafka"))
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(HOST, site.port("kafka"))
            try:
                writer.write(struct.pack(">i", len(request)) + request)
                _, correlation, error = struct.unpack(">iih", await reader.readexactly(10))
                return (correlation, error) == (1, 0)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False


async def settle(site: Site) -> None:
    """Creates the declared topics that are missing."""
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=site.address("kafka"))
    await admin.start()
    try:
        known = set(await admin.list_topics())
        missing = [
            NewTopic(topic.name, topic.partitions, 1, topic_configs={"retention.ms": str(topic.retention_ms)})
            for topic in TOPICS
            if topic.name not in known
        ]
        if missing:
            await admin.create_topics(missing)
    finally:
        await admin.close()


def _fetch(folder: Path, tell: Tell) -> None:
    if not shutil.which("mvn"):
        raise StackError(
            "Kafka must be fetched once and needs Maven, which was not found:"
            f" install Maven, set KAFKA_HOME to an unpacked Kafka 4, {_HINT}."
        )
    goal = (f"-DoutputDirectory={folder}", "-DincludeScope=runtime")
    run(
        ["mvn", "-B", "-f", str(_POM), "dependency:copy-dependencies", *goal],
        cwd=folder,
        tell=tell,
    )


def _java() -> Sequence[str]:
    return ["java", *_JVM, "-cp", f"{find()}/*"]


def _settings(site: Site) -> dict[str, str | int]:
    broker, controller = f"{HOST}:{site.port('kafka', 'broker')}", f"{HOST}:{site.port('kafka', 'controller')}"
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": f"1@{controller}",  # by setting, not in the log: the port may change between starts
        "log.dirs": str(site.data("kafka") / "log"),
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "broker.session.timeout.ms": 4000,  # a killed broker may come back only when its old session has run out
        "broker.heartbeat.interval.ms": 500,
        "auto.create.topics.enable": "false",
    }
