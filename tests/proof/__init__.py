"""The claims of `docs/proof.md`: each test measures one, prints its figure beside the limit, and can fail.

Run by `make prove` (the size of every change) and `make prove-long`; not by `make test`.
"""
