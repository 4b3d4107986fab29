"""The checker: one program over database, client log, factory log, queue,
DLQ and error logs.

    python3 check.py --socket PATH --database NAME --clients 'run/*.jsonl' ...
    python3 check.py --facts FACTS.json

Prints every violation of an invariant with its evidence.  Exits with 0: none;
1: at least one; 2: the check was not possible."""

import argparse
import collections
import json
import sys

sys.dont_write_bytecode = True

import check_holds
import check_keys
import check_ledger
import check_orders
import check_returns
import check_sales
import check_servers
import check_traces
import facts as gatherer
import ledger
import wire

RULES = (check_ledger.RULES + check_sales.RULES + check_keys.RULES
         + check_holds.RULES + check_returns.RULES + check_orders.RULES
         + check_traces.RULES + check_servers.RULES)


def judge(facts):
    """All Violations.  Sales are counted by expanding the ledger's rows."""
    movements = ledger.expand(facts['rows'], facts['keys'])
    facts = dict(facts, movements=movements, parts=ledger.parts(movements))
    return [found for rule in RULES for found in rule(facts)]


def summary(facts):
    """The checked facts, in a line."""
    answers = collections.Counter(
        str(r['status'] or r.get('why')) for r in facts['requests'])
    movements = ledger.expand(facts['rows'], facts['keys'])
    kinds = collections.Counter(m['kind'] for m in movements)
    states = collections.Counter(o['state'] for o in facts['orders'])
    held = collections.Counter(h['state'] for h in facts['holds'])

    def spell(counter):
        return ' '.join(f'{k}:{n}' for k, n in sorted(counter.items()))

    return (f'{len(facts["requests"])} requests ({spell(answers)}), '
            f'{len(facts["rows"])} rows of {len(movements)} movements '
            f'({spell(kinds)}), '
            f'{len(facts["holds"])} holds ({spell(held)}), '
            f'{len(facts["returns"])} returns, '
            f'{len(facts["orders"])} orders ({spell(states)}), '
            f'{len(facts.get("traces", ()))} with a trace')


def report(facts, limit=20, out=sys.stdout):
    """Prints what judge() found; the number of Violations."""
    found = judge(facts)
    for violation in found[:limit]:
        print(violation, file=out)
    if len(found) > limit:
        rules = collections.Counter(v.rule for v in found)
        print(f'... {len(found)} in all: {dict(rules)}', file=out)
    return len(found)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--facts', help='a case kept by a chaos round')
    parser.add_argument('--socket')
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int)
    parser.add_argument('--user', default='root')
    parser.add_argument('--password', default='')
    parser.add_argument('--database', default='shop')
    parser.add_argument('--clients', nargs='*', default=[])
    parser.add_argument('--factory', nargs='*', default=[])
    parser.add_argument('--logs', nargs='*', default=[])
    parser.add_argument('--queue', help='JSON file: the messages left')
    parser.add_argument('--dead', help='JSON file: the messages in the DLQ')
    parser.add_argument('--scope', default='')
    parser.add_argument('--settled', action='store_true',
                        help='all parts run and had time to finish')
    parser.add_argument('--all', action='store_true',
                        help='print every violation, not twenty')
    return parser.parse_args()


def load(path):
    if path is None:
        return None
    with open(path, encoding='utf-8') as f:
        return json.load(f)


def main():
    args = options()
    try:
        if args.facts:
            facts = load(args.facts)
        else:
            with wire.Connection(args.socket, args.host, args.port, args.user,
                                 args.password, args.database) as db:
                facts = gatherer.gather(
                    db, args.clients, args.factory, args.logs,
                    load(args.queue), load(args.dead), args.scope,
                    settled=args.settled)
    except (OSError, ValueError, wire.MysqlError, wire.LostConnection) as e:
        print(f'check: cannot read the facts: {e}', file=sys.stderr)
        return 2
    number = report(facts, 10 ** 9 if args.all else 20)
    print(summary(facts))
    print('all invariants hold' if number == 0 else f'{number} violations')
    return 1 if number else 0


if __name__ == '__main__':
    sys.exit(main())
