"""Names of people whom a file tells apart by numbers: two persons of one name stay two."""

from __future__ import annotations


class Namesakes:
    """Who is called what. The first person of a name has it; another gets it with a mark."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def called(self, number: str, name: str, mark: str = "") -> str:
        """The name of the person with a ``number``: the same at every call.

        ``mark`` tells a namesake apart; blank: the number does.

        >>> people = Namesakes()
        >>> people.called("1", "Ann"), people.called("2", "Ann", "ann_b"), people.called("1", "A.")
        ('Ann', 'Ann (ann_b)', 'Ann')
        """
        if number in self._names:
            return self._names[number]
        for each in (name, f"{name} ({mark or number})", f"{name} ({number})"):
            if each not in self._taken:
                break
        self._taken.add(each)
        self._names[number] = each
        return each
