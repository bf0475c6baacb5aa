"""A client in plain bytes: for cancel requests, and for leaving at any moment."""

import socket
import struct


def message(kind, body=b""):
    """One message of the protocol."""
    return kind + struct.pack("!i", len(body) + 4) + body


def query(text):
    """A simple query."""
    return message(b"Q", text.encode() + b"\0")


def extended(text, end=message(b"S")):
    """The same in the extended protocol; `end` may be Flush instead of Sync."""
    return (message(b"P", b"\0" + text.encode() + b"\0\0\0") + message(b"B", b"\0\0\0\0\0\0\0\0")
            + message(b"E", b"\0\0\0\0\0") + end)


def cancel(port, process, key):
    """Sends a cancel request and waits until its socket is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(struct.pack("!iiii", 16, 80877102, process, key))
        try:
            while connection.recv(64):
                pass
        except ConnectionResetError:
            pass


class RawClient:
    """Logged in; `process` and `key` are what its cancel requests need."""

    def __init__(self, port, database="app", user="postgres"):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        body = f"user\0{user}\0database\0{database}\0\0".encode()
        self.socket.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
        hello = self.receive()
        at = hello.index(b"K\0\0\0\x0c")
        self.process, self.key = struct.unpack("!ii", hello[at + 5:at + 13])

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Everything up to the next ReadyForQuery, or the end."""
        data = b""
        while not (data[-6:-1] == b"Z\0\0\0\5" and data[-1:] in (b"I", b"T", b"E")):
            chunk = self.socket.recv(65536)
            if not chunk:
                return data
            data += chunk
        return data

    def ask(self, data):
        """Sends and receives."""
        self.send(data)
        return self.receive()

    def cancel(self):
        """Cancels what this client runs."""
        cancel(self.port, self.process, self.key)

    def close(self):
        """As a client that has nothing to say."""
        self.socket.close()

    def vanish(self):
        """As one whose machine resets the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
