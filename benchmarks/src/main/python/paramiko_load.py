# SPDX-License-Identifier: Apache-2.0
"""A client of SSH in Python: PORT FOLDER USER. Answers "push BYTES" and "pull BYTES" with GB/s."""
import sys
import time

import paramiko

CHUNK = 65536
port, folder, user = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def run(command):
    channel = transport.open_session()
    channel.exec_command(command)
    return channel


def push(size):
    channel = run("wc -c")
    data = bytes(CHUNK)
    left = size
    while left > 0:
        n = min(left, CHUNK)
        channel.sendall(data[:n])
        left -= n
    channel.shutdown_write()
    check(channel, int(channel.makefile().read()), size)


def pull(size):
    channel = run("head -c %d /dev/zero" % size)
    count = 0
    while True:
        data = channel.recv(CHUNK)
        if not data:
            break
        count += len(data)
    check(channel, count, size)


def check(channel, count, expected):
    status = channel.recv_exit_status()
    if count != expected or status != 0:
        raise OSError("counted %d bytes and status %d, expected %d and 0" % (count, status, expected))
    channel.close()


transport = paramiko.Transport(("127.0.0.1", port))
transport.get_security_options().ciphers = ["aes128-gcm@openssh.com"]
transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(folder + "/key"))
for line in sys.stdin:
    word, size = line.split()
    start = time.perf_counter_ns()
    {"push": push, "pull": pull}[word](int(size))
    print(int(size) / (time.perf_counter_ns() - start), flush=True)
