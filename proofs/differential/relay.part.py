# SPDX-License-Identifier: Apache-2.0
"""Relays: socat beside `Penstock`, each between a client and a server or a program, by the same random script.

A script is writes of random sizes, pauses, half-closes and cuts of both peers, over TCP, Unix sockets, abstract
ones, standard streams and child processes. Compared are the bytes that each peer gets, how its stream ends, and
the relay's status. Needs socat, a JDK and the built program.
"""

import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import lab as common  # noqa: E402

LIMIT = 20
FAULTS = {
    "a byte is wrong": "byte",
    "the last byte before an end is lost": "last",
    "a half-close closes both ways": "half",
    "a cut looks like an end": "cut",
    "a failure has the status of success": "status",
}
FRONTS = ["tcp", "unix", "abstract"]
BACKS = ["tcp", "unix", "abstract"]
PROGRAMS = ["cat", "tr a-z A-Z", "wc -c", "head -c 700", "sh -c 'cat; exit 3'", "sh -c 'echo first; cat >/dev/null; echo last'",
            "sh -c 'sleep 0.05; cat'"]


class Fault:
    """Passes a relay on, with a fault planted in front of it: the client's own connection goes through this."""

    def __init__(self, kind, address):
        self.kind, self.address = kind, address
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            relay = connect(self.address)
            threading.Thread(target=self.pump, args=(client, relay, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(relay, client, True), daemon=True).start()

    def pump(self, source, sink, back):
        held = b""
        try:
            while data := source.recv(65536):
                if self.kind == "byte" and back:
                    data = bytes([data[0] ^ 1]) + data[1:]
                if self.kind == "last" and back:
                    held, data = data[-1:], held + data[:-1]
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR if self.kind == "half" else socket.SHUT_WR)
        except OSError:
            try:
                # A cut is passed on, unless that is the fault.
                if self.kind != "cut":
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    # Wakes the other thread's read, which would hold it.
                    sink.shutdown(socket.SHUT_RD)
                    time.sleep(0.05)
                    sink.close()
                else:
                    sink.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


def connect(address):
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout=LIMIT)
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(LIMIT)
    found.connect(address)
    return found


class Side:
    """A peer: what it has written, and a thread that reads what it gets."""

    def __init__(self, reading, writing=None):
        self.reading, self.writing = reading, writing or reading
        self.sock = reading if writing is None else None
        self.got, self.state, self.broken = bytearray(), None, False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while True:
                data = self.reading.recv(65536) if self.sock else os.read(self.reading.fileno(), 65536)
                if not data:
                    self.state = "end"
                    return
                self.got += data
        except socket.timeout:
            self.state = "silent"
        except OSError:
            self.state = "cut"

    def write(self, data):
        try:
            if self.sock:
                self.sock.sendall(data)
            else:
                self.writing.write(data)
                self.writing.flush()
        except OSError:
            # The system tells a cut once: who writes has heard of it, and a read then finds the end.
            self.broken = self.sock is not None

    def end(self):
        try:
            if self.sock:
                self.sock.shutdown(socket.SHUT_WR)
            else:
                self.writing.close()
        except OSError:
            pass

    def cut(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            # Wakes our own reader, whose state is then of no interest.
            self.sock.shutdown(socket.SHUT_RD)
        except OSError:
            pass
        self.thread.join(LIMIT)
        self.state = "has cut"
        self.sock.close()

    def has(self, count):
        return common.until(lambda: len(self.got) >= count or self.state, LIMIT)

    def outcome(self):
        self.thread.join(LIMIT)
        state = "cut" if self.broken and self.state == "end" else self.state or "silent"
        return state, bytes(self.got)

    def close(self):
        if self.sock:
            self.sock.close()


class Program:
    """One of the two, in front of one kind of peer and behind another."""

    def __init__(self, folder, name):
        self.name, self.folder = name, folder / name
        self.folder.mkdir(parents=True)
        self.fronts, self.upstreams, self.processes = {}, {}, []
        self.host = None

    def upstream(self, back):
        """Where what is behind it waits: (a listening socket, its address)."""
        if back not in self.upstreams:
            if back == "tcp":
                found = socket.create_server(("127.0.0.1", 0))
                self.upstreams[back] = found, found.getsockname()
            else:
                address = str(self.folder / "behind") if back == "unix" else f"\0{self.mark()}-behind"
                found = socket.socket(socket.AF_UNIX)
                found.bind(address)
                found.listen(50)
                self.upstreams[back] = found, address
            found.settimeout(LIMIT)
        return self.upstreams[back]

    def mark(self):
        return f"differential-{os.getpid()}-{self.name}"

    def close(self):
        for each in self.processes:
            each.terminate()
            each.wait()
        for sock, _ in self.upstreams.values():
            sock.close()
        if self.host:
            self.host.stop()


class Socat(Program):
    def to(self, back):
        if back in BACKS:
            address = self.upstream(back)[1]
            return {"tcp": lambda: f"TCP:127.0.0.1:{address[1]}", "unix": lambda: f"UNIX-CONNECT:{address}",
                    "abstract": lambda: f"ABSTRACT-CONNECT:{address[1:]}"}[back]()
        # socat splits at commas and colons, so that a script of its own takes what the shell is to read.
        script = self.folder / f"program{PROGRAMS.index(back)}"
        script.write_text(f"#!/bin/sh\nexec {back}\n")
        script.chmod(0o700)
        return f"EXEC:{script}"

    def front(self, front, back):
        if (front, back) not in self.fronts:
            if front == "tcp":
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    address = free.getsockname()
                words = f"TCP-LISTEN:{address[1]},bind=127.0.0.1,reuseaddr,fork,backlog=50"
            elif front == "unix":
                address = str(self.folder / f"front{len(self.fronts)}")
                words = f"UNIX-LISTEN:{address},fork"
            else:
                address = f"\0{self.mark()}-{len(self.fronts)}"
                words = f"ABSTRACT-LISTEN:{address[1:]},fork"
            process = subprocess.Popen(["socat", "-d", "-d", "-t", "60", words, self.to(back)], stdin=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            self.processes.append(process)
            for line in process.stderr:
                if " listening on" in line:
                    break
            log = open(self.folder / f"log{len(self.fronts)}", "wb")
            self.processes.append(subprocess.Popen(["cat"], stdin=process.stderr, stdout=log))
            self.fronts[front, back] = address, log.name
        return self.fronts[front, back][0]

    def status(self, front, back, before):
        """Its child's: 0 unless it said so."""
        log = self.fronts[front, back][1]
        found = []
        common.until(lambda: found.extend(each for each in pathlib.Path(log).read_text(errors="replace")[before:].split("\n")
                                          if "exiting with status" in each) or found, 3)
        return "ok" if found and found[0].endswith("status 0") else "failed" if found else "goes on"

    def told(self, front, back):
        return len(pathlib.Path(self.fronts[front, back][1]).read_text(errors="replace"))

    def single(self, back):
        return ["socat", "-t", "60", "-", self.to(back)]


class Penstock(Program):
    def __init__(self, folder, name, lab, build):
        super().__init__(folder, name)
        self.lab = lab
        self.host = common.Host(build, str(self.folder), "host")
        self.before = None

    def to(self, back):
        if back in BACKS:
            address = self.upstream(back)[1]
            return {"tcp": lambda: f"tcp://127.0.0.1:{address[1]}", "unix": lambda: f"unix:{address}",
                    "abstract": lambda: f"unix:@{address[1:]}"}[back]()
        return f"exec:{back}"

    def front(self, front, back):
        if (front, back) not in self.fronts:
            number = len(self.fronts)
            path = self.folder / f"front{number}"
            words = {"tcp": "tcp-listen://127.0.0.1:0", "unix": f"unix-listen:{path}",
                     "abstract": f"unix-listen:@{self.mark()}-{number}"}[front]
            at = self.host.address("relay", f"relay{number}", words, self.to(back))
            address = {"tcp": lambda: ("127.0.0.1", int(at.rsplit(":", 1)[1])), "unix": lambda: str(path),
                       "abstract": lambda: f"\0{self.mark()}-{number}"}[front]()
            if self.lab.fault and self.lab.fault in FAULTS and FAULTS[self.lab.fault] != "status":
                self.before = Fault(FAULTS[self.lab.fault], address)
                address = self.before.listening.getsockname()
            self.fronts[front, back] = address, f"relay{number}"
        return self.fronts[front, back][0]

    def told(self, front, back):
        self.host.told.clear()
        return 0

    def status(self, front, back, before):
        name = self.fronts[front, back][1]
        found = []
        common.until(lambda: found.extend(each for each in list(self.host.told) if each[:2] == ["parted", name]) or found, LIMIT)
        if found and FAULTS.get(self.lab.fault) == "status":
            return "ok"
        return "goes on" if not found else "ok" if found[0][2] == "ok" else "failed"

    def single(self, back):
        return self.lab.penstock("relay", "stdio:", self.to(back))


def script(random, front, back):
    """Steps that leave nothing to chance: what depends on both peers' order waits for the other first."""
    steps = []
    sides = ["client"] if back in PROGRAMS else ["client", "server"]
    ended = set()
    for _ in range(random.randint(1, 8)):
        kind = random.random()
        side = random.choice(sides)
        if kind < 0.6 and side not in ended:
            size = random.choice([1, 2, 100, 700, 4096, 8192, 8193, 65536, 65537, 200_000, random.randint(1, 400_000)])
            if back == "head -c 700":
                # What comes after its end would be lost sooner or later.
                continue
            steps.append(("write", side, random.randbytes(size).translate(LETTERS), random.choice([0, 0, 1, 1000])))
        elif kind < 0.8:
            steps.append(("pause", side, random.choice([0.001, 0.01, 0.05]), None))
        elif side not in ended and len(ended) < len(sides) - 1:
            ended.add(side)
            steps.append(("end", side, None, None))
    if back == "head -c 700":
        steps.append(("write", "client", random.randbytes(700).translate(LETTERS), 0))
        steps.append(("wait", "client", None, None))
    elif back not in PROGRAMS and front != "stdio" and random.random() < 0.2:
        steps.append(("settle", "client", None, None))
        steps.append(("cut", random.choice(sides), None, None))
        return steps
    steps += [("end", side, None, None) for side in random.sample(sides, len(sides)) if side not in ended]
    return steps


# Text in small letters, so that `tr` has something to do.
LETTERS = bytes(97 + each % 26 for each in range(256))


def play(program, front, back, steps):
    """Plays a script; (the client's outcome, the server's, the status)."""
    process = None
    before = 0
    if front == "stdio":
        process = subprocess.Popen(program.single(back), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        sides = {"client": Side(process.stdout, process.stdin)}
    else:
        address = program.front(front, back)
        before = program.told(front, back)
        sides = {"client": Side(connect(address))}
    if back in BACKS:
        accepted, _ = program.upstream(back)[0].accept()
        accepted.settimeout(LIMIT)
        sides["server"] = Side(accepted)
    sent = {"client": 0, "server": 0}
    writers = []
    for what, name, value, piece in steps:
        side = sides[name]
        if what == "write":
            sent[name] += len(value)
            # On a thread of its own: the other may read only later.
            for thread in writers:
                thread.join(LIMIT)
            parts = [value[i:i + piece] for i in range(0, min(len(value), 20 * piece), piece)] if piece else []
            parts.append(value[sum(map(len, parts)):])
            writers = [threading.Thread(target=write, args=(side, parts), daemon=True)]
            writers[0].start()
        elif what == "pause":
            time.sleep(value)
        elif what == "wait":
            side.thread.join(LIMIT)
        else:
            for thread in writers:
                thread.join(LIMIT)
            writers = []
            if what == "end":
                side.end()
            elif what == "settle":
                for here, there in (("client", "server"), ("server", "client")):
                    sides[there].has(sent[here])
            elif what == "cut":
                side.cut()
    outcomes = [sides[name].outcome() if name in sides else None for name in ("client", "server")]
    for side in sides.values():
        side.close()
    if process:
        try:
            status = "ok" if process.wait(LIMIT) == 0 else "failed"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "goes on"
        process.stdout.close()
        return *outcomes, "ok" if FAULTS.get(program_fault(program)) == "status" else status
    return *outcomes, program.status(front, back, before)


def write(side, parts):
    for each in parts:
        if each:
            side.write(each)


def program_fault(program):
    return program.lab.fault if isinstance(program, Penstock) else None


def word(outcome):
    if outcome is None:
        return "-"
    state, data = outcome
    return f"{state} after {len(data)} bytes"


def check(lab):
    if not shutil.which("socat"):
        raise SystemExit("socat is not installed")
    shutil.rmtree(lab.work, ignore_errors=True)
    lab.work.mkdir(parents=True)
    # A path of a Unix socket must be short.
    folder = pathlib.Path("/tmp") / f"differential-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rules = lab.rules()
    number = total = 0
    programs = []
    try:
        build = common.Build(str(lab.work))
        programs = [Socat(folder, "socat"), Penstock(folder, "penstock", lab, build)]
        while not lab.over():
            number += 1
            # A process for each is slow.
            front = "stdio" if number % 10 == 5 and FAULTS.get(lab.fault) in (None, "status") else lab.random.choice(FRONTS)
            back = lab.random.choice(BACKS + PROGRAMS)
            steps = script(lab.random, front, back)
            theirs, ours = (play(program, front, back, steps) for program in programs)
            total += sum(len(each[2]) for each in steps if each[0] == "write")
            how = "cut" if any(each[0] == "cut" for each in steps) else "program" if "exit" in back else "end"
            differences, known = [], 0
            for who, a, b in (("client", theirs[0], ours[0]), ("server", theirs[1], ours[1])):
                if a is None:
                    continue
                if a[1] != b[1] and how == "program" and b[1].startswith(a[1]) and "program bytes" in rules:
                    known += 1
                elif a[1] != b[1]:
                    differences.append(f"the {who}'s bytes: socat {len(a[1])}, Penstock {len(b[1])}")
                if a[0] != b[0]:
                    key = f"{how} {a[0]} {b[0]}"
                    known += key in rules
                    if key not in rules:
                        differences.append(f"the {who}'s end: socat {word(a)}, Penstock {word(b)} [{key}]")
            if theirs[2] != ours[2]:
                key = f"status {how} {theirs[2]} {ours[2]}"
                known += key in rules
                if key not in rules:
                    differences.append(f"the status: socat {theirs[2]}, Penstock {ours[2]} [{key}]")
            # What is argued for must still be so: a cut is told by our status and by a reset.
            if must_fail(front, back, how) and ours[2] != "failed":
                differences.append(f"the status: Penstock {ours[2]} after a failure")
            if how == "cut" and front == back == "tcp":
                other = ours[1] if steps[-1][1] == "client" else ours[0]
                if other[0] != "cut":
                    differences.append(f"a cut reaches the other peer as '{other[0]}'")
            if differences:
                differences.append(f"{front} to {back}: " + ", ".join(
                    f"{what} {side} {len(value) if what == 'write' else value or ''}".strip() for what, side, value, _ in steps))
            lab.case(f"script {number}, {front} to {back}", differences, known)
    finally:
        for program in programs:
            program.close()
        shutil.rmtree(folder, ignore_errors=True)
    lab.figure("relays compared with socat's", number)
    lab.figure("bytes written in them", total)


def must_fail(front, back, how):
    return how == "cut" and front == back == "tcp" or how == "program" and front == "stdio"
