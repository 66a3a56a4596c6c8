"""The bodies that a client may have signed, if the body was rewritten after that: one rewriting, or two of them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from handlers.doctor.candidates.json_changes import some_empty_arrays_as_objects, without_a_member
from handlers.doctor.candidates.json_rewritings import CHANGES, LAYOUTS
from handlers.doctor.candidates.json_tree import COMPACT, Layout, Node, parse, write
from handlers.doctor.candidates.text_rewritings import REPLACEMENTS, TEXT_REWRITINGS
from handlers.doctor.candidates.value_changes import inner_objects, one_value_changed, without_two_members
from handlers.doctor.rewriting import LAYOUT_ONLY, SEPARATOR, Rewriting
from handlers.doctor.verdicts import Evidence, Finding, Verdict

LONGEST_ONCE, LONGEST_TWICE = 65_536, 16_384
"""Characters. The JSON of a longer body is not changed once, or not twice."""

MOST_BYTES_ONCE, MOST_BYTES_TWICE = 4_194_304, 8_388_608
"""The most bytes of all bodies with one rewriting together, and of all bodies with two. They limit the time."""

_PER_BODY, _PER_COMMA = 256, 16
"""Bytes that count in addition to the length. They limit the number of short bodies, and of values in long ones."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A body that a client may have signed, and how it differs from the body that arrived."""

    body: bytes
    rewritings: tuple[Rewriting, ...]

    def finding(self, sent: bytes) -> Finding:
        """Return the mistake, with both lengths and the rewritings as evidence."""
        layout_only = LAYOUT_ONLY.issuperset(self.rewritings)
        verdict = Verdict.CALL_BODY_MINIFIED if layout_only else Verdict.CALL_BODY_CHANGED
        evidence: Evidence = {
            "sent_length": len(sent),
            "signed_length": len(self.body),
            "rewriting": SEPARATOR.join(dict.fromkeys(self.rewritings)),
        }
        return Finding(verdict, evidence)


@dataclass(frozen=True, slots=True)
class _Changed:
    """JSON with changes. `layout` is the one of the body that arrived. `next` is the next place in the table."""

    tree: Node
    layout: Layout
    rewritings: tuple[Rewriting, ...] = ()
    next: int = 0


def rewritten_once(body: bytes) -> Iterator[Rewritten]:
    """Yield bodies with one rewriting, each body once, up to `MOST_BYTES_ONCE`."""
    yield from _distinct(body, chain(_replacements(), _once(body)), MOST_BYTES_ONCE)


def rewritten_twice(body: bytes) -> Iterator[Rewritten]:
    """Yield bodies with two rewritings, each body once, up to `MOST_BYTES_TWICE`."""
    yield from _distinct(body, _twice(body), MOST_BYTES_TWICE)


def _distinct(body: bytes, candidates: Iterator[Rewritten], most: int) -> Iterator[Rewritten]:
    seen, left = {body}, most
    for candidate in candidates:
        left -= len(candidate.body) + _PER_BODY + _PER_COMMA * candidate.body.count(b",")
        if left < 0:
            return
        if candidate.body not in seen:
            seen.add(candidate.body)
            yield candidate


def _replacements() -> Iterator[Rewritten]:
    yield from (Rewritten(each, (name,)) for name, each in REPLACEMENTS)


def _once(body: bytes) -> Iterator[Rewritten]:
    text = body.decode("utf-8", "surrogateescape")
    tree = _parsed(text, LONGEST_ONCE)
    if tree:
        yield from _in_layouts(tree)
        for changed in chain(_changed(tree), _variants(tree), _single_changes(tree)):
            yield from _written(changed)
    yield from _text_rewritten(text, ())


def _twice(body: bytes) -> Iterator[Rewritten]:
    text = body.decode("utf-8", "surrogateescape")
    tree = _parsed(text, LONGEST_TWICE)
    if tree:
        unchanged = write(tree.tree)
        once = [each for each in _changed(tree) if write(each.tree) != unchanged]
        yield from chain.from_iterable(_written(twice) for each in once for twice in _changed(each))
        yield from chain.from_iterable(_in_layouts(each) for each in once)
        layouts = _in_layouts(tree)
        for each in chain(layouts, *(_written(each) for each in once)):
            yield from _text_rewritten(each.body.decode(), each.rewritings)
    for each in _text_rewritten(text, ()):
        yield from _text_rewritten(each.body.decode("utf-8", "surrogateescape"), each.rewritings)
    if tree:
        yield from chain.from_iterable(_written(twice) for each in _variants(tree) for twice in _changed(each))


def _parsed(text: str, longest: int) -> _Changed | None:
    if len(text) > longest:
        return None
    with suppress(ValueError, RecursionError):
        tree = parse(text)
        layout = next((layout for _, layout in LAYOUTS if write(tree, layout) == text), COMPACT)
        return _Changed(tree, layout)
    return None


def _changed(before: _Changed) -> Iterator[_Changed]:
    """Make each change. The second of two changes comes later in the table than the first."""
    for place, (name, change) in enumerate(CHANGES[before.next :], before.next):
        yield _Changed(change(before.tree), before.layout, (*before.rewritings, name), place + 1)


def _variants(before: _Changed) -> Iterator[_Changed]:
    """Make the changes that can be made in several ways."""
    for tree in some_empty_arrays_as_objects(before.tree):
        yield _Changed(tree, before.layout, (Rewriting.SOME_EMPTY_ARRAYS_AS_OBJECTS,))
    for tree in without_a_member(before.tree):
        yield _Changed(tree, before.layout, (Rewriting.MEMBER_REMOVED,))


def _single_changes(before: _Changed) -> Iterator[_Changed]:
    """Make the changes that are not combined with others."""
    for name, tree in one_value_changed(before.tree):
        yield _Changed(tree, before.layout, (name,))
    for name, trees in (
        (Rewriting.TWO_MEMBERS_REMOVED, without_two_members(before.tree)),
        (Rewriting.INNER_OBJECT, inner_objects(before.tree)),
    ):
        yield from (_Changed(tree, before.layout, (name,)) for tree in trees)


def _written(changed: _Changed) -> Iterator[Rewritten]:
    """Write JSON in the layout of the body that arrived, and without whitespace as SNAP requires for signing."""
    for layout in dict.fromkeys((changed.layout, COMPACT)):
        yield Rewritten(write(changed.tree, layout).encode(), changed.rewritings)


def _in_layouts(changed: _Changed) -> Iterator[Rewritten]:
    for name, layout in LAYOUTS:
        yield Rewritten(write(changed.tree, layout).encode(), (*changed.rewritings, name))


def _text_rewritten(text: str, rewritings: tuple[Rewriting, ...]) -> Iterator[Rewritten]:
    for name, rewrite in TEXT_REWRITINGS:
        with suppress(ValueError, RecursionError):  # Not every text has every form.
            new = rewrite(text)
            body = new if isinstance(new, bytes) else new.encode("utf-8", "surrogateescape")
            if new != text:
                yield Rewritten(body, (*rewritings, name))
