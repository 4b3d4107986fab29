"""A Galera cluster of three, in which each nginx host writes to another node,
while nodes are killed, disconnected and restarted."""

import os
import re
import shutil
import subprocess
import time

import database
import shop as shops
import wire
from nginx import Nginx
from process import Failure, free_port, wait_until
from scenario import Skip
from under_load import UnderLoad

PROVIDER = ('gcache.size=32M;evs.keepalive_period=PT0.2S;'
            'evs.suspect_timeout=PT1.5S;evs.inactive_timeout=PT3S;'
            'evs.install_timeout=PT3S;pc.recovery=false;'
            'gmcast.listen_addr=tcp://127.0.0.1:{group};'
            'ist.recv_addr=127.0.0.1:{state};base_port={group}')


NO_POSITION = '00000000-0000-0000-0000-000000000000:-1'


def position_in(log, recovery):
    """The position that a recovery wrote into that log; empty where it ended
    without one, None before it wrote any."""
    over = recovery.poll() is not None
    with open(log, encoding='utf-8', errors='replace') as f:
        found = re.search(r'Recovered position: (\S+)\n', f.read())
    return found.group(1) if found else NO_POSITION if over else None


class Node(database.Database):
    """One of the cluster."""

    def __init__(self, folder, number, groups):
        self.group = groups[number]
        others = ','.join(f'127.0.0.1:{g}' for g in groups)
        super().__init__(folder, [
            '--wsrep-on=ON', f'--wsrep-provider={database.find_galera()}',
            '--wsrep-cluster-name=chaos',
            f'--wsrep-node-name=node{number}',
            f'--wsrep-node-address=127.0.0.1:{self.group}',
            f'--wsrep-cluster-address=gcomm://{others}',
            '--wsrep-sst-method=rsync',
            f'--wsrep-sst-receive-address=127.0.0.1:{free_port()}',
            '--binlog-format=ROW', '--innodb-autoinc-lock-mode=2',
            '--wsrep-slave-threads=2', '--wsrep-provider-options='
            + PROVIDER.format(group=self.group, state=free_port())])
        self.always = list(self.options)
        self.cluster = [self]

    def begin_cluster(self):
        path = os.path.join(self.data, 'grastate.dat')
        if os.path.exists(path):
            with open(path, encoding='ascii') as f:
                state = f.read()
            with open(path, 'w', encoding='ascii') as f:
                f.write(re.sub(r'safe_to_bootstrap: 0',
                               'safe_to_bootstrap: 1', state))
        self.options = self.always + ['--wsrep-new-cluster']
        super().start()
        self.options = self.always

    def start(self, wait=True):
        """Also after a kill: from InnoDB's position."""
        self.open_up()
        self.options = self.always \
            + [f'--wsrep-start-position={self.position()}']
        super().start(False)
        if wait:
            self.wait()

    def wait(self, timeout=120):
        """A node that could not join the cluster is started again, as systemd
        does; one whose state transfer hangs is killed and started again,
        once, as an operator does.  A cluster that has lost its majority for 10
        seconds is begun again."""
        end = time.monotonic() + timeout
        hangs = end - timeout / 2
        lost = None
        while not self.answers():
            if not self.no_majority():
                lost = None
            elif lost is None:
                lost = time.monotonic()
            elif time.monotonic() > lost + 10:
                lost = None
                self.new_majority()
            if hangs and time.monotonic() > hangs:
                hangs = None
                self.kill()
                self.start(False)
            if time.monotonic() > end:
                raise Failure('a node does not join the cluster again:\n'
                              + self.process.tail())
            if not self.process.alive():
                self.start(False)
            time.sleep(0.1)

    def status(self, name):
        """A status variable's value, None where the node does not answer."""
        try:
            with self.session(None, timeout=2) as db:
                return dict(db.rows(f"SHOW STATUS LIKE '{name}'")).get(name)
        except (OSError, wire.MysqlError, wire.LostConnection):
            return None

    def no_majority(self):
        """Whether all nodes that answer are in a component that is not the
        primary one.  Nodes that are killed soon after they have joined count
        as members that went away, until those that are left are no
        majority."""
        states = [node.status('wsrep_cluster_status') for node in self.cluster]
        states = [state for state in states if state is not None]
        return set(states) == {'non-Primary'}

    def new_majority(self):
        """Makes the component primary again, by the node with the last
        transaction, as an operator does (pc.bootstrap)."""
        last = {node: int(node.status('wsrep_last_committed') or -1)
                for node in self.cluster}
        with max(last, key=last.get).session(None) as db:
            db.query("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")

    def open_up(self):
        """A root's rsync receives the state transfer as nobody."""
        for folder, _, names in os.walk(self.data):
            os.chmod(folder, 0o777)
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and os.path.isfile(path):
                    os.chmod(path, 0o666)

    def position(self):
        """InnoDB's last transaction.  Only the recovery's line about it is
        needed: after it MariaDB 10.11.19 sometimes does not end, and
        allocates 200 MB per second until memory is out."""
        log = os.path.join(self.folder, 'recover.log')
        with open(log, 'wb') as out:
            recovery = subprocess.Popen(
                ['mariadbd', '--no-defaults', f'--datadir={self.data}',
                 '--wsrep-on=ON', '--wsrep-recover',
                 f'--wsrep-provider={database.find_galera()}',
                 '--wsrep-cluster-address=gcomm://', '--binlog-format=ROW',
                 f'--socket={self.socket}.r', '--skip-networking',
                 '--innodb-log-file-size=32M',
                 '--innodb-buffer-pool-size=64M'] + database.as_user(),
                stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT)
        try:
            return wait_until('InnoDB reports its position',
                              lambda: position_in(log, recovery), 30)
        finally:
            try:
                recovery.wait(2)
            except subprocess.TimeoutExpired:
                recovery.kill()
                recovery.wait()

    def answers(self):
        """Whether it is in the cluster and synchronized."""
        try:
            with self.session(None, timeout=2) as db:
                return db.rows("SHOW STATUS LIKE 'wsrep_ready'") \
                    == [('wsrep_ready', 'ON')]
        except (OSError, wire.MysqlError, wire.LostConnection):
            return False


def each_its_own(nodes, number):
    """The lines of a host that writes to one node."""
    return f'unix:{nodes[number].socket};'


def all_nodes(nodes, _):
    """Those of a host that writes to the first node that works."""
    first, *others = (f'unix:{node.socket} fail_timeout=500ms;'
                      for node in nodes)
    return (first + ''.join(f' server {other}' for other in others)
            + ' replication synchronous;')


class GaleraShop(shops.Shop):
    """Two hosts at two of three nodes, or at the first that works."""

    def __init__(self, folder, template, servers=each_its_own, **nginx):
        super().__init__(folder, template, hosts=0, **nginx)
        self.servers = servers
        groups = [free_port() for _ in range(3)]
        self.nodes = [Node(os.path.join(folder, f'node{n}'), n, groups)
                      for n in range(3)]
        for node in self.nodes:
            node.cluster = self.nodes
        shutil.rmtree(self.db.folder)
        self.db = self.nodes[0]
        self.db.install(template)

    def start(self):
        first = self.nodes[0]
        first.begin_cluster()
        first.prepare()
        first.stop()
        for node in self.nodes[1:]:
            shutil.copytree(first.data, node.data)
        first.begin_cluster()
        for node in self.nodes[1:]:
            node.start()
        for n in range(2):
            host = Nginx(os.path.join(self.folder, f'nginx{n}'),
                         self.servers(self.nodes, n).rstrip(';'),
                         **self.host_options)
            self.hosts.append(host)
            host.start()

    def stop(self):
        problems = super().stop()
        for node in self.nodes[1:]:
            if node.process and node.process.alive():
                node.go_on()
                node.kill()
        return problems

    def agree(self):
        """The same stock and the same ledger on every node."""
        query = ('SELECT (SELECT GROUP_CONCAT(sku, stock ORDER BY sku) FROM'
                 ' product), (SELECT COUNT(*) FROM stock_movement_key),'
                 ' (SELECT GROUP_CONCAT(state, n ORDER BY state) FROM (SELECT'
                 ' state, COUNT(*) AS n FROM stock_hold GROUP BY state) h),'
                 ' (SELECT SUM(quantity) FROM stock_return),'
                 ' COUNT(*), SUM(quantity), SUM(sales),'
                 ' SUM(CRC32(sale_list)) FROM stock_movement')

        def same():
            seen = set()
            try:
                for node in self.nodes:
                    with node.session() as db:
                        seen.add(str(db.rows(query)))
            except (OSError, wire.MysqlError, wire.LostConnection):
                return False
            return len(seen) == 1
        wait_until('all nodes have the same rows', same, 20, 0.1)

    def conflicts(self):
        """Transactions that another node's transaction undid."""
        total = 0
        for node in self.nodes:
            with node.session() as db:
                for _, value in db.rows(
                        "SHOW STATUS WHERE Variable_name IN"
                        " ('wsrep_local_cert_failures',"
                        " 'wsrep_local_bf_aborts')"):
                    total += int(value)
        return total


class Galera(UnderLoad):
    """A node of three is killed, stopped or restarted under load."""

    name = 'galera'
    nightly_rounds = 100
    load_options = {'clients': 32, 'think_ms': 2}
    servers = staticmethod(each_its_own)

    def setup(self):
        if not database.find_galera():
            raise Skip('Galera is not installed: apt-get install galera-4')
        self.shop = GaleraShop(self.folder(), self.env.template(),
                               servers=self.servers, query='1500ms', timeout='4000ms')
        self.shop.start()

    def strike(self):
        node = self.rng.choice(self.shop.nodes)
        number = self.shop.nodes.index(node)
        time.sleep(0.5)
        how = self.rng.choice(('kill', 'kill', 'pause', 'nothing'))
        if how == 'kill':
            node.kill()
            self.tally.fault('kill -9 Galera node')
            time.sleep(self.rng.choice((0.3, 1, 3)))
            node.start()
        elif how == 'pause':
            node.pause()
            self.tally.fault('SIGSTOP Galera node')
            time.sleep(shops.LONG + 1)
            node.go_on()
        else:
            time.sleep(1)
        self.env.say(f'  # node {number}: {how}')
        for other in self.shop.nodes:
            other.wait()
        self.shop.agree()

    def finish(self, number):
        self.shop.agree()
        conflicts = self.shop.conflicts()
        self.tally.notes['Galera conflicts so far'] = [conflicts]
        if not conflicts:
            raise Failure('the nodes had no conflict: nothing was tested')
        return super().finish(number)


class GaleraServers(Galera):
    """Every host has all nodes configured.  The one that they write to is
    killed or stopped: they continue at the next one, and return."""

    name = 'galera-servers'
    nightly_rounds = 20
    servers = staticmethod(all_nodes)

    def strike(self):
        time.sleep(0.5)
        before = self.failovers()
        node = self.shop.nodes[0]
        if self.rng.choice((True, True, False)):
            node.kill()
            self.tally.fault('kill -9 the node in use')
            time.sleep(self.rng.choice((0.3, 1, 3)))
            node.start()
        else:
            node.pause()
            self.tally.fault('SIGSTOP the node in use')
            time.sleep(shops.LONG + 1)
            node.go_on()
        for other in self.shop.nodes:
            other.wait()
        wait_until('every host has left the node and is back at it',
                   lambda: self.failovers() >= before
                   + 2 * len(self.shop.hosts) and self.are_back(), 60, 0.1)
        self.shop.agree()

    def figures(self):
        """For each server of all hosts: its position and its figures."""
        for host in self.shop.hosts:
            told = host.status()['databases']['shop']['servers']
            yield from enumerate(told)

    def failovers(self):
        """Changes of all worker processes so far."""
        return sum(told['failovers'] for _, told in self.figures())

    def are_back(self):
        """No worker process sells at another server."""
        return not any(told['sales_workers'] for place, told
                       in self.figures() if place)

    def finish(self, number):
        self.shop.agree()
        return UnderLoad.finish(self, number)


class GaleraCarts(Galera):
    """Carts of the same products in opposite orders, written at two nodes at
    once: they conflict, and all are answered."""

    name = 'galera-carts'
    nightly_rounds = 10
    load_options = {'clients': 32, 'think_ms': 2, 'leave': 0, 'carts': 0.9,
                    'skus': {'D': 1, 'E': 1, 'F': 1, 'G도너츠': 1}}

    # Share of answers 503, after the transaction was run again until the
    # deadline.
    refused_allowed = 0.02

    def run(self, number):
        text = super().run(number)
        counts = self.shop.counts
        refused = counts.get('503', 0)
        if refused > sum(counts.values()) * self.refused_allowed:
            raise Failure(f'{refused} of {counts} were answered 503')
        self.expect = {'all_answered': not refused}
        return f'{text}, {counts}'

    def strike(self):
        time.sleep(2)


SCENARIOS = [Galera, GaleraServers, GaleraCarts]
