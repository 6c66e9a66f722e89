"""Tables as banks export them: how one is laid out, and how its rows become entries.

``importers.tabular`` is the way in; the modules here do not read each other's files.
"""
