"""Who is killed when."""

from infra.chaos.schedule import DOWN_S, PAUSED_S, kills, with_pauses

VICTIMS = ("kafka", "provider", "worker")


def test_the_same_seed_draws_the_same_faults():
    """A run can be had again; another seed is another run."""
    assert list(kills(VICTIMS, 300, 1)) == list(kills(VICTIMS, 300, 1))
    assert list(kills(VICTIMS, 300, 1)) != list(kills(VICTIMS, 300, 2))


def test_every_victim_has_its_turn():
    """Nobody is killed twice before everybody was killed once."""
    planned = list(kills(VICTIMS, 300, 1))
    assert {kill.victim for kill in planned[:3]} == set(VICTIMS)
    assert all(kill.at_s < 300 for kill in planned)
    assert all(DOWN_S[0] <= kill.down_s <= DOWN_S[1] and not kill.pause for kill in planned)


def test_only_who_may_be_paused_is_paused():
    """Pauses take the place of some kills, at the same moments, and are long enough for a group to give a member up."""
    planned = list(kills(VICTIMS, 3_000, 1))
    found = list(with_pauses(planned, {"worker"}, 1))
    paused = [fault for fault in found if fault.pause]
    assert [(fault.at_s, fault.victim) for fault in found] == [(kill.at_s, kill.victim) for kill in planned]
    assert {fault.victim for fault in paused} == {"worker"}
    assert all(PAUSED_S[0] <= fault.down_s <= PAUSED_S[1] for fault in paused)
    assert len(paused) < sum(kill.victim == "worker" for kill in planned)
