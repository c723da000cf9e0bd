# SPDX-License-Identifier: Apache-2.0
"""SFTP: OpenSSH's own sftp-server (/usr/lib/openssh/sftp-server) beside `penstock relay stdio: sftp-server:FOLDER`.

Both are spoken to over pipes, message by message, each in a folder of its own. After each script the
folders are compared.
"""

import os
import pathlib
import shutil
import stat
import struct
import subprocess

SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
REQUESTS = 60
LIMIT = 30

OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR = range(3, 13)
REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(13, 21)
EXTENDED = 200
NAMES = {
    OPEN: "OPEN", CLOSE: "CLOSE", READ: "READ", WRITE: "WRITE", LSTAT: "LSTAT", FSTAT: "FSTAT", SETSTAT: "SETSTAT",
    FSETSTAT: "FSETSTAT", OPENDIR: "OPENDIR", READDIR: "READDIR", REMOVE: "REMOVE", MKDIR: "MKDIR", RMDIR: "RMDIR",
    REALPATH: "REALPATH", STAT: "STAT", RENAME: "RENAME", READLINK: "READLINK", SYMLINK: "SYMLINK",
}
STATUS = {0: "OK", 1: "EOF", 2: "NO_SUCH_FILE", 3: "PERMISSION_DENIED", 4: "FAILURE", 5: "BAD_MESSAGE", 8: "OP_UNSUPPORTED"}

FAULTS = {
    "a byte that is read is wrong": "read",
    "a write is not done": "write",
    "a name is missing in a list": "list",
    "a file's size is wrong": "size",
    "permissions are wrong": "mode",
    "a failure has another status": "status",
    "a removal is not done": "remove",
    "a link's target is another": "target",
}


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">I", len(raw)) + raw


class Server:
    """One of the two, at the other end of its pipes."""

    def __init__(self, words, folder, fault=None):
        self.folder = folder
        self.fault = fault
        self.log = open(folder.parent / f"{folder.name}.log", "wb")
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=folder)
        self.id = 0
        self.handles = {}
        self.send(struct.pack(">BI", 1, 3))
        version = self.receive()
        assert version[:5] == struct.pack(">BI", 2, 3), version

    def send(self, message):
        self.process.stdin.write(struct.pack(">I", len(message)) + message)
        self.process.stdin.flush()

    def exactly(self, count):
        found = self.process.stdout.read(count)
        if len(found) < count:
            raise EOFError(f"{self.folder.name} ended: " + pathlib.Path(self.log.name).read_text(errors="replace")[-300:])
        return found

    def receive(self):
        return self.exactly(struct.unpack(">I", self.exactly(4))[0])

    def ask(self, kind, body):
        self.id += 1
        if self.fault == "write" and kind == WRITE or self.fault == "remove" and kind == REMOVE:
            return ("status", "OK")
        self.send(struct.pack(">BI", kind, self.id) + body)
        answer = self.receive()
        assert struct.unpack(">I", answer[1:5])[0] == self.id, answer
        found = self.decode(answer[0], answer[5:])
        if self.fault == "target" and kind == READLINK and found[0] == "names":
            return ("names", [(found[1][0][0] + b"x", None)])
        return found

    def decode(self, kind, body):
        if kind == 101:
            code = STATUS.get(struct.unpack(">I", body[:4])[0], "?")
            return ("status", "FAILURE" if self.fault == "status" and code == "NO_SUCH_FILE" else code)
        if kind == 102:
            return ("handle", body[4:])
        if kind == 103:
            data = body[4:]
            return ("data", data[:-1] + b"?" if self.fault == "read" and data else data)
        if kind == 104:
            names, at = [], 4
            for _ in range(struct.unpack(">I", body[:4])[0]):
                name, at = self.string(body, at)
                _, at = self.string(body, at)
                attributes, at = self.attributes(body, at)
                names.append((name, attributes))
            return ("names", names)
        if kind == 105:
            return ("attributes", self.attributes(body, 0)[0])
        return (str(kind), body)

    @staticmethod
    def string(body, at):
        length = struct.unpack(">I", body[at:at + 4])[0]
        return body[at + 4:at + 4 + length], at + 4 + length

    def attributes(self, body, at):
        flags = struct.unpack(">I", body[at:at + 4])[0]
        at, size, mode, mtime = at + 4, None, 0, None
        if flags & 1:
            size = struct.unpack(">Q", body[at:at + 8])[0]
            at += 8
        if flags & 2:
            at += 8
        if flags & 4:
            mode = struct.unpack(">I", body[at:at + 4])[0]
            at += 4
        if flags & 8:
            mtime = struct.unpack(">I", body[at + 4:at + 8])[0]
            at += 8
        if self.fault == "size" and size:
            size += 1
        if self.fault == "mode":
            mode ^= 0o002
        # Of a folder's size and of times that nobody has set the system of files has its own view.
        kept = (oct(mode), size if stat.S_ISREG(mode) else None, mtime if mtime is not None and mtime < 10**9 else None)
        return kept, at

    def list(self, handle):
        """All of a folder, sorted."""
        found = []
        while True:
            kind, value = self.ask(READDIR, text(handle))
            if kind != "names":
                names = sorted(found)
                return (kind, value, names[:-1] if self.fault == "list" and len(names) > 3 else names)
            # What is told of the folder above is only its name.
            found += [(name, None if name == b".." else attributes) for name, attributes in value]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def empty(_random=None):
    return struct.pack(">I", 0)


class Script:
    """Random requests for both, in one folder of each."""

    FILES = ["a", "b", "c", "d/a", "d/b", "d/e/a", "e/a", "link", "link2", "d/link", "missing", "long" + "x" * 260, ""]
    FOLDERS = ["d", "d/e", "e", "e/f", "dlink", "d/", "."]

    def __init__(self, random, base):
        self.random = random
        self.base = base
        self.open = 0

    def two(self):
        """Paths for a request with two; of which of two names is wrong each has its own view."""
        found = [self.path(), self.path()]
        return found if all(found) and not any("xxx" in each or each.endswith(("/", ".")) for each in found) else self.two()

    def path(self):
        random = self.random
        kind = random.randrange(10)
        name = random.choice(self.FILES[:9] if kind < 6 else self.FILES if kind < 8 else self.FOLDERS)
        if name and random.randrange(8) == 0:
            name = random.choice(["./", "d/../", "dlink/", "d//", "a/", "dlink/../"]) + name
        # An empty path is an empty path.
        return f"{self.base}/{name}" if name else ""

    def attributes(self):
        random = self.random
        flags, body = 0, b""
        if random.randrange(3) == 0:
            flags, body = flags | 1, body + struct.pack(">Q", random.choice([0, 1, 5, 100, 70000]))
        if random.randrange(2):
            flags, body = flags | 4, body + struct.pack(">I", random.choice([0o600, 0o644, 0o700, 0o755, 0o444]))
        if random.randrange(3) == 0:
            flags, body = flags | 8, body + struct.pack(">II", random.randrange(10**9), random.randrange(10**9))
        # With none of them OpenSSH does not even look whether there is a file.
        return struct.pack(">I", flags) + body if flags else self.attributes()

    def mode(self):
        return struct.pack(">II", 4, self.random.choice([0o600, 0o755, 0o777])) if self.random.randrange(2) else empty()

    def next(self):
        """A request: its name, its number, its body as a function of the handle, whether it takes a handle."""
        random = self.random
        kind = random.choice(
            [OPEN] * 8 + [READ] * 4 + [WRITE] * 6 + [CLOSE] * 4 + [OPENDIR] * 3 + [READDIR] * 3 + [FSTAT, FSETSTAT] * 2
            + [STAT, LSTAT] * 3 + [SETSTAT, REMOVE, MKDIR, RENAME, SYMLINK, READLINK] * 3 + [RMDIR, REALPATH] * 2 + [EXTENDED] * 4)
        if kind == OPEN:
            flags = random.choice([1, 1, 2, 3, 2 | 8, 2 | 8 | 16, 3 | 8, 2 | 4 | 8, 2 | 8 | 32, 1 | 8, 3 | 16, 0, 3 | 4])
            path = self.path()
            body = text(path) + struct.pack(">I", flags) + self.mode()
            return f"OPEN {path} flags {flags:#x}", kind, lambda handle: body, False
        if kind in (OPENDIR, STAT, LSTAT, REMOVE, RMDIR, REALPATH, READLINK):
            path = self.random.choice(self.FOLDERS) if kind in (OPENDIR, RMDIR) and random.randrange(3) else None
            path = f"{self.base}/{path}" if path else self.path()
            return NAMES[kind] + f" {path}", kind, lambda handle: text(path), False
        if kind in (SETSTAT, MKDIR):
            path = self.path()
            body = text(path) + (self.attributes() if kind == SETSTAT else self.mode())
            return NAMES[kind] + f" {path}", kind, lambda handle: body, False
        if kind == RENAME:
            old, new = self.two()
            return f"RENAME {old} {new}", kind, lambda handle: text(old) + text(new), False
        if kind == SYMLINK:
            target, link = random.choice(["a", "b", "d", "d/a", "e", "missing", "link", "../a"]), self.path()
            name = "SYMLINK-UP" if target.startswith("..") else "SYMLINK"
            return f"{name} {target} {link}", kind, lambda handle: text(target) + text(link), False
        if kind == EXTENDED:
            which = random.choice(["posix-rename@openssh.com", "hardlink@openssh.com", "fsync@openssh.com", "nobody@knows"])
            if which == "fsync@openssh.com":
                return which, kind, lambda handle: text(which) + text(handle), True
            old, new = self.two()
            return f"{which} {old} {new}", kind, lambda handle: text(which) + text(old) + text(new), False
        if kind == READ:
            offset, length = random.choice([0, 1, 3, 100, 2**40]), random.choice([1, 10, 100, 40000])
            return f"READ {offset} {length}", kind, lambda handle: text(handle) + struct.pack(">QI", offset, length), True
        if kind == WRITE:
            offset, data = random.choice([0, 0, 1, 50, 5000]), random.randbytes(random.choice([1, 10, 3000]))
            return f"WRITE {offset}", kind, lambda handle: text(handle) + struct.pack(">Q", offset) + text(data), True
        body = self.attributes() if kind == FSETSTAT else b""
        return NAMES[kind], kind, lambda handle: text(handle) + body, True


def outcome(answer, folder):
    """What of an answer has to be the same."""
    kind = answer[0]
    if kind == "handle":
        return "a handle"
    if kind == "names":
        # OpenSSH's is not enclosed: its paths begin above the folder.
        return ["/" + name.decode().removeprefix(str(folder)).lstrip("/") if name.startswith(b"/") else name.decode() for name, _ in answer[1]]
    return answer[1] if kind == "status" else answer


def tree(folder):
    """All that is there."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            mode = status.st_mode
            content = (
                os.readlink(path) if stat.S_ISLNK(mode)
                else open(path, "rb").read() if stat.S_ISREG(mode) and status.st_size < 10**6 else None)
            found[os.path.relpath(path, folder)] = (oct(mode), content, status.st_nlink if stat.S_ISREG(mode) else None)
    return found


def prepare(folder):
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "e").mkdir()
    for name, content in (("a", b"content of a"), ("b", b""), ("d/a", b"x" * 5000)):
        (folder / name).write_bytes(content)
    os.symlink("a", folder / "link")
    os.symlink("d", folder / "dlink")


def key(name, first, second):
    """How a difference is named in the file of those that are known."""
    def word(value):
        return value if isinstance(value, str) else type(value).__name__ if isinstance(value, list) else value[0]
    return f"{name.split(' ')[0]} {word(first)} {word(second)}".replace("a handle", "handle")


def script(lab, servers, number, rules):
    """One case: what differs and nobody has argued for, and how many known differences were met."""
    base = f"case{number}"
    for server in servers:
        prepare(server.folder / base)
    made = Script(lab.random, base)
    handles = []
    done = []
    asked = known = 0
    for _ in range(REQUESTS):
        name, kind, body, takes = made.next()
        if takes and not handles:
            continue
        chosen = lab.random.randrange(len(handles)) if takes else None
        asked += 1
        answers, whole = [], []
        names = name.split(" ")
        target = servers[0].folder / names[-1]
        if kind == RENAME and os.path.islink(target) and not os.path.exists(target):
            name = name.replace("RENAME", "RENAME-OVER-DANGLING", 1)
        if kind == REALPATH and names[-1].endswith(("/", "/.")):
            name = name.replace("REALPATH", "REALPATH-DOT", 1)
        if kind == OPEN and os.path.isdir(servers[0].folder / names[1]):
            name = name.replace("OPEN", "OPEN-FOLDER", 1)
        for index, server in enumerate(servers):
            handle = handles[chosen][index] if takes else None
            if kind == READDIR:
                answer = server.list(handle)
                whole.append(answer)
                answers.append((answer[1], answer[2]))
                if index and answer[2] and not answers[0][1]:
                    name = "READDIR-MOVED"
                continue
            answer = server.ask(kind, body(handle))
            whole.append(answer)
            answers.append(outcome(answer, server.folder))
        done.append(f"{name}: {str(answers[0])[:60]}")
        if kind == CLOSE and answers[0] == answers[1] == "OK":
            handles.pop(chosen)
        if answers[0] != answers[1]:
            found = key(name, *answers)
            if found in rules:
                known += 1
                for server, answer in zip(servers, whole):
                    if answer[0] == "handle":
                        server.ask(CLOSE, text(answer[1]))
                # What was changed by one alone would differ from then on.
                break
            close(servers, handles)
            return asked, known, [f"after {len(done)} requests, {name}: OpenSSH {str(answers[0])[:200]}, Penstock {str(answers[1])[:200]} [{found}]"]
        if whole[0][0] == "handle":
            handles.append([answer[1] for answer in whole])
    else:
        close(servers, handles)
        trees = [tree(server.folder / base) for server in servers]
        wrong = [f"{path}: OpenSSH {str(trees[0].get(path))[:80]}, Penstock {str(trees[1].get(path))[:80]}"
                 for path in sorted(set(trees[0]) | set(trees[1])) if trees[0].get(path) != trees[1].get(path)]
        return asked, known, wrong
    close(servers, handles)
    return asked, known, []


def close(servers, handles):
    for each in handles:
        for server, handle in zip(servers, each):
            server.ask(CLOSE, text(handle))


def check(lab):
    reference = next((each for each in SERVERS if os.path.exists(each)), None)
    if reference is None:
        raise SystemExit("OpenSSH's sftp-server is not installed")
    folders = [lab.work / "openssh", lab.work / "penstock"]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    rules = lab.rules()
    asked = number = 0
    servers = []
    try:
        servers.append(Server([reference, "-e"], folders[0]))
        servers.append(Server(lab.penstock("relay", "stdio:", f"sftp-server:{folders[1]}"), folders[1], FAULTS.get(lab.fault)))
        while not lab.over():
            number += 1
            count, known, differences = script(lab, servers, number, rules)
            asked += count
            lab.case(f"script {number}", differences, known)
            for folder in folders:
                shutil.rmtree(folder / f"case{number}", ignore_errors=True)
    finally:
        for server in servers:
            server.close()
    lab.figure("SFTP requests compared", asked)
