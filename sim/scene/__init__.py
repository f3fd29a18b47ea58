"""What people author: a scene and its parts.

``scene`` is the whole; ``persona``, ``actor``, ``graph``, ``audience``, ``routing``, ``probes``,
``answers``, ``interventions`` and ``endings`` are its parts; ``templates`` are the words around it;
``validation`` refuses what makes no sense; ``base_model`` is what all of them share.
"""
