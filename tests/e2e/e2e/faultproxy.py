"""A network between foretop and a server that can be told to fail: TCP on loopback, passed on byte by byte."""
import contextlib
import socket
import struct
import threading
import time

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset


class Link:
    """One connection through the proxy, and how it fails."""

    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.dead = False  # nothing passes any more, and nobody is told
        self.over = False
        self.left = None  # bytes that still pass to the client before the cut

    def cut(self):
        self.over = True
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with contextlib.suppress(OSError):  # wakes who reads; the close then sends the reset
                end.shutdown(socket.SHUT_RD)
            with contextlib.suppress(OSError):
                end.close()


class FaultProxy:
    """Passes connections on to a port of loopback. Or as a proxy for CONNECT: then whatever name is asked for is that
    server, and the heads of all requests are kept."""

    def __init__(self, port, connect=False):
        self.target = port
        self.speaks_connect = connect
        self.heads = []
        self.lock = threading.Lock()
        self.links = set()
        self.mode = "pass"
        self.delay_s = 0.0
        self.cuts = 0  # by cut_after()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()

    # --- what it does to the network ---

    def mend(self):
        """New connections pass; those that are dead stay so."""
        with self.lock:
            self.mode, self.delay_s = "pass", 0.0

    def cut(self):
        """All connections are reset, and so is every new one."""
        with self.lock:
            self.mode, links = "cut", list(self.links)
        for link in links:
            link.cut()

    def go_silent(self):
        """Half-open: what stands stays open and carries nothing, for ever; new connections too, until mend()."""
        with self.lock:
            self.mode = "silent"
            for link in self.links:
                link.dead = True

    def cut_after(self, size):
        """The next bytes to each client pass, then its connection is reset: in the middle of a frame or a body."""
        with self.lock:
            for link in self.links:
                link.left = size

    def delay(self, seconds):
        """What passes comes that much later, in both directions."""
        with self.lock:
            self.delay_s = seconds

    # --- passing on ---

    def _accept(self):
        while True:
            client, _peer = self.listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self.lock:
            mode = self.mode
        if mode == "cut":
            Link(client, client).cut()
            return
        link = None
        try:
            if self.speaks_connect and mode == "pass" and not self._greet(client):
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            server.settimeout(None)
            if self.speaks_connect and mode == "pass":
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            link = Link(client, server)
        except OSError:
            Link(client, client).cut()
            return
        with self.lock:
            link.dead = self.mode == "silent"
            cut = self.mode == "cut"
            self.links.add(link)
        if cut:
            link.cut()
        pumps = [threading.Thread(target=self._pump, args=(link, *ends), daemon=True)
                 for ends in ((client, server, False), (server, client, True))]
        for pump in pumps:
            pump.start()
        for pump in pumps:
            pump.join()
        link.cut()
        with self.lock:
            self.links.discard(link)

    def _greet(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = client.recv(1)
            if not byte:
                return False
            head += byte
        with self.lock:
            self.heads.append(head.decode("latin-1"))
        return head.startswith(b"CONNECT ")

    def _pump(self, link, source, sink, to_client):
        while True:
            try:
                data = source.recv(CHUNK)
                if link.over:
                    return
                if link.dead:
                    if not data:
                        if not to_client:
                            link.cut()
                        return  # when the server gives up, the client is not told
                    continue
                if self.delay_s:
                    time.sleep(self.delay_s)
                if to_client and link.left is not None:
                    sink.sendall(data[:link.left])
                    link.left -= min(link.left, len(data))
                    if link.left == 0:
                        link.cut()
                        with self.lock:
                            self.cuts += 1
                        return
                elif data:
                    sink.sendall(data)
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
            except OSError:
                link.cut()
                return
