"""Studies of validity: do the intervals cover, do the alarms stay quiet, at the stated rates?"""
