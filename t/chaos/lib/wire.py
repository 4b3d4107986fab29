"""The part of the MySQL protocol that the tests need: packets, a blocking
client, and the answers of a fake server.  It is not a part of the product."""

import hashlib
import re
import socket
import struct

COM_QUIT = 0x01
COM_QUERY = 0x03
COM_STMT_PREPARE = 0x16
COM_STMT_EXECUTE = 0x17

CLIENT_LONG_PASSWORD = 1
CLIENT_FOUND_ROWS = 2
CLIENT_CONNECT_WITH_DB = 8
CLIENT_PROTOCOL_41 = 512
CLIENT_TRANSACTIONS = 8192
CLIENT_SECURE_CONNECTION = 32768
CLIENT_MULTI_STATEMENTS = 1 << 16
CLIENT_MULTI_RESULTS = 1 << 17
CLIENT_PLUGIN_AUTH = 1 << 19

SERVER_MORE_RESULTS = 8
BINARY_CHARSET = 63
NUMBER_TYPES = {1, 2, 3, 8, 9, 13}


class MysqlError(Exception):
    """An error packet: .code is the server's."""

    def __init__(self, code, text):
        super().__init__(f'{code}: {text}')
        self.code = code


class LostConnection(Exception):
    """The socket was closed or failed before the answer was complete."""


def frame(seq, payload):
    """One packet; longer ones than 16 MB are not supported."""
    return struct.pack('<I', len(payload))[:3] + bytes([seq & 255]) + payload


def read_lenenc(data, at):
    """A length-encoded integer: (value or None for NULL, next offset)."""
    first = data[at]
    if first < 0xfb:
        return first, at + 1
    if first == 0xfb:
        return None, at + 1
    width = {0xfc: 2, 0xfd: 3, 0xfe: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + width], 'little'), at + 1 + width


def lenenc(value):
    """A length-encoded integer as bytes."""
    if value < 0xfb:
        return bytes([value])
    if value < 1 << 16:
        return b'\xfc' + struct.pack('<H', value)
    if value < 1 << 24:
        return b'\xfd' + struct.pack('<I', value)[:3]
    return b'\xfe' + struct.pack('<Q', value)


def lenenc_text(data):
    return lenenc(len(data)) + data


def ok_packet(affected=0, insert_id=0, status=2, warnings=0):
    return (b'\0' + lenenc(affected) + lenenc(insert_id)
            + struct.pack('<HH', status, warnings))


def error_packet(code, text, state='HY000'):
    return (b'\xff' + struct.pack('<H', code) + b'#' + state.encode()
            + text.encode())


def describe(payload):
    """The kind of a server's packet, as a word for logs."""
    if not payload:
        return 'empty'
    if payload[0] == 0xff and len(payload) >= 3:
        return f'error {struct.unpack_from("<H", payload, 1)[0]}'
    if payload[0] == 0 and len(payload) >= 7:
        return 'ok'
    if payload[0] == 0xfe and len(payload) < 9:
        return 'eof'
    return f'data {len(payload)}'


def scramble(password, salt):
    """mysql_native_password."""
    if not password:
        return b''
    one = hashlib.sha1(password.encode()).digest()
    two = hashlib.sha1(salt + hashlib.sha1(one).digest()).digest()
    return bytes(a ^ b for a, b in zip(one, two))


class Result:
    """Rows (tuples) of a SELECT, or the counts of an OK packet."""

    def __init__(self, rows=None, affected=0, status=0):
        self.rows = rows
        self.affected = affected
        self.status = status


class Connection:
    """A blocking client of one session."""

    def __init__(self, socket_path=None, host='127.0.0.1', port=None,
                 user='root', password='', database=None, timeout=30):
        if socket_path:
            self.sock = socket.socket(socket.AF_UNIX)
            where = socket_path
        else:
            self.sock = socket.socket(socket.AF_INET)
            where = (host, port)
        self.sock.settimeout(timeout)
        self.buffer = b''
        self.seq = 0
        try:
            self.sock.connect(where)
            self._login(user, password, database)
        except BaseException:
            self.sock.close()
            raise

    def _need(self, count):
        while len(self.buffer) < count:
            more = self.sock.recv(1 << 16)
            if not more:
                raise LostConnection('the server closed the connection')
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _read(self):
        payload = b''
        while True:
            head = self._need(4)
            length = int.from_bytes(head[:3], 'little')
            self.seq = head[3] + 1
            payload += self._need(length)
            if length < 0xffffff:
                return payload

    def _send(self, payload):
        self.sock.sendall(frame(self.seq, payload))

    def _login(self, user, password, database):
        hello = self._read()
        if hello[:1] == b'\xff':
            raise self._error(hello)
        end = hello.index(b'\0', 1)
        self.thread_id = struct.unpack_from('<I', hello, end + 1)[0]
        salt = hello[end + 5:end + 13] + hello[end + 32:end + 44]
        flags = (CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_FOUND_ROWS
                 | CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION
                 | CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS
                 | CLIENT_PLUGIN_AUTH)
        if database:
            flags |= CLIENT_CONNECT_WITH_DB
        answer = scramble(password, salt)
        self._send(struct.pack('<IIB23x', flags, 1 << 24, 45)
                   + user.encode() + b'\0' + bytes([len(answer)]) + answer
                   + (database.encode() + b'\0' if database else b'')
                   + b'mysql_native_password\0')
        reply = self._read()
        if reply[:1] == b'\xfe':
            salt = reply[reply.index(b'\0') + 1:].rstrip(b'\0')
            self._send(scramble(password, salt))
            reply = self._read()
        if reply[:1] == b'\xff':
            raise self._error(reply)

    @staticmethod
    def _error(payload):
        text = payload[3:]
        if text[:1] == b'#':
            text = text[6:]
        return MysqlError(struct.unpack_from('<H', payload, 1)[0],
                          text.decode('utf-8', 'replace'))

    def _rows(self, columns):
        kinds = []
        for _ in range(columns):
            data = self._read()
            at = 0
            for _ in range(6):
                length, at = read_lenenc(data, at)
                at += length
            charset, kind = struct.unpack_from('<xHIB', data, at)[0::2]
            kinds.append((charset, kind))
        self._read()
        rows = []
        while True:
            data = self._read()
            if data[0] == 0xff:
                raise self._error(data)
            if data[0] == 0xfe and len(data) < 9:
                return rows, struct.unpack_from('<H', data, 3)[0]
            rows.append(self._row(data, kinds))

    @staticmethod
    def _row(data, kinds):
        row, at = [], 0
        for charset, kind in kinds:
            length, at = read_lenenc(data, at)
            if length is None:
                row.append(None)
                continue
            value = data[at:at + length]
            at += length
            if kind in NUMBER_TYPES:
                value = int(value)
            elif charset != BINARY_CHARSET or kind in (7, 10, 11, 12, 246):
                value = value.decode('utf-8', 'replace')
            row.append(value)
        return tuple(row)

    def send(self, sql):
        """Sends a statement without waiting for its result."""
        self.seq = 0
        self._send(bytes([COM_QUERY]) + sql.encode())

    def receive(self):
        """The results of what was sent, one for each statement."""
        results = []
        while True:
            reply = self._read()
            if reply[0] == 0xff:
                raise self._error(reply)
            if reply[0] == 0:
                affected, at = read_lenenc(reply, 1)
                _, at = read_lenenc(reply, at)
                status = struct.unpack_from('<H', reply, at)[0]
                results.append(Result(None, affected, status))
            else:
                count, _ = read_lenenc(reply, 0)
                rows, status = self._rows(count)
                results.append(Result(rows, len(rows), status))
            if not status & SERVER_MORE_RESULTS:
                return results

    def query(self, sql):
        """Runs a statement (or several); the last one's Result."""
        self.send(sql)
        return self.receive()[-1]

    def rows(self, sql):
        return self.query(sql).rows

    def value(self, sql):
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def script(self, text):
        """Runs a file of statements that each end with ';' at line's end."""
        for part in re.split(r';[ \t]*\n', text):
            lines = [line for line in part.split('\n')
                     if not line.lstrip().startswith('--')]
            sql = '\n'.join(lines).strip().rstrip(';')
            if sql:
                self.query(sql)

    def close(self):
        try:
            self.seq = 0
            self._send(bytes([COM_QUIT]))
        except OSError:
            pass
        self.sock.close()

    def abort(self):
        """Closes the socket without COM_QUIT."""
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
