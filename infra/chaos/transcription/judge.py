"""What was said against what was heard, word by word. Every speaker says each word once, so nothing can hide. Pure."""

from collections.abc import Mapping, Sequence

from infra.chaos.words import WordAccount, account

Voice = tuple[str, str]
Words = Mapping[Voice, Sequence[str]]


def judge(said: Words, heard: Words) -> WordAccount:
    """Hold every voice's words against what was said; a voice nobody knows invented all of them."""
    voices = (account(said.get(voice, ()), heard.get(voice, ())) for voice in {*said, *heard})
    return sum(voices, WordAccount())


def suspects(said: Words, heard: Words) -> set[Voice]:
    """Voices whose words were not heard as they were said."""
    return {voice for voice in {*said, *heard} if not account(said.get(voice, ()), heard.get(voice, ())).whole}


def clean(found: WordAccount) -> bool:
    """Whether what was heard is what was said; nothing said proves nothing."""
    return found.said > 0 and found.whole


def without_word(heard: Words, number: int) -> dict[Voice, list[str]]:
    """The control: the same with one word missing, the `number`-th of all."""
    return _changed(heard, number, 0)


def with_word_twice(heard: Words, number: int) -> dict[Voice, list[str]]:
    """The control: the same with one word said twice, the `number`-th of all."""
    return _changed(heard, number, 2)


def _changed(heard: Words, number: int, times: int) -> dict[Voice, list[str]]:
    changed: dict[Voice, list[str]] = {}
    for voice, words in heard.items():
        within = 0 <= number < len(words)
        changed[voice] = [*words[:number], *[words[number]] * times, *words[number + 1 :]] if within else list(words)
        number -= len(words)
    return changed
