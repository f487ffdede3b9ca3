"""sctx: programs of one machine talk in a context, and everybody can see what is said.

    import sctx

    with sctx.Context(who="till") as context:
        with context.reader("shop/order") as orders, context.writer() as writer:
            for order in orders:
                writer.publish_json("shop/bill", {"order": order.data["order"], "price": 250})

What is published while a message is handled names that message as its cause. Nothing here is compiled: it calls libsctx by ctypes.
"""
from .context import (
    Context,
    Marker,
    MarkerState,
    Message,
    Participant,
    Reader,
    ReaderStats,
    Topic,
    Writer,
    create,
    remove,
    topic_matches,
)
from .errors import (
    AccessError,
    ArgumentError,
    DecodeError,
    Error,
    ExistsError,
    GoneError,
    NotFoundError,
    ReadOnlyError,
    SpaceError,
)

__version__ = "0.1.0"
__all__ = [
    "AccessError", "ArgumentError", "Context", "DecodeError", "Error", "ExistsError", "GoneError", "Marker", "MarkerState", "Message",
    "NotFoundError", "Participant", "ReadOnlyError", "Reader", "ReaderStats", "SpaceError", "Topic", "Writer", "create", "remove", "topic_matches",
]  # fmt: skip
