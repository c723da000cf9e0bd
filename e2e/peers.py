#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers for the end-to-end checks that the shell cannot play.

  peers.py send SEED MIB LOG           writes MIB MiB that only SEED gives, says their SHA-256
  peers.py receive LOG [AT SECONDS]    reads to the end, pauses for SECONDS at AT MiB, says SHA-256
  peers.py stalled SENDER RECEIVER     how many seconds the sender was at a standstill while the receiver
                                       paused, in stretches of half a second and more
  peers.py flood ADDRESS READY         writes and reads at one socket until it ends; says how it ended
  peers.py hold ADDRESS HELD GONE      sends a byte; makes the file HELD when one has come back, then GONE
                                       when the connection has ended
  peers.py whole ADDRESS               sends the end, reads to the end; standard error says how it ended
  peers.py after_end ADDRESS           reads to the end, only then sends "later" and the end
  peers.py tls_client PORT TRUST WHO SEND GOT [CUT]
                                       speaks TLS to localhost: sends the file SEND, keeps what comes
                                       in GOT. WHO is "first" when it ends before it reads to the end,
                                       "second" when it waits for the peer's end before it sends.
                                       CUT ends the connection without the end of the stream
  peers.py tls_server KEY WHO SEND GOT says its port, and does the same as a server
  peers.py full                        says a port whose backlog is full, until standard input ends
  peers.py terminal COMMAND...         runs a command on a terminal of its own, shows what it printed
  peers.py interrupt COMMAND...        the same, and types Ctrl-C as soon as it has printed something
  peers.py resized KEYS COMMAND...     runs a command on a terminal of 132 columns and 43 rows; when it
                                       has printed "43 132" it has 100 and 30, and when it has printed
                                       "30 100" KEYS are typed: "ctrl-c" or "nothing"
  peers.py dialogue COMMAND...         runs a command on a terminal of 132 columns and 43 rows and talks to
                                       it as the lines of standard input say: "until TEXT", "type KEYS",
                                       "size ROWS COLUMNS", "ask TEXT|KEYS", which types until TEXT comes
  peers.py left KIND COMMAND...         runs a command whose standard input is a pipe, a socket or a
                                       terminal, writes "hi" there as soon as it has printed "ended",
                                       and shows what it prints then
  peers.py page URL                    asks the operator's page without its token and with it; a line for each
  peers.py without JAR ENTRY OUT       copies a jar without the entries that match ENTRY
  peers.py without_component JAR BUNDLE NAME OUT
                                       copies a jar without a component of a bundle in it

LOG gets lines "SECONDS BYTES". ADDRESS is a port on 127.0.0.1 or the path of a Unix socket.
"""
import fcntl
import fnmatch
import hashlib
import io
import os
import pty
import random
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
import zipfile

MIB = 1 << 20
CHUNK = 256 * 1024


def send(seed, mib, log):
    block = random.Random(seed).randbytes(CHUNK - 8)
    digest = hashlib.sha256()
    with open(log, "w", encoding="ascii", buffering=1) as times:
        for number in range(int(mib) * MIB // CHUNK):
            data = struct.pack(">Q", number) + block
            digest.update(data)
            view = memoryview(data)
            while view:
                view = view[os.write(1, view) :]
            times.write(f"{time.monotonic()} {(number + 1) * CHUNK}\n")
    os.close(1)
    print(digest.hexdigest(), file=sys.stderr)


def receive(log, at="0", seconds="0"):
    digest = hashlib.sha256()
    total = 0
    pause_at = int(at) * MIB
    with open(log, "w", encoding="ascii", buffering=1) as times:
        while data := os.read(0, CHUNK):
            digest.update(data)
            total += len(data)
            if pause_at and total >= pause_at:
                pause_at = 0
                times.write(f"{time.monotonic()} {total}\n")
                time.sleep(float(seconds))
                times.write(f"{time.monotonic()} {total}\n")
    print(digest.hexdigest(), total)


def stalled(sender, receiver):
    with open(receiver, encoding="ascii") as lines:
        start, end = (float(line.split()[0]) for line in lines)
    with open(sender, encoding="ascii") as lines:
        moments = [float(line.split()[0]) for line in lines]
    inside = [start] + [m for m in moments if start < m < end] + [end]
    # The system's buffers may grow once more in the middle, and let a piece through.
    gaps = (b - a for a, b in zip(inside, inside[1:]))
    print(f"{sum(gap for gap in gaps if gap >= 0.5):.2f}")


def connect(address):
    if address.isdigit():
        return socket.create_connection(("127.0.0.1", int(address)))
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(address)
    return peer


def flood(address, ready):
    peer = connect(address)
    peer.setblocking(False)
    data = os.urandom(65536)
    sent = received = 0
    try:
        while True:
            readable, writable, _ = select.select([peer], [peer], [])
            if readable:
                got = len(peer.recv(65536))
                if got == 0:
                    print("end")
                    return
                received += got
            if writable:
                sent += peer.send(data)
            if ready and sent > 4 * MIB and received > 4 * MIB:
                with open(ready, "w", encoding="ascii"):
                    ready = ""
    except OSError as e:
        print(type(e).__name__)


def hold(address, held, gone):
    peer = connect(address)
    peer.sendall(b"x")
    for name in (held, gone):
        # What comes back first, then the end or a reset, for which it waits.
        try:
            peer.recv(1)
        except OSError:
            pass
        with open(name, "w", encoding="ascii"):
            pass


def whole(address):
    peer = connect(address)
    peer.shutdown(socket.SHUT_WR)
    try:
        while data := peer.recv(65536):
            sys.stdout.buffer.write(data)
        print("end", file=sys.stderr)
    except OSError as e:
        print(type(e).__name__, file=sys.stderr)


def after_end(address):
    peer = connect(address)
    while data := peer.recv(65536):
        sys.stdout.buffer.write(data)
    peer.sendall(b"later\n")
    peer.shutdown(socket.SHUT_WR)
    peer.recv(1)


class Secure:
    """TLS over memory buffers, which alone can end one direction and go on with the other."""

    def __init__(self, peer, context, **how):
        self.peer = peer
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **how)
        self.drive(self.tls.do_handshake)

    def flush(self):
        self.peer.sendall(self.outgoing.read())

    def drive(self, step, *arguments):
        while True:
            try:
                result = step(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.peer.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[self.drive(self.tls.write, view[:16384]) :]

    def end(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def read_all(self):
        parts = []
        while True:
            try:
                data = self.drive(self.tls.read, 65536)
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                return b"".join(parts)
            parts.append(data)


def talk(secure, who, send_file, got_file, cut=""):
    with open(send_file, "rb") as file:
        data = file.read()
    if who == "second":
        got = secure.read_all()
    secure.write(data)
    if cut:
        secure.peer.shutdown(socket.SHUT_RDWR)
        return
    secure.end()
    if who == "first":
        got = secure.read_all()
    with open(got_file, "wb") as file:
        file.write(got)
    secure.peer.close()


def tls_client(port, trust, who, send_file, got_file, cut=""):
    context = ssl.create_default_context(cafile=trust)
    peer = socket.create_connection(("127.0.0.1", int(port)))
    talk(Secure(peer, context, server_hostname="localhost"), who, send_file, got_file, cut)


def tls_server(key, who, send_file, got_file):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(key)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    peer, _ = listener.accept()
    talk(Secure(peer, context, server_side=True), who, send_file, got_file)


def full():
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    while True:
        peer = socket.socket()
        peer.settimeout(0.5)
        waiting.append(peer)
        try:
            peer.connect(listener.getsockname())
        except TimeoutError:
            break
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


def terminal(*command, typed=b""):
    start = time.monotonic()
    pid, master = pty.fork()
    if pid == 0:
        # Whoever started us in the background may have ignored it for all its children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], command)
    try:
        while data := os.read(master, 4096):
            sys.stdout.buffer.write(data)
            # The terminal drops what it has not shown when it is interrupted, so a line comes first.
            if data.endswith(b"\n"):
                os.write(master, typed)
                typed = b""
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    sys.stdout.flush()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(f"status {status} {time.monotonic() - start:.2f}")


def resized(keys, *command):
    start = time.monotonic()
    pid, master = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdin.readline()
        os.execvp(command[0], command)

    def size(rows, columns):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    size(43, 132)
    os.write(master, b"go\n")
    seen = b""
    steps = [(b"43 132", lambda: size(30, 100))]
    if keys == "ctrl-c":
        steps.append((b"30 100", lambda: os.write(master, b"\x03")))
    try:
        while data := os.read(master, 4096):
            seen += data
            while steps and steps[0][0] in seen:
                steps.pop(0)[1]()
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    sys.stdout.buffer.write(seen)
    sys.stdout.flush()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(f"status {status} {time.monotonic() - start:.2f}")


def dialogue(*command):
    steps = sys.stdin.read().splitlines()
    start = time.monotonic()
    pid, master = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.read(0, 99)
        os.execvp(command[0], command)

    def size(rows, columns):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    seen = b""

    def more(limit):
        nonlocal seen
        if not select.select([master], [], [], limit)[0]:
            return False
        data = os.read(master, 4096)
        seen += data
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return True

    def type_(keys):
        os.write(master, keys.encode().decode("unicode_escape").encode())

    def until(text, limit=60):
        nonlocal seen
        while text not in seen:
            if not more(limit):
                return False
        seen = seen[seen.index(text) + len(text):]
        return True

    size(43, 132)
    os.write(master, b"go\n")
    try:
        for step in steps:
            verb, rest = step.split(" ", 1)
            if verb == "type":
                type_(rest)
            elif verb == "size":
                size(*map(int, rest.split()))
            elif verb == "until":
                if not until(rest.encode()):
                    break
            elif verb == "ask":
                text, keys = rest.split("|")
                for _ in range(20):
                    type_(keys)
                    if until(text.encode(), 1):
                        break
        while more(60):
            pass
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    os.close(master)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(f"\nstatus {status} {time.monotonic() - start:.2f}")


def left(kind, *command):
    if kind == "pipe":
        theirs, ours = os.pipe()
    elif kind == "socket":
        theirs, ours = (end.detach() for end in socket.socketpair())
    else:
        ours, theirs = pty.openpty()
    child = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ended\n"
    assert os.get_blocking(theirs), "others find it in non-blocking mode"
    os.close(theirs)
    os.write(ours, b"hi\n")
    if kind == "terminal":
        os.write(ours, b"\x04")
    else:
        os.close(ours)
    sys.stdout.buffer.write(child.stdout.read())
    assert child.wait() == 0


def interrupt(*command):
    terminal(*command, typed=b"\x03")


def page(url):
    """The status of page, data and stream without the token; data, stream and options with it; a foreign post."""
    root = url.split("?")[0]

    def status(opener, request):
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    stranger = urllib.request.build_opener()
    for path in ("", "data.json", "events.stream"):
        print(status(stranger, root + path))
    operator = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    operator.open(url, timeout=20).read()
    # The rates come with the second look.
    data = operator.open(root + "data.json?after=-1", timeout=20).read().decode()
    print(data)
    with operator.open(root + "events.stream", timeout=20) as stream:
        print(stream.readline().decode().strip())
    number = re.search(r'"pipes":\[\{"id":([0-9]+)', data).group(1)
    print(operator.open(root + "options.json?key=pipes/" + number, timeout=20).read().decode())
    foreign = urllib.request.Request(root + "act.json", b"do=close", {"Origin": "http://evil.example"})
    print(status(operator, foreign))


def without(jar, pattern, out):
    removed = 0
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            if fnmatch.fnmatch(entry.filename, pattern):
                removed += 1
            else:
                target.writestr(entry, source.read(entry))
    if not removed:
        sys.exit(f"{jar} has no entry {pattern}")


def without_component(jar, bundle, name, out):
    descriptor = f"OSGI-INF/{name}.xml"

    def bundle_without(data):
        copy = io.BytesIO()
        found = False
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(copy, "w") as target:
            for entry in source.infolist():
                content = source.read(entry)
                if entry.filename == descriptor:
                    found = True
                    continue
                if entry.filename == "META-INF/MANIFEST.MF":
                    lines = content.decode().replace("\r\n", "\n").replace("\n ", "").split("\n")
                    lines = [re.sub(f"{re.escape(descriptor)},|,{re.escape(descriptor)}$", "", l) for l in lines]
                    # A line has at most 72 bytes; all of it is ASCII.
                    content = "\r\n".join(
                        "\r\n ".join([l[:70]] + [l[i : i + 70] for i in range(70, len(l), 70)]) for l in lines
                    ).encode()
                target.writestr(entry, content)
        if not found:
            sys.exit(f"{bundle} has no component {name}")
        return copy.getvalue()

    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            target.writestr(entry, bundle_without(content) if fnmatch.fnmatch(entry.filename, bundle) else content)


def main():
    command, *arguments = sys.argv[1:]
    {
        "send": send,
        "receive": receive,
        "stalled": stalled,
        "flood": flood,
        "hold": hold,
        "whole": whole,
        "after_end": after_end,
        "full": full,
        "tls_client": tls_client,
        "tls_server": tls_server,
        "terminal": terminal,
        "interrupt": interrupt,
        "resized": resized,
        "dialogue": dialogue,
        "left": left,
        "page": page,
        "without": without,
        "without_component": without_component,
    }[command](*arguments)


main()
