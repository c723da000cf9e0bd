# SPDX-License-Identifier: Apache-2.0
"""A server in Python: HOST_KEY AUTHORIZED [STAGE]. Tells its port, and ends with its input.

The stage is where it kills itself.
"""
import base64
import os
import signal
import socket
import sys
import threading

import paramiko

MIB = 1 << 20
jobs = {}
go = threading.Semaphore(0)


def watch():
    for _ in sys.stdin:
        go.release()
    os._exit(0)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def at(name):
    if name == stage:
        die()


def answer_when_told(name):
    if name == "silent":
        go.acquire()


def silent(channel):
    pass


def send_message(channel, *parts):
    message = paramiko.Message()
    message.add_byte(bytes([parts[0]]))
    message.add_int(channel.remote_chanid)
    for part in parts[1:]:
        if isinstance(part, bool):
            message.add_boolean(part)
        elif isinstance(part, int):
            message.add_int(part)
        else:
            message.add_string(part)
    channel.transport._send_user_message(message)


def read_all(channel):
    parts = []
    while True:
        part = channel.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


# ---- what a command does


def status(channel, number):
    channel.sendall(b"done\n")
    channel.send_exit_status(int(number))


def killed(channel):
    send_message(channel, 98, "exit-signal", False, "TERM", False, "on purpose", "")


def none(channel):
    pass


def both(channel):
    errors = threading.Thread(target=lambda: channel.sendall_stderr(b"e" * (3 * MIB)))
    errors.start()
    channel.sendall(b"o" * (3 * MIB))
    errors.join()
    channel.send_exit_status(0)


def send(channel, size):
    channel.sendall(b"s" * int(size))
    channel.send_exit_status(0)


def count(channel):
    channel.sendall(str(len(read_all(channel))).encode())
    channel.send_exit_status(0)


def count_late(channel):
    """Reads when it is told to."""
    go.acquire()
    count(channel)


def echo(channel):
    while True:
        part = channel.recv(65536)
        if not part:
            break
        channel.sendall(part)
    channel.send_exit_status(0)


def unknown(channel):
    """Extended data of a type that nobody knows, as far as there is credit."""
    channel.settimeout(15)
    left = 128 * 1024
    while left > 0:
        message = paramiko.Message()
        message.add_byte(bytes([95]))
        message.add_int(channel.remote_chanid)
        message.add_int(2)
        left -= channel._send(b"u" * min(left, 16384), message)
    channel.sendall(b"bytes")
    channel.send_exit_status(0)


def size(channel):
    tell_size(channel)
    channel.resized.wait(20)
    tell_size(channel)
    channel.send_exit_status(0)


def tell_size(channel):
    channel.sendall((" ".join(str(n) for n in channel.size) + "\n").encode())


def data(channel):
    channel.sendall(b"bytes")
    channel.recv(1)
    at("data")


def end(channel):
    channel.sendall(b"bytes")
    channel.shutdown_write()
    channel.recv(1)
    at("end")


def overflow(channel):
    left = channel.out_window_size
    while left > 0:
        n = min(left, 32768)
        send_message(channel, 94, b"o" * n)
        left -= n
    send_message(channel, 94, b"!")
    wait_for_cut(channel)


def oversize(channel):
    send_message(channel, 94, b"o" * 32800)
    wait_for_cut(channel)


def liar(channel):
    # The length of a text that is not there.
    send_message(channel, 94, 1000)
    wait_for_cut(channel)


def after_end(channel):
    channel.shutdown_write()
    send_message(channel, 94, b"more")
    wait_for_cut(channel)


def credit(channel):
    for _ in range(2):
        send_message(channel, 93, 0xFFFFFFFF)
    wait_for_cut(channel)


def wait_for_cut(channel):
    channel.transport.join(20)


class Server(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        at("login")
        return paramiko.AUTH_SUCCESSFUL if key == authorized else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        at("open")
        if kind == "session":
            return paramiko.OPEN_SUCCEEDED
        return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_direct_tcpip_request(self, chanid, origin, destination):
        answer_when_told(destination[0])
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, channel, term, width, height, x, y, modes):
        answer_when_told(term.decode())
        channel.size = (term.decode(), width, height, x, y)
        channel.resized = threading.Event()
        return True

    def check_channel_window_change_request(self, channel, width, height, x, y):
        channel.size = (channel.size[0], width, height, x, y)
        channel.resized.set()
        return True

    def check_channel_exec_request(self, channel, command):
        at("request")
        words = command.decode().split()
        answer_when_told(words[0])
        jobs[channel.chanid] = (channel, words)
        return words[0] != "refused"


def serve(channel, words):
    try:
        globals()[words[0].replace("-", "_")](channel, *words[1:])
    finally:
        channel.close()


def answer(channel, message):
    """Begins when the request was answered, as programs do."""
    handle(channel, message)
    job = jobs.pop(channel.chanid, None)
    if job:
        threading.Thread(target=serve, args=job, daemon=True).start()


def connection(client):
    transport = paramiko.Transport(client)
    transport.add_server_key(host_key)
    try:
        transport.start_server(server=Server())
    except (paramiko.SSHException, EOFError, OSError) as failed:
        print("a client has gone:", failed, file=sys.stderr)


def read_message(packetizer):
    kind, message = read(packetizer)
    if (stage, kind) in (("keys", 20), ("newkeys", 21)):
        die()
    return kind, message


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=watch, daemon=True).start()
    print("listening", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        at("accept")
        threading.Thread(target=connection, args=(client,), daemon=True).start()


read = paramiko.packet.Packetizer.read_message
paramiko.packet.Packetizer.read_message = read_message
handle = paramiko.Channel._handle_request
paramiko.Transport._channel_handler_table[98] = answer
host_key = paramiko.Ed25519Key.from_private_key_file(sys.argv[1])
authorized = paramiko.Ed25519Key(data=base64.b64decode(open(sys.argv[2]).read().split()[1]))
stage = sys.argv[3] if len(sys.argv) > 3 else ""
main()
