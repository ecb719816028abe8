from herd.core.cache import Cache

def converse(
    descriptor: int, cache: Cache, prefix: bytes, now_ns: int, longest_id: int, is_owed: bool, /
) -> tuple[bytes, dict[bytes, bytes], int] | bytes | None: ...
