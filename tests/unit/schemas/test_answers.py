"""What the broker answers is heard in the loop."""

import asyncio

from schemas.answers import Answers


class SlowBroker:
    """A producer whose records are each answered at a later poll; an answer may make us write again."""

    def __init__(self, records: int, again: int = 0) -> None:
        self.waiting, self.again = records, again

    def __len__(self) -> int:
        return self.waiting

    def poll(self, _: float) -> int:
        self.waiting -= 1
        return 1


async def test_all_is_heard_at_once_where_nothing_was_written() -> None:
    """Nothing on its way: nobody waits."""
    await asyncio.wait_for(Answers(SlowBroker(0)).all_heard(), 1)  # type: ignore[arg-type]


async def test_all_is_heard_only_after_what_an_answer_made_us_write() -> None:
    """A tombstone that follows an acknowledgement is waited for like the record that was acknowledged."""
    broker = SlowBroker(records=3, again=2)

    def write_again() -> None:
        if broker.again:
            broker.again -= 1
            broker.waiting += 1
            answers.due()

    answers = Answers(broker, write_again)  # type: ignore[arg-type]
    answers.due()
    await asyncio.wait_for(answers.all_heard(), 5)
    assert (broker.waiting, broker.again) == (0, 0)
