"""Confidence's resolver states, read as ours: the same units, variants, rules and assignment ids.

Read are the JSON and the binary form of the published message `ResolverState`, and the JSON of the published
test suite, which holds the same pieces in maps. What the published resolver does (general dialect; 0.26.1 was
asked) is what comes out, with exceptions, on the safe side:

- A criterion, expression or rule that can't be understood, and a segment defined by way of itself, are `Broken`, so
  that their rule is passed over. The published resolver takes some of them for "doesn't hold", which under a `not`
  would serve everybody, and others for an error that no flag of the request survives (a variant that isn't there, a
  split of no buckets).
- An attribute that can't be read as what it is compared with equals nothing, and is in no range. The published
  resolver reads a missing attribute, a truth and a struct as the text "null", any text but `true` as false, a text that
  is no version as the lowest of all, and fails the whole request where a text is no number.
- A version may be one number, or have build metadata, and a time may be any of ISO 8601, to the microsecond. The
  published resolver reads fewer spellings of either, but days and months of one digit.
- An id may have 100 characters, where the published resolver counts bytes; and where the id is none, nothing is
  logged, not even what fell through before.
- A bitset that is short holds what it holds, where the published resolver takes it for everybody.

Names of flags, segments and clients lose the name of their collection: `flags/new-page` is `new-page` here.
Rules, variants, assignments, credentials and materializations keep theirs, since exposures, values and stores
refer to them.
"""

from twyman.flags.dialects.confidence.resolver_state import state

__all__ = ["state"]
