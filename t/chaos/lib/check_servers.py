"""Invariant 5: the servers: logs, crashes, leaks."""

import re

from violation import Violation


def logs_are_quiet(facts):
    """No [alert], [crit], [emerg], no report of a sanitizer, no end by a
    signal, except what a fault itself explains ("forgiven": regular
    expressions)."""
    forgiven = [re.compile(p) for p in facts.get('forgiven', ())]
    for loud in facts.get('loud') or ():
        if not any(p.search(loud['line']) for p in forgiven):
            yield Violation('log-loud', loud['line'], file=loud['file'])


def nobody_ended(facts):
    """Processes that no fault ended still run."""
    for end in facts.get('ended') or ():
        yield Violation('process-ended', f'{end["who"]} ended by itself',
                        **end)


def nothing_leaks(facts):
    """Descriptors and anonymous memory of every long-lived process, idle,
    before and after the fault."""
    for leak in facts.get('rest') or ():
        allowed = leak['before'] + leak['slack']
        if leak['after'] > allowed:
            yield Violation('leak', f'{leak["who"]}: {leak["what"]} went '
                            f'from {leak["before"]} to {leak["after"]}, '
                            f'{allowed} would do', **leak)


def connections_are_bounded(facts):
    """No more sessions in the database than the pools may hold."""
    held = facts.get('sessions')
    if held and held['seen'] > held['allowed']:
        yield Violation('leak-connection', f'{held["seen"]} sessions of the '
                        f'module, its pools may hold {held["allowed"]}',
                        **held)


RULES = (logs_are_quiet, nobody_ended, nothing_leaks,
         connections_are_bounded)
