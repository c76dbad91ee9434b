"""What the tensors of another network's file are called here: names and beginnings of names, `*` being any one part."""

from collections.abc import Iterable, Iterator, Mapping

ANY = "*"


def find_key(name: str, changes: Mapping[str, str]) -> str | None:
    """What of the map a name is changed by: itself, or the longest beginning that ends with a dot, or nothing at all.

    Of two of one length, that which has fewer stars.
    """
    if name in changes:
        return name
    fitting = [key for key in changes if _stars(key, name) is not None]
    return max(fitting, key=lambda key: (not key.endswith("."), key.count("."), -key.count(ANY)), default=None)


def rename(name: str, key: str, change: str) -> str:
    """A name that begins with a key, with what the key is changed to; its stars stand for what the key's stood for."""
    stars = _stars(key, name)
    assert stars is not None
    return _filled(change, iter(stars)) + _rest(key, name)


def too_many_stars(changes: Mapping[str, str]) -> Iterator[str]:
    """The keys whose change has a star more than they have."""
    return (key for key, change in changes.items() if _parts(change).count(ANY) > _parts(key).count(ANY))


def _parts(text: str) -> list[str]:
    return text.removesuffix(".").split(".") if text else []


def _stars(key: str, name: str) -> list[str] | None:
    """What stands at each star of a key, where a name is it or begins with it."""
    mine, whole = _parts(key), name.split(".")
    is_beginning = not key or key.endswith(".")
    if len(mine) >= len(whole) + (not is_beginning) or (not is_beginning and len(mine) != len(whole)):
        return None
    pairs = list(zip(mine, whole, strict=False))
    return [part for star, part in pairs if star == ANY] if all(a in (ANY, b) for a, b in pairs) else None


def _rest(key: str, name: str) -> str:
    return ".".join(name.split(".")[len(_parts(key)) :]) if not key or key.endswith(".") else ""


def _filled(change: str, stars: Iterable[str]) -> str:
    given = iter(stars)
    return ".".join(next(given) if part == ANY else part for part in change.split("."))
