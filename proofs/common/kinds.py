# SPDX-License-Identifier: Apache-2.0
"""The kinds, each with a conversation that goes through it."""
import os
import socket
import struct
import threading
import time

import lab

SIZE = 100_000


class Kind:
    """A kind in its roles: how it is set up in a world, and how one converses through it."""

    resets = False       # whether its clients can tell a cut from an end
    scope = "main"
    descriptors = "socket,pipe,terminal,other"
    only = None          # the calls that are failed, where not all are
    path = None          # where faults strike files only below a folder

    def __init__(self, name, prepare, converse, **traits):
        self.name, self.prepare, self.converse = name, prepare, converse
        self.__dict__.update(traits)

    def possible(self):
        return True


class World:
    """A process, a peer beside it (the same where nothing is to happen to one of them), and servers behind both."""

    def __init__(self, build, folder, strike, number, limit):
        self.folder, self.limit, self.number = os.path.join(folder, str(number)), limit, number
        self.keys = folder
        self.name = f"laboratory-{os.getpid()}-{time.monotonic_ns()}"
        os.mkdir(self.folder)
        self.tcp = lab.Upstream()
        self.unix = lab.Upstream(socket.AF_UNIX, self.at("upstream"))
        self.abstract = lab.Upstream(socket.AF_UNIX, f"\0{self.name}-upstream")
        self.host = lab.Host(build, self.folder, "host", strike)
        self.peer = lab.Host(build, self.folder, "peer") if strike else self.host
        self.ready = {}

    def at(self, name):
        return os.path.join(self.folder, name)

    def key(self, name):
        return os.path.join(self.keys, name)

    def upstream(self):
        return f"tcp://127.0.0.1:{self.tcp.port()}"

    def strangers(self):
        found = self.tcp.strangers + self.unix.strangers + self.abstract.strangers
        self.tcp.strangers = self.unix.strangers = self.abstract.strangers = 0
        return found

    def converse(self, kind):
        if kind.name not in self.ready:
            self.ready[kind.name] = kind.prepare(self)
        verdicts = kind.converse(self, self.ready[kind.name])
        return verdicts if isinstance(verdicts, tuple) else (verdicts,)

    def stop(self):
        status = self.host.stop(), self.peer.stop() if self.peer is not self.host else 0
        for server in (self.tcp, self.unix, self.abstract):
            server.stop()
        return status


def port_of(endpoint):
    return "127.0.0.1", int(endpoint.rsplit(":", 1)[1])


def tcp(world):
    return port_of(world.host.address("relay", "tcp", "tcp-listen://127.0.0.1:0", world.upstream()))


def unix(world):
    world.host.address("relay", "unix", f"unix-listen:{world.at('in')}", f"unix:{world.at('upstream')}")
    return world.at("in")


def spliced(world):
    world.host.address("relay", "splice", f"unix-listen:{world.at('spliced')}", f"unix:{world.at('upstream')}")
    return world.at("spliced")


def abstract(world):
    world.host.address("relay", "abstract", f"unix-listen:@{world.name}", f"unix:@{world.name}-upstream")
    return "\0" + world.name


def tls_listen(world):
    at = world.host.address("relay", "tls-listen", f"tls-listen://127.0.0.1:0?key={world.key('tls.pem')}",
                            world.upstream())
    return port_of(world.peer.address("relay", "to-tls-listen", "tcp-listen://127.0.0.1:0", tls_to(world, at)))


def tls_to(world, at):
    return f"tls://127.0.0.1:{port_of(at)[1]}?trust={world.key('tls.crt')}&checkName=false"


def tls(world):
    at = world.peer.address("relay", "before-tls", f"tls-listen://127.0.0.1:0?key={world.key('tls.pem')}",
                            world.upstream())
    return port_of(world.host.address("relay", "tls", "tcp-listen://127.0.0.1:0", tls_to(world, at)))


def ssh_server(world, more=""):
    return f"ssh-listen://127.0.0.1:0?hostkey={world.key('hostkey')}&authorized-keys={world.key('authorized')}{more}"


def ssh_to(world, at):
    return (f"ssh://me@127.0.0.1:{port_of(at)[1]}?identity={world.key('user')}&host-key-checking=no"
            f"&known-hosts={world.at('known')}&exec=x")


def ssh_listen(world):
    at = world.host.address("relay", "ssh-listen", ssh_server(world), world.upstream())
    return port_of(world.peer.address("relay", "to-ssh-listen", "tcp-listen://127.0.0.1:0", ssh_to(world, at)))


def ssh(world):
    at = world.peer.address("relay", "before-ssh", ssh_server(world), world.upstream())
    return port_of(world.host.address("relay", "ssh", "tcp-listen://127.0.0.1:0", ssh_to(world, at)))


def executed(world):
    return port_of(world.host.address("relay", "exec", "tcp-listen://127.0.0.1:0", "exec:cat"))


def terminal(world):
    return port_of(world.host.address("relay", "pty", "tcp-listen://127.0.0.1:0",
                                      "shell:stty -echo -onlcr; echo READY; exec cat", "pty=true"))


def poller(world):
    return port_of(world.host.address("poller", "poller", "tcp-listen://127.0.0.1:0"))


def handles(world):
    world.host.address("adopt", "handles", f"unix-listen:{world.at('handles')}?handles=true", world.upstream())
    return world.at("handles")


def offering(world):
    world.host.address("offer", "handles-sent", f"unix-listen:{world.at('offered')}?handles=true", world.upstream())
    return world.at("offered")


def through(upstream, size=SIZE):
    def converse(world, address):
        return lab.converse(address, getattr(world, upstream), size, world.limit)
    return converse


def echoes(world, address):
    lab.NUMBER[0] += 1
    return lab.echo(address, lab.payload(lab.NUMBER[0], SIZE), world.limit)


def typed(world, address):
    lab.NUMBER[0] += 1
    text = b"".join(b"%s\n" % lab.payload(lab.NUMBER[0] + i, 30).hex().encode() for i in range(60))
    # In a terminal's usual mode, so that the end of the input is one for the program.
    return lab.echo(address, text, world.limit, greeting=b"READY\n")


def lines(world, address):
    lab.NUMBER[0] += 1
    text = b"".join(b"%d %s\n" % (i, lab.payload(lab.NUMBER[0] + i, 60).hex().encode()) for i in range(400))
    return lab.echo(address, text, world.limit, end=False)


def handed(world, address):
    """A connection is handed over, and a conversation goes through it."""
    there = socket.socket()
    there.bind(("127.0.0.1", 0))
    there.listen(1)
    with there:
        far = socket.create_connection(there.getsockname())
        near, _ = there.accept()
    try:
        carrier = lab.connect(address, world.limit)
        with carrier, far:
            socket.send_fds(carrier, [b"x"], [far.fileno()])
    except OSError:
        near.close()
        return "refused", "none"
    # The client's side of what was handed over is `near`.
    return over(near, world)


def over(sock, world):
    """A conversation with a server behind, over a socket that is there."""
    lab.NUMBER[0] += 1
    first = struct.pack(">Q", lab.NUMBER[0] << 16 | 0xbeef)
    up, down = first + lab.payload(lab.NUMBER[0], SIZE), lab.payload(-lab.NUMBER[0], SIZE)
    entry = {"up": up, "down": down, "limit": world.limit}
    world.tcp.waiting[first] = entry
    mine = lab.Side(sock, up, down, world.limit).verdict()
    theirs = "none"
    if lab.until(lambda: "side" in entry, 1.0 if mine == "ok" else 0.1):
        theirs = entry["side"].verdict()
    del world.tcp.waiting[first]
    return mine, theirs


def offered(world, address):
    """A connection that the process has made is received, and a conversation goes through it."""
    try:
        with lab.connect(address, world.limit) as carrier:
            byte, received, _, _ = socket.recv_fds(carrier, 1, 1)
    except (socket.timeout, TimeoutError):
        return "hang", "none"
    except OSError:
        return "refused", "none"
    if not received:
        return "foreign" if byte else "refused", "none"
    return over(socket.socket(fileno=received[0]), world)


def one_way(world, begin, inside, outside):
    """Writes to a descriptor and reads from another what comes out of the relay between."""
    lab.NUMBER[0] += 1
    data = lab.payload(lab.NUMBER[0], SIZE)
    got, state, moved = bytearray(), [None], [time.monotonic()]

    def write():
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(inside, view[:65536]):]
                moved[0] = time.monotonic()
        except OSError:
            pass
        finally:
            os.close(inside)

    writing = threading.Thread(target=write, daemon=True)
    writing.start()
    os.set_blocking(outside, False)
    while state[0] is None:
        try:
            more = os.read(outside, 65536)
            moved[0] = time.monotonic()
            # Until the relay has opened its end, there is no writer.
            if more:
                got += more
            elif begin() == "done":
                state[0] = "end"
            else:
                time.sleep(0.005)
        except BlockingIOError:
            time.sleep(0.002)
        if time.monotonic() - moved[0] > world.limit:
            state[0] = "hang"
    os.close(outside)
    if state[0] == "hang":
        return "hang"
    if bytes(got) != data[:len(got)]:
        return "foreign"
    return "ok" if bytes(got) == data else "silent"


def completed(world, name):
    """Whether the relay of that name has told its end."""
    def look():
        return "done" if any(w[0] == "completed" and w[1] == name for w in list(world.host.told)) else ""
    return look


def fifo(world, nothing):
    lab.NUMBER[0] += 1
    name = f"fifo{lab.NUMBER[0]}"
    a, b = world.at(name + "a"), world.at(name + "b")
    os.mkfifo(a)
    os.mkfifo(b)
    outside = os.open(b, os.O_RDONLY | os.O_NONBLOCK)
    answer = world.host.ask("once", name, f"fifo:{a}", f"fifo:{b}")
    try:
        if answer[0] != "started":
            os.close(outside)
            world.host.told.append(["parted", name, " ".join(answer)])
            return "refused"
        # Opened for both, so that it does not matter which side comes first; the relay's reading end
        # sees the end when the last writer has gone.
        both = os.open(a, os.O_RDWR)
        look = completed(world, name)
        opened = lab.until(lambda: look() or world_has(world, a), world.limit)
        inside = os.open(a, os.O_WRONLY | os.O_NONBLOCK) if opened else None
        os.close(both)
        if inside is None:
            os.close(outside)
            return "hang"
        os.set_blocking(inside, True)
        return one_way(world, look, inside, outside)
    except OSError:
        os.close(outside)
        return "refused"
    finally:
        world.host.say("close", name)
        lab.until(lambda: not world.host.alive() or world.host.answers.get(timeout=5)[0] == "closed", 5)
        os.unlink(a)
        os.unlink(b)


def world_has(world, path):
    return path in lab.descriptors(world.host.pid).values()


def passed(world, nothing):
    lab.NUMBER[0] += 1
    name = f"fd{lab.NUMBER[0]}"
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    answer = world.host.ask("pass", name, f"/proc/{os.getpid()}/fd/{in_read}", f"/proc/{os.getpid()}/fd/{out_write}")
    os.close(in_read)
    os.close(out_write)
    if answer[0] != "started":
        os.close(in_write)
        os.close(out_read)
        world.host.told.append(["parted", name, " ".join(answer)])
        return "refused"
    try:
        return one_way(world, completed(world, name), in_write, out_read)
    finally:
        world.host.say("close", name)
        lab.until(lambda: not world.host.alive() or world.host.answers.get(timeout=5)[0] == "closed", 5)


def nothing(world):
    return None


def sftp(world):
    os.makedirs(world.at("served"), exist_ok=True)
    at = world.host.address("relay", "sftp", ssh_server(world, "&subsystems=sftp&allow="),
                            f"sftp-server:{world.at('served')}")
    return port_of(at)


def files(world, address):
    """Puts a file, gets it back, lists and removes; what is refused is told by the client's exception."""
    import paramiko
    lab.NUMBER[0] += 1
    data = lab.payload(lab.NUMBER[0], SIZE)
    name = f"file{lab.NUMBER[0]}"
    client = None
    try:
        sock = socket.create_connection(address, timeout=world.limit)
        client = paramiko.Transport(sock)
        client.banner_timeout = client.auth_timeout = client.handshake_timeout = world.limit
        client.start_client(timeout=world.limit)
        client.auth_publickey("me", paramiko.Ed25519Key.from_private_key_file(world.key("user")))
        session = paramiko.SFTPClient.from_transport(client)
        session.get_channel().settimeout(world.limit)
        with session.open(name, "wb") as f:
            # Not pipelined: paramiko then forgets what a write was answered.
            f.write(data)
        if session.stat(name).st_size != len(data):
            return "silent"
        with session.open(name, "rb") as f:
            got = f.read()
        if got != data:
            return "silent" if data.startswith(got) else "foreign"
        session.rename(name, name + "b")
        if name + "b" not in session.listdir("."):
            return "silent"
        session.remove(name + "b")
        return "ok"
    except socket.timeout:
        return "hang"
    except Exception as e:  # whatever paramiko makes of it, it was told
        world.host.told.append(["parted", "sftp", "client: " + repr(e)])
        return "cut"
    finally:
        if client:
            client.close()
        for left in (name, name + "b"):
            try:
                os.unlink(os.path.join(world.at("served"), left))
            except OSError:
                pass


class Files(Kind):
    def possible(self):
        try:
            import logging
            import paramiko  # noqa: F401
            logging.getLogger("paramiko").setLevel(logging.CRITICAL)
            return True
        except ImportError:
            print("      sftp: skipped, there is no paramiko", flush=True)
            return False


KINDS = [
    Kind("tcp", tcp, through("tcp"), resets=True),
    Kind("unix", unix, through("unix")),
    Kind("abstract", abstract, through("abstract")),
    # Between two Unix sockets bytes are spliced once so many have gone through.
    Kind("splice", spliced, through("unix", 12_000_000), only=["splice", "pipe2", "dup", "fcntl", "openat", "close"]),
    Kind("tls-listen", tls_listen, through("tcp"), resets=True),
    Kind("tls", tls, through("tcp"), resets=True),
    Kind("exec", executed, echoes, resets=True),
    Kind("exec-start", executed, echoes, resets=True, scope="children"),
    Kind("pty", terminal, typed, resets=True),
    Kind("poller", poller, lines, resets=True),
    Kind("handles", handles, handed),
    Kind("handles-sent", offering, offered),
    Kind("fifo", nothing, fifo),
    Kind("fd", nothing, passed),
    Kind("ssh-listen", ssh_listen, through("tcp"), resets=True),
    Kind("ssh", ssh, through("tcp"), resets=True),
    Files("sftp", sftp, files),
    Files("sftp-files", sftp, files, path=lambda world: world.at("served")),
]
