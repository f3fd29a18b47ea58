"""A scene before it is played: its topic, who is who, and who hands the floor to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.html.figures.network import Edge, Network, Node
from sim.html.figures.svg import svg
from sim.html.markup import Html, element, joined
from sim.html.speakers import Speakers
from sim.html.transcripts import cast

_WIDE = 420.0


def scene(
    topic: str,
    setting: str,
    personas: Sequence[Mapping[str, object]],
    edges: Sequence[tuple[str, str]],
) -> Html:
    """A scene, with its graph. ``personas`` have a ``name`` and a ``brief`` each.

    >>> made = scene("Tea?", "", [{"name": "Ada"}, {"name": "Ben"}], [("Ada", "Ben")])
    >>> made.count("<svg"), "Tea?" in made
    (1, True)
    """
    names = [str(each.get("name", "")) for each in personas]
    speakers = Speakers(names)
    drawn = Network(
        "who hands the floor to whom",
        [Node(name, speakers[name].name) for name in names],
        [Edge(source, target, 1) for source, target in edges],
        counts=False,
    )
    label = "; ".join(f"{source} to {target}" for source, target in edges)
    return joined(
        element("p", topic, class_="topic"),
        element("p", setting, class_="muted") if setting else None,
        cast(personas, speakers),
        element("div", svg(drawn(_WIDE), f"Who hands the floor to whom: {label}"), class_="small"),
    )
