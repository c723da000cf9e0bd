# SPDX-License-Identifier: Apache-2.0
"""A client in Python: PORT KEY KNOWN_HOSTS CASE [WORD...]. Tells what it has got, a line each."""
import hashlib
import os
import queue
import signal
import sys
import threading
import time

import paramiko

MIB = 1 << 20


def tell(*what):
    print(*what, flush=True)


def wait_for_line():
    if not sys.stdin.readline():
        raise EOFError("the test has gone")


def connect():
    client = paramiko.SSHClient()
    client.load_host_keys(known)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        "127.0.0.1", port, username="me", key_filename=key,
        look_for_keys=False, allow_agent=False, timeout=20)
    return client.get_transport(), client


def run(transport, command):
    channel = transport.open_session(timeout=20)
    channel.settimeout(60)
    channel.exec_command(command)
    return channel


def digest(data):
    return str(len(data)) + " " + hashlib.sha256(data).hexdigest()


def read_all(recv):
    parts = []
    while True:
        part = recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def send_message(transport, *parts):
    message = paramiko.Message()
    message.add_byte(bytes([parts[0]]))
    for part in parts[1:]:
        if isinstance(part, int):
            message.add_int(part)
        else:
            message.add_string(part)
    transport._send_user_message(message)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def at_message(wanted, act):
    read = paramiko.packet.Packetizer.read_message

    def read_message(packetizer):
        kind, message = read(packetizer)
        if kind == wanted:
            act()
        return kind, message

    paramiko.packet.Packetizer.read_message = read_message


def exchange(channel, pieces):
    """Sends, ends that direction, and meanwhile reads to the end; whether the same has come back."""
    channel.settimeout(60)
    back = []
    reader = threading.Thread(target=lambda: back.append(read_all(channel.recv)))
    reader.start()
    sent = []
    for piece in pieces:
        channel.sendall(piece)
        sent.append(piece)
    channel.shutdown_write()
    reader.join()
    return "same" if back == [b"".join(sent)] else "other"


# ---- a peer that keeps to the rules


def statuses():
    transport, client = connect()
    for command in ("0", "7", "255", "killed", "none"):
        channel = run(transport, command)
        output = read_all(channel.recv)
        tell(channel.recv_exit_status(), output.decode())
    client.close()


def both():
    transport, client = connect()
    channel = run(transport, "both")
    errors = []
    reader = threading.Thread(target=lambda: errors.append(read_all(channel.recv_stderr)))
    reader.start()
    output = read_all(channel.recv)
    reader.join()
    tell(digest(output))
    tell(digest(errors[0]))
    client.close()


def unread():
    """Leaves what comes until it is told, and sends what is not read at first."""
    transport, client = connect()
    channel = run(transport, "unread")
    sender = threading.Thread(target=lambda: (channel.sendall(b"s" * (8 * MIB)), channel.shutdown_write()))
    sender.start()
    wait_for_line()
    tell(digest(read_all(channel.recv)))
    sender.join()
    tell(channel.recv_exit_status())
    client.close()


def half_close():
    transport, client = connect()
    channel = run(transport, "half-close")
    channel.sendall(b"question")
    channel.shutdown_write()
    tell(read_all(channel.recv).decode())
    tell(channel.recv_exit_status())
    client.close()


def terminal():
    transport, client = connect()
    channel = transport.open_session(timeout=20)
    channel.settimeout(60)
    channel.get_pty("xterm-256color", 132, 43, 800, 600)
    channel.exec_command("terminal")
    tell(channel.recv(99).decode())
    channel.resize_pty(100, 30, 640, 480)
    tell(channel.recv_exit_status())
    client.close()


def login():
    try:
        connect()[1].close()
        tell("in")
    except (paramiko.AuthenticationException, paramiko.BadHostKeyException) as refused:
        tell(type(refused).__name__)


def stalled():
    """One channel that is not read there, while another one moves 32 MiB each way."""
    transport, client = connect()
    first = run(transport, "stalled")
    sender = threading.Thread(target=lambda: first.sendall(b"s" * (8 * MIB)))
    sender.daemon = True
    sender.start()
    wait_for_line()
    second = run(transport, "quick")
    back = []
    reader = threading.Thread(target=lambda: back.append(read_all(second.recv)))
    reader.start()
    second.sendall(b"q" * (32 * MIB))
    second.shutdown_write()
    reader.join()
    tell(len(back[0]))
    wait_for_line()
    client.close()


def rekey():
    """Bytes go both ways until there were new keys ten times, which takes far less than 256 MiB."""
    transport, client = connect()
    channel = run(transport, "rekey")
    times = []
    at_message(21, lambda: times.append(1))
    transport.packetizer.REKEY_BYTES = 256 * 1024

    def pieces():
        for _ in range(4096):
            if len(times) < 10:
                yield os.urandom(65536)

    tell(exchange(channel, pieces()))
    tell(len(times))
    client.close()


# ---- what there is beside sessions


def agent():
    """The program is let to the agent whose socket is named."""
    os.environ["SSH_AUTH_SOCK"] = words[0]
    transport, client = connect()
    channel = transport.open_session(timeout=20)
    handler = paramiko.agent.AgentRequestHandler(channel)
    channel.exec_command("agent")
    tell(channel.recv_exit_status())
    handler.close()
    client.close()


def x11():
    """One X client is let to a display that gives it back what it says."""
    transport, client = connect()
    channel = transport.open_session(timeout=20)
    clients = queue.Queue()
    cookie = channel.request_x11(3, single_connection=True, handler=lambda *each: clients.put(each))
    tell(cookie.decode())
    channel.exec_command("x11")
    display, origin = clients.get(timeout=60)
    tell(*origin)
    send_back(display)
    tell(channel.recv_exit_status())
    client.close()


def send_back(channel):
    channel.settimeout(60)
    channel.sendall(read_all(channel.recv))
    channel.close()


def direct():
    """Goes to each address that is named, as if it was for somebody else."""
    transport, client = connect()
    for target in words:
        host, number = target.split(":")
        try:
            channel = transport.open_channel(
                "direct-tcpip", (host, int(number)), ("192.0.2.7", 4711), timeout=60)
        except paramiko.ChannelException as refused:
            tell(refused.code)
        else:
            tell(exchange(channel, [os.urandom(3 * MIB)]))
    client.close()


def forwarded():
    transport, client = connect()
    try:
        transport.request_port_forward("0.0.0.0", 0)
    except paramiko.SSHException as refused:
        tell(refused)
    at = transport.request_port_forward("127.0.0.1", 0)
    tell(at)
    channel = transport.accept(60)
    tell(*channel.origin_addr)
    send_back(channel)
    transport.cancel_port_forward("127.0.0.1", at)
    tell("cancelled")
    wait_for_line()
    client.close()


# ---- one that does not


def overflow():
    transport, client = connect()
    channel = run(transport, "x")
    size = channel.out_window_size
    while size > 0:
        n = min(size, 32768)
        send_message(transport, 94, channel.remote_chanid, b"o" * n)
        size -= n
    send_message(transport, 94, channel.remote_chanid, b"!")
    gone(transport)


def oversize():
    transport, client = connect()
    channel = run(transport, "x")
    send_message(transport, 94, channel.remote_chanid, b"o" * 32800)
    gone(transport)


def liar():
    transport, client = connect()
    channel = run(transport, "x")
    # The length of a text that is not there.
    send_message(transport, 94, channel.remote_chanid, 1000)
    gone(transport)


def after_end():
    transport, client = connect()
    channel = run(transport, "x")
    channel.shutdown_write()
    send_message(transport, 94, channel.remote_chanid, b"more")
    gone(transport)


def credit():
    transport, client = connect()
    channel = run(transport, "x")
    for _ in range(2):
        send_message(transport, 93, channel.remote_chanid, 0xFFFFFFFF)
    gone(transport)


def gone(transport):
    transport.join(20)
    tell("cut" if not transport.is_active() else "still there")


def killed_keys():
    at_message(20, die)
    paramiko.Transport(("127.0.0.1", port)).start_client(timeout=20)


def guess():
    """Asks for the login anew before each guess, as this library does, until it is cut."""
    transport = paramiko.Transport(("127.0.0.1", port))
    transport.start_client(timeout=20)
    start = time.monotonic()
    for attempt in range(500):
        try:
            transport.auth_password("tester", "guess %d" % attempt)
        except paramiko.SSHException:
            pass
        if not transport.is_active():
            break
    tell(attempt + 1, int((time.monotonic() - start) * 1000))
    transport.close()


def ask_again():
    """Asks for the login again when somebody has logged in, and goes on."""
    transport, _ = connect()
    message = paramiko.Message()
    message.add_byte(bytes([5]))
    message.add_string("ssh-userauth")
    transport._send_message(message)
    tell(run(transport, "x").recv_exit_status())


def killed_newkeys():
    transport = paramiko.Transport(("127.0.0.1", port))
    transport.start_client(timeout=20)
    die()


def killed_login():
    connect()
    die()


def killed_open():
    connect()[0].open_session(timeout=20)
    die()


def killed_request():
    run(connect()[0], "x")
    die()


def killed_data():
    run(connect()[0], "x").sendall(b"bytes")
    wait_for_line()
    die()


def killed_end():
    channel = run(connect()[0], "x")
    channel.sendall(b"bytes")
    channel.shutdown_write()
    wait_for_line()
    die()


def standard_error():
    """What a client does not have; the channel may be closed meanwhile, and the session stays."""
    transport, client = connect()
    channel = run(transport, "x")
    channel.sendall(b"first")
    sent = 0
    try:
        while sent < 3 * MIB:
            sent += channel.send_stderr(b"e" * 32768)
        tell("sent", sent)
    except OSError:
        tell("refused")
    other = run(transport, "y")
    other.sendall(b"second")
    other.shutdown_write()
    wait_for_line()


port, (key, known, case, *words) = int(sys.argv[1]), sys.argv[2:]
globals()[case.replace("-", "_")]()
