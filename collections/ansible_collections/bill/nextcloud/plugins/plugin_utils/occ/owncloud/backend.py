import typing as t


def connected(server: t.Any, status: t.Any, api: t.Any, proofs: t.Any, acting_name: t.Any) -> t.Any:
    raise NotImplementedError
