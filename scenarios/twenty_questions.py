"""Twenty questions: somebody thinks of a thing. Is there a thing before it is named? H2.

Source: Shanahan, McDonell and Reynolds, "Role play with large language models" (arXiv 2305.16367):
asked to think of an object and then guessed at, a model that is asked again for what it was names
another one each time; it was never committed to any, and is in a superposition of all that fit.

Known result: the argument is a thought experiment with examples, and no rate (as cited). A player
who was told what the thing is (``told``) is the control: it should name that one. On the embedded
stage nobody can think of a thing: texts are drawn anew, and a secret is not read.
"""

from __future__ import annotations

from sim import Actor, Persona, Probe, Question, Scene, after, ring
from sim.errors import SceneError
from sim.scene.answers import FreeText
from sim.scene.interventions import say

QUESTIONS = (
    "I am ready. Have you thought of one? Then: is it alive?",
    "Is it smaller than a loaf of bread?",
    "Would I find it in a kitchen?",
    "Is it made of metal?",
    "Does it make a sound when it is used?",
    "Would somebody be sad to lose it?",
)
"""What the guesser asks, in this order."""

THING = "a silver pocket watch"


def twenty_questions(questions: int = 4, told: bool = False, samples: int = 4) -> Scene:
    """A girl thinks of a thing, her uncle asks; then she is asked in private what it was.

    ``questions`` is 1 to 6. With ``told`` she knows from the start what her thing is. She is asked
    ``samples`` times at the same point, each time as if for the first time.
    """
    if not 1 <= questions <= len(QUESTIONS):
        raise SceneError(
            f"twenty_questions.questions: {questions} is out of range; use 1 to {len(QUESTIONS)}"
        )
    player = Persona(
        name="Mila",
        brief="Nine years old, good at keeping a secret, and honest when she is asked.",
        opposite="A cheat who changes the thing whenever somebody is close.",
        traits=("honest", "playful"),
        stances={"game": 0.5},
        goals=("answer truthfully, and not give the thing away",),
        secret=f"The thing that she is thinking of is {THING}." if told else None,
    )
    uncle = Persona(
        name="Theo",
        brief="Her uncle, who is patient and never guesses before he has to.",
        opposite="A man who blurts out whatever comes into his head.",
        traits=("patient",),
        stances={"game": 0.3},
    )
    thing = Question(
        key="thing",
        text="What exactly is the thing that you are thinking of, {name}? Name it in a few words.",
        answer=FreeText(words=6),
    )
    asked = (
        say("Theo", each, at=2 * place + 1) for place, each in enumerate(QUESTIONS[:questions])
    )
    return Scene(
        topic="Mila is thinking of a thing, and Theo has to find out what it is.",
        setting="A train that has stopped between two stations. It is getting dark.",
        cast=(Actor(uncle), Actor(player)),
        graph=ring("Theo", "Mila"),
        interventions=tuple(asked),
        probes=(Probe(question=thing, to=("Mila",), samples=samples, start=False),),
        ends=after(turns=2 * questions),
    )
