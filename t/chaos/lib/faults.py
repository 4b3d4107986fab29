"""Faults on the module's side.  Each function starts a fault and returns the
function that ends it (None: nothing to do)."""

import signal
import time

from process import (Failure, alive, children, reap, send, wait_until)
from shop import LONG


def kill_database(scenario):
    scenario.shop.db.kill()
    scenario.tally.fault('kill -9 database')
    time.sleep(scenario.rng.choice((0, 0.1, 0.5, 1.5)))
    return scenario.shop.db.start


def pause_database(scenario):
    scenario.shop.db.pause()
    scenario.tally.fault('SIGSTOP database')
    time.sleep(LONG)
    return scenario.shop.db.go_on


def restart_database(scenario):
    scenario.shop.db.stop()
    scenario.tally.fault('restart database')
    time.sleep(scenario.rng.random())
    return scenario.shop.db.start


def a_worker(scenario):
    """A worker of a host that has any: a killed master has none."""
    hosts = wait_until('an nginx has workers', lambda: [
        (host, pids) for host in scenario.shop.hosts
        if (pids := host.worker_pids())])
    host, pids = scenario.rng.choice(hosts)
    return host, scenario.rng.choice(pids)


def kill_nginx_worker(scenario):
    _, pid = a_worker(scenario)
    send(pid, signal.SIGKILL)
    scenario.shop.forgiven.append(rf'process {pid} exited on signal 9')
    scenario.tally.fault('kill -9 nginx worker')
    return None


def pause_nginx_worker(scenario):
    _, pid = a_worker(scenario)
    send(pid, signal.SIGSTOP)
    scenario.tally.fault('SIGSTOP nginx worker')
    time.sleep(LONG)
    return lambda: send(pid, signal.SIGCONT)


def kill_nginx_master(scenario):
    """Its workers continue to serve without it until a new master has taken
    over."""
    host = scenario.rng.choice(scenario.shop.hosts)
    master = host.master()
    orphans = children(master)
    send(master, signal.SIGKILL)
    wait_until('the master has ended', lambda: reap() or not alive(master))
    scenario.tally.fault('kill -9 nginx master')
    time.sleep(scenario.rng.random())

    def heal():
        host.start()
        for pid in orphans:
            send(pid, signal.SIGQUIT)
        wait_until('the orphans have left',
                   lambda: reap() or not any(alive(p) for p in orphans), 40)
    return heal


def pause_nginx_master(scenario):
    """A worker is killed meanwhile: no process starts another."""
    host = scenario.rng.choice(scenario.shop.hosts)
    master = host.master()
    send(master, signal.SIGSTOP)
    victim = scenario.rng.choice(children(master))
    send(victim, signal.SIGKILL)
    scenario.shop.forgiven.append(rf'process {victim} exited on signal 9')
    scenario.tally.fault('SIGSTOP nginx master')
    time.sleep(LONG)
    return lambda: send(master, signal.SIGCONT)


def restart_nginx(scenario):
    host = scenario.rng.choice(scenario.shop.hosts)
    how = scenario.rng.choice((signal.SIGTERM, signal.SIGQUIT))
    host.stop(how)
    scenario.tally.fault(f'restart nginx ({how.name})')
    return host.start


def kill_nginx(scenario):
    """Master and workers at once."""
    host = scenario.rng.choice(scenario.shop.hosts)
    master = host.master()
    pids = [master, *children(master)]
    for pid in pids:
        send(pid, signal.SIGKILL)
    wait_until('nginx is dead',
               lambda: reap() or not any(alive(p) for p in pids))
    scenario.tally.fault('kill -9 nginx master')
    scenario.tally.fault('kill -9 nginx worker', len(pids) - 1)
    return host.start


def reload_nginx(scenario):
    host = scenario.rng.choice(scenario.shop.hosts)
    if not host.tell(signal.SIGHUP):
        raise Failure('no master to reload')
    scenario.tally.fault('HUP')
    return None


PLAIN = {
    'kill-db': kill_database, 'pause-db': pause_database,
    'restart-db': restart_database,
    'kill-nginx-worker': kill_nginx_worker,
    'pause-nginx-worker': pause_nginx_worker,
    'kill-nginx-master': kill_nginx_master,
    'pause-nginx-master': pause_nginx_master,
    'kill-nginx': kill_nginx, 'restart-nginx': restart_nginx,
}
