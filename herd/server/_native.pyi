from herd.core.native import Cache, Outbox

def converse(
    descriptor: int, cache: Cache, prefix: bytes, now_ns: int, longest_id: int, owed: tuple[Outbox, ...], /
) -> tuple[bytes, bool, int] | bytes | None: ...
