#!/usr/bin/env python3
"""The fault proxy performs each action at the packet that the rule names."""

import os
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
os.environ['PATH'] += ':/usr/local/sbin:/usr/sbin:/sbin'

import database
import wire
from remote import Proxy

INSERT = 'BEGIN;INSERT INTO t VALUES (1);COMMIT'


class Trial:
    """A database, a proxy before it, and TAP."""

    def __init__(self, folder):
        self.number = self.failed = 0
        self.db = database.Database(os.path.join(folder, 'db'))
        self.db.install()
        self.db.start()
        with self.db.session(None) as db:
            db.query('CREATE DATABASE shop')
            db.query('USE shop')
            db.query('CREATE TABLE t (a INT PRIMARY KEY)')
        self.proxy = Proxy(folder, 'unix:' + self.db.socket)

    def ok(self, good, name):
        self.number += 1
        self.failed += not good
        print('not ' * (not good) + f'ok {self.number} - {name}')

    def session(self, timeout=2):
        return wire.Connection(port=self.proxy.port, database='shop',
                               timeout=timeout)

    def rows(self):
        with self.db.session() as db:
            found = len(db.rows('SELECT * FROM t'))
            db.query('DELETE FROM t')
            return found

    def shot(self, **rule):
        """The result of one INSERT under a rule; the rows it inserted."""
        if rule:
            self.proxy.rule(rule.pop('action'), match='INSERT', **rule)
        client = self.session()
        try:
            client.query(INSERT)
            seen = 'answered'
        except wire.MysqlError as e:
            seen = e.code
        except (OSError, wire.LostConnection) as e:
            seen = type(e).__name__
        client.abort()
        time.sleep(0.05)
        self.proxy.do('clear')
        self.proxy.do('sweep')
        return seen, self.rows()


def main():
    folder = tempfile.mkdtemp(prefix='as-proxy.')
    trial = Trial(folder)
    try:
        run(trial)
    finally:
        trial.proxy.stop()
        trial.db.stop()
        shutil.rmtree(folder)
    print(f'1..{trial.number}')
    return 1 if trial.failed else 0


def run(trial):
    ok, shot, proxy = trial.ok, trial.shot, trial.proxy
    ok(shot() == ('answered', 1), 'a packet without a rule is forwarded')
    shapes = [c['shape'] for c in proxy.do('commands')['commands']
              if 'INSERT' in c['text']]
    ok(len(shapes[-1]) == 4, 'a command and three answers are four packets')
    ok(shot(action='cut') == ('LostConnection', 0),
       'cut before the command: the server does not get it')
    ok(shot(action='cut', when='after') == ('LostConnection', 1),
       'cut after it: it is executed, the answer is lost')
    ok(shot(action='reset', at=2) == ('ConnectionResetError', 1),
       'reset at the second answer')
    ok(shot(action='cut', at=9) == ('answered', 1),
       'a packet that is not forwarded')
    ok(shot(action='blackhole', at=1) == ('TimeoutError', 1), 'silence')
    ok(shot(action='truncate', bytes=2, at=3) == ('LostConnection', 1),
       'half a packet')
    ok(shot(action='refuse', code=1317) == (1317, 0), 'an error in its place')
    ok(shot(action='replace', payload='ff1904', at=3)[0] == 1049,
       'another packet in its place')
    ok(shot(action='cut', skip=1) == ('answered', 1),
       'one transaction is skipped')
    begin = time.monotonic()
    ok(shot(action='delay', delay_ms=300) == ('answered', 1)
       and time.monotonic() - begin > 0.3, 'late')
    held(trial)


def held(trial):
    """A packet that is held while its client disconnects."""
    ok, proxy = trial.ok, trial.proxy
    rule = proxy.rule('hold', match='INSERT', leave=True)
    seen = proxy.mark()
    client = trial.session()
    try:
        client.query(INSERT)
        ok(False, 'the client is cut at once')
    except (OSError, wire.LostConnection):
        ok(True, 'the client is cut at once')
    ok(trial.rows() == 0, 'and the server has received nothing')
    proxy.do('release', rule=rule)
    proxy.wait_event('unread', seen)
    time.sleep(0.05)
    ok(trial.rows() == 1, 'after its release it is executed without a client')
    proxy.do('mode', mode='refuse')
    try:
        trial.session()
        ok(False, 'new connections are refused')
    except (OSError, wire.LostConnection):
        ok(True, 'new connections are refused')
    proxy.do('mode', mode='pass')
    ok(trial.session().value('SELECT 7') == 7, 'and accepted again')


if __name__ == '__main__':
    sys.exit(main())
