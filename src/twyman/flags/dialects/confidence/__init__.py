"""Confidence's resolver states, read as ours: the same units, variants, rules and assignment ids.

Read are the JSON and the binary form of the published message `ResolverState`, and the JSON of the published
test suite, which holds the same pieces in maps. What the published resolver does (general dialect) is what
comes out, with one exception, on the safe side: a criterion, expression or rule that can't be understood is
`Broken`, so that its rule is passed over, where the published resolver takes some of them for "doesn't hold",
which under a `not` would serve everybody.

Names of flags, segments and clients lose the name of their collection: `flags/new-page` is `new-page` here.
Rules, variants, assignments, credentials and materializations keep theirs, since exposures, values and stores
refer to them.
"""

from twyman.flags.dialects.confidence.resolver_state import state

__all__ = ["state"]
