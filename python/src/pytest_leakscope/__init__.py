"""The pytest plugin of leakscope: a test fails if the firmware leaks while it runs.

- :mod:`~pytest_leakscope.plugin` is what pytest loads: options, marker, fixture, hooks.
- :mod:`~pytest_leakscope.heap` is the fixture's value: what a test records, and the judgement of it.
- :mod:`~pytest_leakscope.device` is what a test's device offers: how to record it, its ELF file and log.
- :mod:`~pytest_leakscope.expected` is what the marker says, as options of ``leakscope check``.
"""
