"""What the library's negative statuses become."""
from __future__ import annotations


class Error(Exception):
    """Something failed. `status` is the library's number; the text says what, where, and how to mend it."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class NotFoundError(Error, LookupError):
    """There is no such context, topic, participant or marker."""


class ExistsError(Error):
    """The context is there already."""


class AccessError(Error, PermissionError):
    """Permissions do not allow it, or a file is not as safe as it has to be."""


class ArgumentError(Error, ValueError):
    """A name or a number that cannot be."""


class GoneError(Error):
    """The context was removed, replaced or damaged, or belongs to the process that this one was forked from."""


class SpaceError(Error):
    """The context or the file system is full, or the message is too big for it."""


class ReadOnlyError(Error):
    """A tap only looks."""


class DecodeError(Error, ValueError):
    """A payload is not what its topic declares. `offset`: at which byte; `partial`: the value as far as it goes."""

    def __init__(self, text: str, offset: int | None = None, partial: object = None) -> None:
        super().__init__(text)
        self.offset = offset
        self.partial = partial


_CLASSES: dict[int, type[Error]] = {
    -4: ArgumentError, -5: ArgumentError, -6: NotFoundError, -7: ExistsError, -8: AccessError, -9: AccessError, -10: GoneError,
    -11: GoneError, -12: GoneError, -13: GoneError, -14: SpaceError, -15: SpaceError, -16: SpaceError, -18: ReadOnlyError,
    -20: GoneError, -22: ArgumentError,
}  # fmt: skip


def error_for(status: int, what: str, detail: str = "") -> Exception:
    """The exception that a status stands for; `what` was tried, `detail` is what the library had to add."""
    from . import _native

    if status == -17:
        return MemoryError(what)
    text = f"{what}: {_native.lib.sctx_strerror(status).decode()}"
    if detail:
        text += f". {detail}"
    return _CLASSES.get(status, Error)(text, status)
