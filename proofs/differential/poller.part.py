# SPDX-License-Identifier: Apache-2.0
"""The poller beside a plain reference: a thread for each client, and a reader that takes byte after byte.

The same random script of several clients at once: frames of random sizes, some too long, some cut off, written in
random pieces with pauses, ended or cut. Each frame is answered with its length and checksum. Compared are the answers
and how each client's stream ends. Needs a JDK.
"""

import pathlib
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import openssh  # noqa: E402

FAULTS = {
    "a frame as long as the limit is refused": "limit",
    "a frame's last byte is wrong": "last",
    "an answer goes to another client": "other",
    "the end is not told": "end",
    "a failure looks like an end": "failure",
}
LIMIT = 20
DELIMITER = b";;\n"
KINDS = [("lines", 120), ("lines", 5000), ("lines", 1), ("delimited", 120), ("delimited", 4), ("length1", 255), ("length1", 7),
         ("length2", 3000), ("length4", 70000), ("fixed", 1), ("fixed", 64), ("fixed", 5000)]


def frame(random, kind, number):
    """A frame, seldom one that is too long."""
    longer = random.random() < 0.03
    if kind == "fixed":
        return random.randbytes(number)
    if kind.startswith("length"):
        width = int(kind[-1])
        size = min(256 ** width - 1, number + 1 if longer else random.choice([0, 1, number, random.randint(0, number)]))
        return size.to_bytes(width, "big") + random.randbytes(size)
    end = b"\n" if kind == "lines" else DELIMITER
    most = number - len(end)
    size = most + 1 if longer else random.choice([0, max(0, most), random.randint(0, max(0, most))])
    body = random.randbytes(size).translate(bytes.maketrans(b"\n", b";"))
    # So that no delimiter ends before its time: what is in the body has no line feed.
    return body + end


def client(random, kind, number):
    """What a client does: (pieces with pauses behind them, whether it cuts)."""
    data = b"".join(frame(random, kind, number) for _ in range(random.choice([0, 1, 3, 20, 60])))
    if random.random() < 0.3 and data:
        data = data[:random.randint(0, len(data))]
    pieces = []
    while data:
        size = random.choice([1, 2, 3, 10, 100, 1000, 100_000])
        pieces.append((data[:size], random.choice([0] * 6 + [0.001, 0.02])))
        data = data[size:]
        if len(pieces) > 300:
            pieces.append((data, 0))
            break
    return pieces, random.random() < 0.1


def converse(port, pieces, cuts, found, index):
    sock = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    got = bytearray()
    state = []

    def read():
        try:
            while data := sock.recv(65536):
                got.extend(data)
            state.append("end")
        except socket.timeout:
            state.append("silent")
        except OSError:
            state.append("cut")

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        for data, pause in pieces:
            sock.sendall(data)
            if pause:
                time.sleep(pause)
        if not cuts:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        # The system tells a cut once: who writes has heard of it, and a read then finds the end.
        state.insert(0, "cut")
    if cuts:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            sock.shutdown(socket.SHUT_RD)
        except OSError:
            pass
    reading.join(LIMIT + 5)
    sock.close()
    found[index] = (state[0] if state else "silent", bytes(got))


def play(port, clients):
    found = [None] * len(clients)
    threads = [threading.Thread(target=converse, args=(port, pieces, cuts, found, index), daemon=True)
               for index, (pieces, cuts) in enumerate(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(3 * LIMIT)
    return found


def differs(mine, reference):
    """What differs between two outcomes. Of the answers before a cut as many come as have left before it."""
    if mine is None or reference is None:
        return "a client does not end"
    if mine[0] != reference[0]:
        return f"the end: plain {reference[0]} after {len(reference[1])} bytes, poller {mine[0]} after {len(mine[1])}"
    if mine[0] == "cut":
        shorter = min(len(mine[1]), len(reference[1]))
        return "the answers" if mine[1][:shorter] != reference[1][:shorter] else None
    return f"the answers: plain {reference[1][-60:]!r}, poller {mine[1][-60:]!r}" if mine[1] != reference[1] else None


def check(lab):
    case = conversations = frames = 0
    ports = {}
    with openssh.Folder() as folder:
        servers = openssh.Ours(folder, "io.penstock.differential.Frames")
        try:
            while not lab.over():
                case += 1
                kind, number = lab.random.choice(KINDS)
                if lab.fault and FAULTS[lab.fault] == "limit" and number == 1:
                    continue
                if (kind, number) not in ports:
                    answer = servers.decide(kind, number, FAULTS.get(lab.fault, "none"))
                    ports[kind, number] = [int(port) for port in answer.split(" ")]
                clients = [client(lab.random, kind, number) for _ in range(lab.random.choice([1, 1, 2, 5]))]
                polled, plain = (play(port, clients) for port in ports[kind, number])
                differences = []
                for index, (pieces, cuts) in enumerate(clients):
                    conversations += 1
                    frames += plain[index][1].count(b"frame") if plain[index] else 0
                    # Of one that cuts only the others must notice nothing.
                    wrong = None if cuts else differs(polled[index], plain[index])
                    if wrong:
                        data = b"".join(each for each, _ in pieces)
                        differences.append(f"client {index + 1} of {len(clients)}: {wrong}; it sent {len(data)} bytes in "
                                           f"{len(pieces)} pieces, ending with {data[-80:]!r}")
                lab.case(f"script {case}, {len(clients)} clients, {kind} {number}", differences)
        finally:
            servers.close()
    lab.figure("conversations of the poller compared", conversations)
    lab.figure("frames in them", frames)
