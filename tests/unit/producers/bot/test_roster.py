"""Who is in the call, each fact once."""

from producers.bot.roster import Fact, Roster
from producers.platforms.interface import Joined, ParticipantDid, ParticipantGone, ParticipantSeen, SlotReleased
from schemas.vocabulary import ParticipantKind as Kind


def test_the_people_who_are_there_already_join() -> None:
    """The first roster is told as joins."""
    roster = Roster()
    facts = roster.observe(Joined({"a": "Ann", "b": "Bob"}))
    assert facts == [Fact(Kind.JOIN, "a", "Ann"), Fact(Kind.JOIN, "b", "Bob")]
    assert roster.size == 2


def test_seen_again_is_no_news() -> None:
    """Platforms repeat themselves; a join is told once."""
    roster = Roster()
    roster.observe(ParticipantSeen("a", "Ann"))
    assert roster.observe(ParticipantSeen("a", "Ann")) == []
    assert roster.observe(ParticipantSeen("a", None)) == []


def test_another_name_is_a_rename() -> None:
    """And it is the name from then on."""
    roster = Roster()
    roster.observe(ParticipantSeen("a", "Ann"))
    assert roster.observe(ParticipantSeen("a", "Anna")) == [Fact(Kind.RENAME, "a", "Anna")]
    assert roster.observe(ParticipantGone("a")) == [Fact(Kind.LEAVE, "a", "Anna")]


def test_who_is_gone_leaves_once() -> None:
    """Unpublished, leaving and kicked may all say it."""
    roster = Roster()
    roster.observe(ParticipantSeen("a", "Ann"))
    roster.observe(ParticipantGone("a"))
    assert roster.observe(ParticipantGone("a")) == []
    assert roster.size == 0


def test_joining_again_tells_only_what_changed_meanwhile() -> None:
    """After a crash the roster comes whole: who stayed is no news, who is missing left, who is new joined."""
    roster = Roster()
    roster.observe(Joined({"a": "Ann", "b": "Bob"}))
    facts = roster.observe(Joined({"b": "Bob", "c": "Cid"}))
    assert facts == [Fact(Kind.LEAVE, "a", "Ann"), Fact(Kind.JOIN, "c", "Cid")]


def test_only_those_present_do_things() -> None:
    """Mute of somebody unknown is nothing; of somebody present it carries the name."""
    roster = Roster()
    assert roster.observe(ParticipantDid("a", Kind.MUTE)) == []
    roster.observe(ParticipantSeen("a", "Ann"))
    assert roster.observe(ParticipantDid("a", Kind.MUTE)) == [Fact(Kind.MUTE, "a", "Ann")]
    assert roster.observe(SlotReleased("0/1")) == []
