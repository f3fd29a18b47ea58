"""Studies as they are carried out: from a question to the sentence that answers it.

``design`` lays a study out as trials, ``registration`` fixes it in the store before the first of
them, ``verdicts`` measures and says what was found, ``conduct`` does all of it, ``page`` puts it on
the report. What a study *is* stands in ``sim.planning.studies``.
"""
