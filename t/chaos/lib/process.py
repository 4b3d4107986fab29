"""Processes that the chaos rounds start, and end by their pid."""

import ctypes
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    """The test itself failed; not a finding about the product."""


def adopt_orphans():
    """Children of killed children become children of this process, so that it
    can end all."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def guard(folder):
    """However this process ends, also by SIGKILL, the processes of the run end
    with it: a process in another session waits for the end of a pipe whose
    other end only this process has."""
    reader, guard.writer = os.pipe()
    if os.fork():
        os.close(reader)
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    os.dup2(reader, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.closerange(3, 4096)
    os.read(0, 1)
    end_all(os.path.realpath(folder))
    os._exit(0)


def end_all(folder):
    """Kills the processes that write into a file of the folder, which are only
    those of its run, and unmounts what is mounted there."""
    end = time.monotonic() + 30
    while time.monotonic() < end and (pids := writers(folder)):
        for pid in pids:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
    with open('/proc/self/mounts', encoding='utf-8') as f:
        mounted = [line.split()[1] for line in f]
    for path in mounted:
        if path.startswith(folder + '/'):
            subprocess.run(['umount', '-l', path], check=False)


def writers(folder):
    """The processes that have a file below the folder open for writing."""
    return [int(name) for name in os.listdir('/proc')
            if name.isdigit() and int(name) != os.getpid()
            and writes_into(f'/proc/{name}', folder)]


def writes_into(proc, folder):
    try:
        for number in os.listdir(proc + '/fd'):
            if not os.readlink(f'{proc}/fd/{number}') \
                    .startswith(folder + '/'):
                continue
            with open(f'{proc}/fdinfo/{number}', encoding='ascii') as f:
                flags = re.search(r'^flags:\s*(\d+)', f.read(), re.M)
            if int(flags.group(1), 8) & os.O_ACCMODE != os.O_RDONLY:
                return True
    except OSError:
        pass
    return False


def free_port(given=set()):
    """A port below those that the kernel uses for connections: while a server
    is down, no connection uses its port or connects to itself."""
    with open('/proc/sys/net/ipv4/ip_local_port_range', encoding='ascii') \
            as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(10000, max(first, 20000))
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port


def wait_until(what, test, timeout=15, step=0.02):
    """Waits until test() returns a true value; returns it."""
    end = time.monotonic() + timeout
    while True:
        found = test()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f'{what}: not within {timeout} s')
        time.sleep(step)


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') \
                as f:
            return f.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def children(pid):
    """The direct children of a process, oldest first."""
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open(f'/proc/{name}/stat', encoding='ascii',
                      errors='replace') as f:
                parts = f.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(parts[1]) == pid and parts[0] != 'Z':
            found.append(int(name))
    return sorted(found)


def reap():
    """Waits for adopted children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def send(pid, number):
    """Sends a signal; False where the process has ended."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def descriptors(pid):
    """The descriptors of a process, without those that change by themselves."""
    try:
        return len(os.listdir(f'/proc/{pid}/fd'))
    except OSError:
        return 0


def anonymous_kb(pid):
    try:
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            for line in f:
                if line.startswith('RssAnon:'):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class Helper(threading.Thread):
    """A thread whose failure is the round's: join() raises it."""

    def __init__(self, function, *args):
        super().__init__(daemon=True)
        self.work = function, args
        self.error = None

    def run(self):
        function, args = self.work
        try:
            function(*args)
        except Exception as e:
            self.error = e

    def join(self, timeout=60):
        super().join(timeout)
        if self.is_alive():
            raise Failure('a helper of the round does not end')
        if self.error:
            raise Failure(f'a helper of the round failed: {self.error!r}')


class Process:
    """One child with its output in a file."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name = name
        self.log = log
        with open(log, 'ab') as out:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=env, cwd=cwd, start_new_session=True)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def tell(self, number):
        return self.alive() and send(self.pid, number)

    def kill(self):
        self.tell(signal.SIGKILL)
        self.popen.wait()

    def stop(self, timeout=20):
        """SIGTERM and wait; the exit status."""
        self.tell(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f'{self.name} did not stop within {timeout} s')

    def tail(self, lines=15):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return ''.join(f.readlines()[-lines:])
