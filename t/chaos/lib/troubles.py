"""Faults of a database server that keeps running: locks, deadlocks, KILL, too
many connections, read only, a full disk."""

import os
import subprocess
import threading
import time

import database
import wire
from process import Failure, Helper
from scenario import Skip
from under_load import UnderLoad


class Outside(UnderLoad):
    """Actions of other sessions for some seconds, under load."""

    seconds = 1.5

    def strike(self):
        end = time.monotonic() + self.seconds
        self.done = threading.Event()
        helpers = [Helper(work, end) for work in self.works()]
        for helper in helpers:
            helper.start()
        for helper in helpers:
            helper.join()

    def works(self):
        raise NotImplementedError


class Locks(Outside):
    """Row locks of other sessions, and deadlocks against the batches' order of
    products."""

    name = 'locks'
    load_options = {'skus': {'D': 2, 'E': 2, 'F': 1, 'G도너츠': 2}}

    def works(self):
        return [self.hold, self.cross, self.gaps]

    def outside(self, end, statements, pause):
        """Repeats a transaction of another client."""
        while time.monotonic() < end:
            try:
                with self.shop.db.session() as db:
                    db.query('SET SESSION innodb_lock_wait_timeout = 1')
                    db.query('BEGIN')
                    for statement in statements():
                        db.query(statement)
                        time.sleep(pause * self.rng.random())
                    db.query(self.rng.choice(('COMMIT', 'ROLLBACK')))
                    self.tally.fault('outside lock')
            except wire.MysqlError as e:
                # 1020: another has changed a row since this snapshot was
                # taken (MariaDB 11.6, innodb_snapshot_isolation)
                if e.code not in (1213, 1205, 1020):
                    raise
                self.tally.fault(f'other session failed with {e.code}')

    def hold(self, end):
        self.outside(end, lambda: [
            'SELECT stock FROM product WHERE sku = '
            f"'{self.rng.choice(('D', 'E', 'G도너츠'))}' FOR UPDATE"], 0.9)

    def cross(self, end):
        """Locks the products in reverse order, with pauses."""
        self.outside(end, lambda: [
            f"UPDATE product SET price = price + 1 WHERE sku = '{sku}'"
            for sku in ('G도너츠', 'F', 'E', 'D')], 0.02)

    def gaps(self, end):
        """Locks the end of the ledger against inserts."""
        self.outside(end, lambda: [
            'SELECT COUNT(*) FROM stock_movement WHERE movement_id >'
            ' (SELECT MAX(movement_id) FROM stock_movement s) FOR UPDATE'],
            0.1)


class Kills(Outside):
    """The server ends sessions, statements and transactions of the module."""

    name = 'killed-sessions'
    troubles = True

    def works(self):
        return [self.kill_all]

    def kill_all(self, end):
        with self.shop.db.session() as db:
            while time.monotonic() < end:
                for row in db.rows('SELECT ID FROM information_schema'
                                   '.PROCESSLIST WHERE USER ='
                                   f" '{database.USER}'"):
                    how = self.rng.choice(('', 'QUERY ', 'CONNECTION '))
                    try:
                        db.query(f'KILL {how}{row[0]}')
                        self.tally.fault('KILL by the server')
                    except wire.MysqlError:
                        pass
                time.sleep(0.01 + self.rng.random() * 0.05)


class MaxConnections(Outside):
    """No new session is accepted, and the existing ones are ended."""

    name = 'max-connections'
    troubles = True

    def works(self):
        return [self.occupy]

    def occupy(self, end):
        mine = self.shop.db.session()
        mine.query('SET GLOBAL max_connections = 12')
        held = []
        try:
            while time.monotonic() < end:
                for row in mine.rows('SELECT ID FROM information_schema'
                                     '.PROCESSLIST WHERE USER ='
                                     f" '{database.USER}'"):
                    try:
                        mine.query(f'KILL {row[0]}')
                    except wire.MysqlError:
                        pass
                    try:
                        held.append(self.shop.db.session())
                    except (wire.MysqlError, wire.LostConnection):
                        pass
                time.sleep(0.05)
            self.tally.fault('max_connections reached')
        finally:
            mine.query('SET GLOBAL max_connections = 300')
            for session in [*held, mine]:
                session.close()


class ReadOnly(Outside):
    """The server is read-only for some seconds, as in a fail-over."""

    name = 'read-only'
    troubles = True

    def works(self):
        return [self.fail_over]

    def fail_over(self, end):
        with self.shop.db.session() as db:
            db.query('SET GLOBAL read_only = 1')
            time.sleep(max(0, end - time.monotonic()))
            db.query('SET GLOBAL read_only = 0')
        self.tally.fault('read_only')


class DiskFull(UnderLoad):
    """The data folder's file system is full for some seconds."""

    name = 'disk-full'
    troubles = True
    load_options = {'keyed': 1.0, 'clients': 48, 'think_ms': 0, 'look': 0}
    nightly_rounds = 30

    # The server's own log lines about failed writes are allowed.
    MEGABYTES = 400

    def setup(self):
        self.mounted = os.path.join(self.folder(), 'small')
        os.makedirs(self.mounted, exist_ok=True)
        done = subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', f'size={self.MEGABYTES}m',
             'tmpfs', self.mounted], capture_output=True, text=True,
            check=False)
        if done.returncode:
            self.mounted = None
            raise Skip('a small file system cannot be mounted: '
                       + done.stderr.strip())
        self.shop_options = {'datadir': os.path.join(self.mounted, 'data')}
        super().setup()

    def teardown(self):
        problems = super().teardown()
        self.shop = None
        if self.mounted:
            subprocess.run(['umount', '-l', self.mounted], check=False)
            self.mounted = None
        return problems

    def strike(self):
        path = os.path.join(self.mounted, 'filler')
        with open(path, 'wb') as f:
            try:
                while True:
                    f.write(bytes(1 << 20))
            except OSError:
                pass
            try:
                f.close()
            except OSError:
                pass
        free = os.statvfs(self.mounted).f_bavail
        if free:
            with open(path + '2', 'wb') as f:
                try:
                    f.write(bytes(free * 4096))
                    f.flush()
                except OSError:
                    pass
        self.tally.fault('disk full')
        time.sleep(3)
        for name in (path, path + '2'):
            if os.path.exists(name):
                os.unlink(name)
        if not self.shop.db.process.alive():
            self.tally.fault('database gave up on a full disk')
            self.shop.db.start()
        elif not self.shop.db.answers():
            raise Failure('the database does not answer after a full disk')


SCENARIOS = [Locks, Kills, MaxConnections, ReadOnly, DiskFull]
