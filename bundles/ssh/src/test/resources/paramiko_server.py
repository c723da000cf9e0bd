# SPDX-License-Identifier: Apache-2.0
"""A server in Python: HOST_KEY AUTHORIZED [STAGE]. Tells its port, and ends with its input.

The stage is where it kills itself.
"""
import base64
import collections
import os
import signal
import socket
import struct
import sys
import threading

import paramiko

MIB = 1 << 20
jobs = {}
new_keys = collections.Counter()
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


def pump(recv, send):
    while True:
        part = recv(65536)
        if not part:
            break
        send(part)


def echo(channel):
    pump(channel.recv, channel.sendall)
    channel.send_exit_status(0)


def rekey(channel):
    """Says on standard error when there were new keys ten times, one time each 256 KiB."""
    packetizer = channel.transport.packetizer
    wanted = new_keys[packetizer] + 10
    packetizer.REKEY_BYTES = 256 * 1024

    def send_back(part):
        channel.sendall(part)
        if new_keys[packetizer] >= wanted and "REKEY_BYTES" in vars(packetizer):
            del packetizer.REKEY_BYTES
            channel.sendall_stderr(b"ten times")

    pump(channel.recv, send_back)
    channel.send_exit_status(0)


def agent(channel):
    """Has the client's agent sign."""
    client = paramiko.agent.AgentSSH()
    client._connect(channel.transport.open_forward_agent_channel())
    for key in client.get_keys():
        signature = paramiko.Message(key.sign_ssh_data(b"data"))
        channel.sendall(str(authorized.verify_ssh_sig(b"data", signature)).encode())
    client._close()
    channel.send_exit_status(0)


def x11(channel):
    """Is an X client, and says what it was told."""
    screen, protocol, single, cookie = channel.x11
    shown = bytes.fromhex(cookie.decode())
    display = channel.transport.open_x11_channel(("192.0.2.7", 4711))
    display.settimeout(60)
    display.sendall(struct.pack(
        ">cxHHHHxx20s16s", b"B", 11, 0, len(protocol), len(shown), protocol.encode(), shown))
    said = read_all(display).decode()
    display.close()
    channel.sendall(f"{screen} {protocol} {single} {said}".encode())
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
    def __init__(self, transport):
        self.transport = transport
        self.listener = None
        self.echoes = set()

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
        if destination[0] == "prohibited":
            return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        if destination == ("echo", 7):
            self.echoes.add(chanid)
        return paramiko.OPEN_SUCCEEDED

    def check_port_forward_request(self, address, port):
        if address != "localhost":
            return False
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.forward, daemon=True).start()
        return self.listener.getsockname()[1]

    def cancel_port_forward_request(self, address, port):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        print("cancelled", flush=True)

    def forward(self):
        to = ("localhost", self.listener.getsockname()[1])
        peer, origin = self.listener.accept()
        channel = self.transport.open_forwarded_tcpip_channel(origin, to)
        back = threading.Thread(target=pump, args=(channel.recv, peer.sendall))
        back.start()
        pump(peer.recv, channel.sendall)
        channel.shutdown_write()
        back.join()
        channel.close()
        peer.close()

    def check_channel_forward_agent_request(self, channel):
        return True

    def check_channel_x11_request(self, channel, single, protocol, cookie, screen):
        channel.x11 = (screen, protocol, single, cookie)
        return True

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
    server = Server(transport)
    try:
        transport.start_server(server=server)
    except (paramiko.SSHException, EOFError, OSError) as failed:
        print("a client has gone:", failed, file=sys.stderr)
    # Those that nobody refers to are closed.
    accepted = []
    while transport.is_active():
        channel = transport.accept()
        accepted.append(channel)
        if channel and channel.chanid in server.echoes:
            threading.Thread(target=send_back, args=(channel,), daemon=True).start()


def send_back(channel):
    pump(channel.recv, channel.sendall)
    channel.close()


def read_message(packetizer):
    kind, message = read(packetizer)
    if (stage, kind) in (("keys", 20), ("newkeys", 21)):
        die()
    if kind == 21:
        new_keys[packetizer] += 1
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
