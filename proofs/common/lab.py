# SPDX-License-Identifier: Apache-2.0
"""What the laboratory's parts in Python have in common: the built program, a process with all kinds in it,
checked conversations, what a process holds, and the result.

Needs Python 3.9, a JDK (JAVA_HOME or the one on the PATH), ssh-keygen and openssl; Linux.
"""
import collections
import errno
import json
import os
import queue
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HOME = os.environ.get("JAVA_HOME")
JAVA = os.path.join(HOME, "bin", "java") if HOME else shutil.which("java")
JAVAC = os.path.join(HOME, "bin", "javac") if HOME else shutil.which("javac")
JAR = os.path.join(ROOT, "features", "target", "penstock.jar")


def java_options():
    version = subprocess.run([JAVA, "-version"], capture_output=True, text=True).stderr
    feature = int(re.search(r'version "(\d+)', version).group(1))
    options = ["-XX:+UseSerialGC", "-Xmx192m", "-XX:CompileThresholdScaling=3", "-XX:-UsePerfData"]
    if feature >= 22:
        options += ["--enable-native-access=ALL-UNNAMED"]
    if feature >= 23:
        options += ["--sun-misc-unsafe-memory-access=allow"]
    return options


class Build:
    """The built program beside a compiled Host, in a folder of the part's own."""

    def __init__(self, target):
        if not os.environ.get("PENSTOCK_BUILT"):
            # Builds what is missing; PENSTOCK_BUILT=1 says that nothing is.
            subprocess.run([os.path.join(ROOT, "penstock"), "--version"], check=True, stdout=subprocess.DEVNULL)
        self.lib = os.path.join(target, "lib")
        self.classes = os.path.join(target, "classes")
        shutil.rmtree(self.lib, ignore_errors=True)
        os.makedirs(self.lib)
        # What is in the jar itself, but for its logging, which is that of the command line: silent.
        with zipfile.ZipFile(JAR) as jar, zipfile.ZipFile(os.path.join(self.lib, "outer.jar"), "w") as outer:
            for name in jar.namelist():
                if name.startswith("bundles/") and name.endswith(".jar"):
                    with open(os.path.join(self.lib, os.path.basename(name)), "wb") as out:
                        out.write(jar.read(name))
                elif not name.endswith(("/", "LoggerFinder")):
                    outer.writestr(name, jar.read(name))
        self.path = self.classes + ":" + os.path.join(self.lib, "*")
        subprocess.run([JAVAC, "-nowarn", "-d", self.classes, "-cp", os.path.join(self.lib, "*"),
                        os.path.join(HERE, "Host.java")], check=True)
        self.options = java_options()

    def host_command(self):
        return [JAVA, *self.options, "-cp", self.path, "Host"]


def make_keys(folder):
    """Keys for TLS and SSH: tls.pem, host and user, authorized."""
    quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    at = lambda name: os.path.join(folder, name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", at("tls.key"), "-out", at("tls.crt"), "-days", "2", "-subj", "/CN=localhost"], **quiet)
    with open(at("tls.pem"), "w") as pem:
        os.fchmod(pem.fileno(), 0o600)
        for part in ("tls.key", "tls.crt"):
            with open(at(part)) as text:
                pem.write(text.read())
    for name in ("hostkey", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(name)], **quiet)
    shutil.copy(at("user.pub"), at("authorized"))
    os.chmod(at("authorized"), 0o600)


class Strike:
    """The other end of `strike`: arms faults in one process."""

    def __init__(self, sock):
        self.file = sock.makefile("rw", newline="\n")
        self.pid = int(self.file.readline().split("=")[1])
        self.spare = []

    def ask(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        return self.file.readline().strip()

    def arm(self, **rule):
        if self.spare:
            rule.setdefault("spare", ",".join(map(str, self.spare)))
        answer = self.ask("arm " + " ".join(f"{k}={v}" for k, v in rule.items()))
        if answer != "armed":
            raise ValueError(answer)

    def off(self):
        """How many calls matched, how many were struck, and the last one."""
        fields = dict(f.split("=", 1) for f in self.ask("off").split(" "))
        return int(fields["seen"]), int(fields["delivered"]), fields["last"]

    def final(self):
        """How many calls were struck, after the command has ended."""
        return int(self.file.readline().split("=")[1])

    def counts(self):
        """How often each call was seen since arm(calls="all")."""
        answer = self.ask("counts")
        return {name: int(n) for name, n in (pair.split(":") for pair in answer.split(",") if pair)}


def struck(strike, command, **options):
    """Starts a command under strike."""
    ours, theirs = socket.socketpair()
    passed = [theirs.fileno(), *options.pop("pass_fds", ())]
    process = subprocess.Popen([strike, str(theirs.fileno()), *command], pass_fds=passed, **options)
    theirs.close()
    return process, Strike(ours)


class Host:
    """A process with all kinds in it; Host.java says what it understands."""

    def __init__(self, build, folder, name, strike=None):
        self.errors = os.path.join(folder, f"{name}.log")
        err = open(self.errors, "wb")
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)
        if strike:
            self.process, self.strike = struck(strike, build.host_command(), **pipes)
            self.pid = self.strike.pid
            self.strike.spare = [os.fstat(f.fileno()).st_ino for f in (self.process.stdin, self.process.stdout)]
            self.strike.spare.append(os.fstat(err.fileno()).st_ino)
        else:
            self.process, self.strike = subprocess.Popen(build.host_command(), **pipes), None
            self.pid = self.process.pid
        err.close()
        self.answers = queue.Queue()
        self.told = collections.deque(maxlen=500)
        self.mark = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            words = line.decode(errors="replace").rstrip("\n").split("\t")
            if words[0] in ("parted", "completed", "stopped"):
                self.told.append(words)
            else:
                self.answers.put(words)
        self.answers.put(["gone", ""])

    def say(self, *words):
        self.process.stdin.write(("\t".join(words) + "\n").encode())
        self.process.stdin.flush()

    def ask(self, *words, limit=30):
        try:
            self.say(*words)
            return self.answers.get(timeout=limit)
        except (OSError, queue.Empty) as e:
            return ["silent", words[1], repr(e)]

    def address(self, *words):
        """Asks for something that listens, and gives back where."""
        answer = self.ask(*words)
        if answer[0] != "listening":
            raise RuntimeError(f"{words}: {answer}: {self.log()}")
        return answer[2].split("?")[0]

    def log(self):
        """What was logged since the last look."""
        with open(self.errors, errors="replace") as f:
            f.seek(self.mark)
            text = f.read()
            self.mark = f.tell()
        return text

    def failures(self):
        """What it has told about connections that failed since the last look."""
        told = list(self.told)
        self.told.clear()
        return [" ".join(words[1:]) for words in told if words[-1] != "ok"]

    def alive(self):
        return self.process.poll() is None

    def stop(self, limit=20):
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


# --- What a process holds -------------------------------------------------------------------------


def descriptors(pid):
    held = {}
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                held[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
            except OSError:
                pass
    except OSError:
        pass
    return held


def threads(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def census(pid):
    """What threads and descriptors there are, by name."""
    names, held = collections.Counter(), collections.Counter()
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm") as f:
                names[re.sub(r"\d+", "N", f.read().strip())] += 1
        except OSError:
            pass
    for target in descriptors(pid).values():
        held[re.sub(r"\d+", "N", target)] += 1
    return [" ".join(f"{n}={c}" for n, c in found.most_common(14)) for found in (names, held)]


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{task}/children") as f:
                    found += [int(p) for p in f.read().split()]
            except OSError:
                pass
    except OSError:
        pass
    return found


def until(condition, limit):
    """Waits for what nothing tells of; whether it came true."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# --- Conversations --------------------------------------------------------------------------------


def payload(seed, size):
    return random.Random(seed).randbytes(size)


class Side:
    """One end of a conversation: sends what it has, ends its output, and reads to the end."""

    def __init__(self, sock, out, expected, limit, got=b"", end=True):
        self.sock, self.out, self.expected, self.limit, self.end = sock, out, expected, limit, end
        self.got, self.state, self.moved = bytearray(got), None, time.monotonic()
        sock.setblocking(True)
        sock.settimeout(0.5)
        self.pair = [threading.Thread(target=f, daemon=True) for f in (self._send, self._receive)]
        for thread in self.pair:
            thread.start()

    def _late(self):
        return time.monotonic() - self.moved > self.limit

    def _send(self):
        view, sent = memoryview(self.out), 0
        try:
            while sent < len(view):
                try:
                    sent += self.sock.send(view[sent:sent + 65536])
                    self.moved = time.monotonic()
                except (socket.timeout, TimeoutError):
                    if self._late() or self.state:
                        return
            if self.end:
                self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the reading side tells what became of the connection

    def _receive(self):
        while self.state is None:
            try:
                more = self.sock.recv(65536)
                self.moved = time.monotonic()
                if not more:
                    self.state = "end"
                self.got += more
                if not self.end and len(self.got) >= len(self.expected):
                    self.state = "end"
            except (socket.timeout, TimeoutError):
                if self._late():
                    self.state = "hang"
            except OSError as e:
                self.state = errno.errorcode.get(e.errno, str(e))

    def verdict(self):
        for thread in self.pair:
            thread.join()
        self.sock.close()
        got = bytes(self.got)
        if self.state == "hang":
            return "hang"
        if got != self.expected[:len(got)]:
            return "foreign"
        if got == self.expected:
            return "ok" if self.state == "end" else "ok+cut"
        if self.state != "end":
            return "cut"
        return "silent" if got else "empty"


class Upstream:
    """A server whose connections say by their first eight bytes which conversation they belong to."""

    def __init__(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.listening = socket.socket(family)
        self.listening.bind(address)
        self.listening.listen(200)
        self.waiting = {}
        self.strangers = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def port(self):
        return self.listening.getsockname()[1]

    def _accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(sock,), daemon=True).start()

    def stop(self):
        # A close alone would not wake who accepts, and keep the address.
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _meet(self, sock):
        sock.settimeout(20)
        first = b""
        try:
            while len(first) < 8:
                more = sock.recv(8 - len(first))
                if not more:
                    break
                first += more
        except OSError:
            pass
        known = self.waiting.get(first) if len(first) == 8 else None
        if known:
            known["side"] = Side(sock, known["down"], known["up"], known["limit"], got=first)
        else:
            if len(first) == 8:
                self.strangers += 1
            sock.close()


def connect(address, limit):
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(limit)
        sock.connect(address)
        return sock
    return socket.create_connection(address, timeout=limit)


NUMBER = [0]


def converse(address, upstream, size, limit):
    """A conversation of two peers through something; (verdict of the client, of the server)."""
    NUMBER[0] += 1
    first = struct.pack(">Q", NUMBER[0] << 16 | 0xbeef)
    up, down = first + payload(NUMBER[0], size), payload(-NUMBER[0], size * 3 // 4)
    entry = {"up": up, "down": down, "limit": limit}
    upstream.waiting[first] = entry
    try:
        sock = connect(address, limit)
    except OSError as e:
        return "hang" if isinstance(e, (socket.timeout, TimeoutError)) else "refused", "none"
    client = Side(sock, up, down, limit)
    mine = client.verdict()
    theirs = "none"
    if until(lambda: "side" in entry, 1.0 if mine == "ok" else 0.1):
        theirs = entry["side"].verdict()
    del upstream.waiting[first]
    return mine, theirs


def echo(address, data, limit, end=True, greeting=b""):
    """Sends what is to come back."""
    try:
        sock = connect(address, limit)
    except OSError as e:
        return "hang" if isinstance(e, (socket.timeout, TimeoutError)) else "refused"
    if greeting:
        sock.settimeout(limit)
        got = b""
        try:
            while not got.endswith(greeting):
                more = sock.recv(1)
                if not more:
                    sock.close()
                    return "silent" if got else "empty"
                got += more
        except (socket.timeout, TimeoutError):
            sock.close()
            return "hang"
        except OSError:
            sock.close()
            return "cut"
    return Side(sock, data, data, limit, end=end).verdict()


# --- The result -----------------------------------------------------------------------------------


class Result:
    """Lines for who looks on, and the file for docs/reliability.md."""

    def __init__(self, part, form, seed, folder, quiet=False):
        self.quiet = quiet
        self.part, self.form, self.seed, self.folder = part, form, seed, folder
        self.began = time.monotonic()
        self.passed = self.failed = 0
        self.figures, self.tables, self.plots, self.planted = [], [], [], []
        if not quiet:
            print(f"{part}: {form} form, seed {seed}", flush=True)

    def line(self, good, text):
        self.passed += good
        self.failed += not good
        if not self.quiet:
            print(("ok    " if good else "FAIL  ") + text, flush=True)

    def figure(self, name, value, unit=""):
        self.figures.append({"name": name, "value": value, "unit": unit})

    def table(self, title, columns, rows):
        self.tables.append({"title": title, "columns": columns, "rows": [[str(c) for c in r] for r in rows]})

    def write(self, name="result.json"):
        data = {"part": self.part, "form": self.form, "seed": self.seed,
                "seconds": round(time.monotonic() - self.began, 1), "figures": self.figures,
                "tables": self.tables, "plots": self.plots, "planted": self.planted}
        with open(os.path.join(self.folder, name), "w") as f:
            json.dump(data, f, indent=1)
            f.write("\n")

    def close(self, name="result.json"):
        self.write(name)
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)
