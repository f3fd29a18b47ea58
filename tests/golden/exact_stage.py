"""What the exact stage says to a fixed set of prompts and seeds, as a digest.

Run by itself, with the standard library alone: ``python -I tests/golden/exact_stage.py`` prints one
line of JSON for each setting. The tests compare it, on every Python that they find, with
``exact_stage.json``; ``--write`` writes that file anew, after a change that is meant.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_suffix(".json")
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from sim.seeds import derive  # noqa: E402
from sim.stage.exact.parameters import MECHANISMS, read_parameters  # noqa: E402
from sim.stage.exact.speech import Speech  # noqa: E402
from sim.stage.exact.tables import KINDS  # noqa: E402

CAST = {
    "Ada": "Character: Ada. A guardian who never gives in.\nTraits: kind; patient\n"
    "Goals: keep the winter stores\n"
    'Stance of Ada on "sell", from -1 (firmly against) to 1 (firmly for): -0.8',
    "The Mayor": "Character: The Mayor. One who wants the money.\nTraits: cruel; proud\n"
    'Stance of The Mayor on "sell", from -1 (firmly against) to 1 (firmly for): 0.7',
    "Zoë": "Character: Zoë. A visitor.\nBrings up: the water table; my brother's wages\n"
    'Stance of Zoë on "sell", from -1 (firmly against) to 1 (firmly for): 0.15',
}
FOREIGN = "I ask you all to think again — this is nonsense, and you know it."
SCHEMA = {"type": "object", "properties": {"stance": {"type": "number"}, "why": {"type": "string"}}}


def chunk(parent, role, text):
    """A prompt, as ``sim.layouts.prompt`` builds it."""
    key = (b"" if parent is None else parent.digest) + role.encode() + text.encode()
    return SimpleNamespace(
        parent=parent, role=role, text=text, digest=sha256(key + str(len(text)).encode()).digest()
    )


def request(prompt, seed, speaker, schema=None, stop=()):
    return SimpleNamespace(
        prompt=prompt, seed=seed, speaker=speaker, schema=schema, stop=stop, max_tokens=None
    )


def scene(speech, seed, turns, foreign, stuck=()):
    """The texts of a scene of three, with a question off stage now and then.

    Turn ``foreign`` is nobody's; at turns ``stuck`` the speaker says its first line again, and so
    is taken for a stuck record.
    """
    names = list(CAST)
    pages, waiting, said = {}, {name: [] for name in names}, []
    first = {}
    for name in names:
        others = [other for other in names if other != name]
        told = f"You play {name} in a scene with {' and '.join(others)}.\n"
        pages[name] = chunk(
            None, "system", f"{told}Subject: The town should sell its spring.\n\n{CAST[name]}"
        )
    for turn in range(1, turns + 1):
        name = names[(turn - 1) % len(names)]
        heard = "\n\n".join(waiting[name]) or f"(The scene opens. {name} speaks first.)"
        waiting[name] = []
        page = chunk(pages[name], "user", heard)
        if turn == foreign:
            text = FOREIGN
        elif turn in stuck:
            text = first[name]
        else:
            text = speech.reply(request(page, derive(seed, "turn", turn), name)).text
        said.append(text)
        line = text.split("\n\n")[0]
        first.setdefault(name, line)
        pages[name] = chunk(page, "assistant", line)
        for other in names:
            if other != name:
                waiting[other].append(f"{name}: {line}")
        if turn % 5 == 0:
            asked = chunk(
                pages[name],
                "user",
                f'[Off stage, to {name} alone] Where do you, {name}, stand right now on "sell"?',
            )
            said.append(speech.reply(request(asked, derive(seed, "ask", turn), name, SCHEMA)).text)
    return said


def digests():
    """One digest for each setting: three scenes, one with foreign text, one that is stuck."""
    settings = [(kind, {"mechanism": mechanism}) for kind in KINDS for mechanism in MECHANISMS]
    settings += [
        ("base", {"half": "build"}),
        ("rlhf", {"half": "held", "tau": 0.1}),
        ("sft", {"beta": 0.2, "bias": -0.5, "confidence": 0.5, "kappa": 0.9}),
        ("base", {"mechanism": "M3", "window": 3, "provocation": 1.0, "own_weight": 0.05}),
    ]
    found = {}
    for kind, values in settings:
        speech = Speech(read_parameters(kind, dict(values)))
        texts = scene(speech, 1, 36, 0) + scene(speech, 2, 36, 11)
        texts += scene(speech, 3, 24, 0, stuck=range(8, 14))
        name = "&".join([kind, *(f"{key}={value}" for key, value in values.items())])
        found[name] = sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    return found


if __name__ == "__main__":
    if "--write" in sys.argv:
        GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n", encoding="utf-8")
    else:
        sys.stdout.write(json.dumps(digests()) + "\n")
