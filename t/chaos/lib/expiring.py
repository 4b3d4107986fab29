"""A shop with workers that expire its holds, without SNS, SQS and factory."""

import os

import shop as shops
from parts import Emulator, Factory, Worker
from process import Failure, wait_until


class ExpiringShop(shops.Shop):
    """Its workers reach neither SNS nor SQS: orders stay in the outbox."""

    def __init__(self, folder, template, workers_run=1, **options):
        super().__init__(folder, template, **options)
        self.workers_run = workers_run
        self.workers = []

    def start(self):
        super().start()
        emulator = Emulator(os.path.join(self.folder, 'emulator'))
        factory = Factory(os.path.join(self.folder, 'factory'))
        for n in range(self.workers_run):
            worker = Worker(
                os.path.join(self.folder, f'worker{n}'), emulator, factory,
                f'http://{self.hosts[0].url}/product/{{sku}}',
                os.path.join(self.hosts[0].folder, 'secret'),
                DB_SOCKET=self.db.socket)
            self.workers.append(worker)
            worker.start()

    def stop(self):
        problems = []
        for worker in self.workers:
            try:
                status = worker.stop()
                if status:
                    problems.append(f'{worker.name} ended with {status}')
            except Failure as e:
                problems.append(str(e))
        return problems + super().stop()

    def parts(self):
        return self.workers

    def long_lived(self):
        return super().long_lived() + [
            (worker.name, worker.process.pid) for worker in self.workers]

    def all_expire(self, timeout=30):
        """Waits until no hold is past its time; returns the database's time."""
        def none_due():
            with self.db.session(timeout=5) as db:
                return not db.value(
                    "SELECT COUNT(*) FROM stock_hold WHERE state = 'held' AND"
                    ' expires_at < UTC_TIMESTAMP(6)')
        wait_until('the due holds expire', none_due, timeout, 0.1)
