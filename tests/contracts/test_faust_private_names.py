"""The names of Faust, mode and aiokafka that the transcription shell uses and nobody promises us."""

import inspect

import aiokafka
import faust
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer
from mode.threads import ServiceThread


def test_the_versions_are_the_ones_the_shell_was_built_on() -> None:
    """Another version: run the kill tests first, then change this line."""
    assert (faust.__version__, aiokafka.__version__) == ("0.15.3", "0.14.0")


def test_the_private_names_are_there() -> None:
    """Consumer to thread, thread to client and loop, client to coordinator, coordinator to generation and commits."""
    assert "_thread" in inspect.getsource(Consumer) or "_thread" in inspect.getsource(Consumer.__mro__[1])
    assert "_consumer" in AIOKafkaConsumerThread.__annotations__
    assert "thread_loop" in inspect.getsource(ServiceThread.__init__)
    assert "self._coordinator" in inspect.getsource(aiokafka.AIOKafkaConsumer)
    assert inspect.iscoroutinefunction(GroupCoordinator.fetch_committed_offsets)
    assert "self.generation" in inspect.getsource(GroupCoordinator.__init__)


def test_what_the_turns_worker_overrides_is_there() -> None:
    """The seek after a rebalance, the gaps Faust would commit over, and what it knows to be committed."""
    assert inspect.iscoroutinefunction(FaustConsumer.perform_seek)
    assert list(inspect.signature(FaustConsumer._add_gap).parameters) == ["self", "tp", "offset_from", "offset_to"]
    assert "self._committed_offset" in inspect.getsource(FaustConsumer.perform_seek)


def test_every_seek_of_faust_goes_through_what_both_workers_override() -> None:
    """Its own moves the client from the wrong thread."""
    assert "await self._seek(partition, offset)" in inspect.getsource(FaustConsumer.seek)


def test_what_the_transcription_worker_goes_around_is_there() -> None:
    """Every record goes to `callback`, raced in `wait_first` with the call to break it off, and nothing else is raced so."""
    drain = "".join(inspect.getsource(FaustConsumer._drain_messages).split())
    assert "callback=self.callback" in drain
    assert "awaitself.wait_first(callback(message),self.suspend_flow.wait())" in drain
    assert inspect.getsource(inspect.getmodule(FaustConsumer)).count("wait_first(\n") == 1  # type: ignore[arg-type]


def test_a_topic_can_be_read_without_acknowledgements() -> None:
    """`acks=False` is what keeps Faust from committing beside us."""
    assert "acks" in inspect.signature(faust.App.topic).parameters
