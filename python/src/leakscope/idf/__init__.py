"""An extension of ESP-IDF's ``idf.py``: ``leakscope-doctor``, ``-record``, ``-report``, ``-view``.

From ESP-IDF 6 on, ``idf.py`` finds it where this package is installed. Older ones are told of this folder:

    export IDF_EXTRA_ACTIONS_PATH="$(python -m leakscope.idf)"
"""
