"""What the exact stage says in fixed debates, and how it judges them, as a digest.

Run by itself, with the standard library alone, like ``tests/golden/exact_stage.py``: it prints one
line of JSON for each setting. ``--write`` writes ``golden_debates.json`` anew, after a change that
is meant.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[4]
GOLDEN = Path(__file__).with_suffix(".json")
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from sim.seeds import derive  # noqa: E402
from sim.stage.exact.parameters import read_parameters  # noqa: E402
from sim.stage.exact.speech import Speech  # noqa: E402

NAMES = {"Ada": "A", "The Mayor": "M"}
SETTING = (
    "Each numbers its claims, Ada [A1], [A2], ..., The Mayor [M1], [M2], ..., "
    "and cites a claim by its number."
)
FOREIGN = "No. [M7] I ask you to think again — this is nonsense, and you know it."
EXAMINED = {"properties": {"answer": {"enum": ["yes", "no", "in part"]}, "because": {}}}
SCALE = {"minimum": 0, "maximum": 10}
VERDICT = {
    "properties": {
        "winner": {"enum": ["A", "B", "tie"]},
        "margin": SCALE,
        "scores": {"properties": {"logic": {"properties": {"A": SCALE, "B": SCALE}}}},
        "reasons": {},
    }
}


class Prompt(SimpleNamespace):
    """A prompt, as ``sim.layouts.prompt`` has it."""

    def chunks(self):
        """All chunks, first to last."""
        return [*(self.parent.chunks() if self.parent is not None else []), self]


def chunk(parent, role, text):
    """A prompt with one more chunk."""
    key = (b"" if parent is None else parent.digest) + role.encode() + text.encode()
    return Prompt(
        parent=parent, role=role, text=text, digest=sha256(key + str(len(text)).encode()).digest()
    )


def request(prompt, seed, speaker, schema=None):
    return SimpleNamespace(
        prompt=prompt, seed=seed, speaker=speaker, schema=schema, stop=("\n",), max_tokens=None
    )


def debate(speech, seed, foreign):
    """Twelve turns. From the fifth on, every other one is an answer in cross-examination."""
    names = list(NAMES)
    pages, said = {}, []
    for name, stance in zip(names, (-0.8, 0.7), strict=True):
        (other,) = (one for one in names if one != name)
        pages[name] = chunk(
            None,
            "system",
            f"You play {name} in a scene with {other}.\n"
            "Subject: The town should sell its spring.\n"
            f"Setting: {SETTING}\n\n"
            f"Character: {name}. One of two.\nBrings up: the spring; my vote\n"
            f'Stance of {name} on "sell", from -1 (against) to 1 (for): {stance}',
        )
    for turn in range(1, 13):
        name, other = names[(turn - 1) % 2], names[turn % 2]
        heard = f"{other}: {said[-1]}" if said else f"(The scene opens. {name} speaks first.)"
        page = pages[name] = chunk(pages[name], "user", heard)
        if turn == foreign:
            text = FOREIGN
        elif turn > 4 and turn % 2 == 0:
            question = f"Answer the question that {other} has just put to you, {name}."
            asked = chunk(page, "user", f"\n\n[Off stage, to {name} alone] {question}")
            answer = speech.reply(request(asked, derive(seed, "ask", turn), name, EXAMINED))
            value = json.loads(answer.text)
            text = f"{value['answer'].capitalize()}. {value['because']}"
        else:
            text = speech.reply(request(page, derive(seed, "turn", turn), name)).text
        said.append(text)
        pages[name] = chunk(page, "assistant", text)
    return said


def verdicts(speech, said, seed):
    """The debate judged in both orders, twice each, with what is asked again."""
    for labels in (("A", "B"), ("B", "A")):
        turns = [f"[{n}] Speaker {labels[(n - 1) % 2]}: {text}" for n, text in enumerate(said, 1)]
        told = "Motion: Tea.\nSpeaker A argues: for\nSpeaker B argues: against"
        page = chunk(None, "system", "You judge a debate.")
        page = chunk(page, "user", "\n\n".join([told, *turns, "[Verdict] Who won?"]))
        for again in range(2):
            for number in range(4):
                verdict = speech.reply(request(page, derive(seed, number), "", VERDICT)).text
                yield verdict
            page = chunk(chunk(page, "assistant", verdict), "user", f"[Verdict] {again}: again.")


def digests():
    """One digest for each setting: three debates, one with foreign text, and their verdicts."""
    planted = {"kinship": 1.3, "verbosity": 0.7, "primacy": -0.4, "misquote": 0.2, "acuity": 2.1}
    settings = [(kind, {"skill": skill}) for kind in ("base", "sft") for skill in (-1.5, 0.0, 1.5)]
    settings += [("rlhf", {"skill": 2.5, **planted}), ("bimodal", planted)]
    digests = {}
    for kind, values in settings:
        speech = Speech(read_parameters(kind, dict(values)))
        texts = []
        for seed, foreign in ((1, 0), (2, 0), (3, 4)):
            said = debate(speech, seed, foreign)
            texts += [*said, *verdicts(speech, said, seed)]
        name = "&".join([kind, *(f"{key}={value}" for key, value in values.items())])
        digests[name] = sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    return digests


if __name__ == "__main__":
    if "--write" in sys.argv:
        GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n", encoding="utf-8")
    else:
        sys.stdout.write(json.dumps(digests()) + "\n")
