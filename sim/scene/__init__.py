"""The authored objects: a scene and its parts.

``scene`` is the whole; ``persona``, ``actor``, ``graph``, ``audience``, ``routing``, ``probes``,
``answers``, ``interventions`` and ``endings`` are its parts; ``templates`` holds the wording of
prompts; ``validation`` refuses scenes that make no sense; ``base_model`` is the common base class.
"""
