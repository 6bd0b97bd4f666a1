"""Which rule of a flag deals out an experiment's units."""

from twyman.flags.flag import Flag, Rule


def rule_of(flag: Flag, experiment: str) -> Rule | None:
    """Return the flag's rule for an experiment: the one that logs for it, else the one of its name; `None` for none.

    Example:
        >>> from twyman.flags.flag import Split as Sides
        >>> sides = Sides(())
        >>> flag = Flag("page", (), (Rule("first", sides), Rule("big", sides, experiment="page-test")))
        >>> rule_of(flag, "page-test").name
        'big'
    """
    logging = next((rule for rule in flag.rules if rule.experiment == experiment), None)
    return logging or next((rule for rule in flag.rules if rule.name == experiment), None)
