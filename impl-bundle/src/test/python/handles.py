# SPDX-License-Identifier: Apache-2.0
#
# handles.py PATH FILE: sends FILE, the end of a pipe and a socket with one message over the Unix
# socket at PATH, then takes as many, and gives back over the first what it reads from the others.
import os
import socket
import sys

peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
peer.connect(sys.argv[1])
file = os.open(sys.argv[2], os.O_RDONLY)
end, mine = os.pipe()
near, far = socket.socketpair()
socket.send_fds(peer, [b"thr", b"ee"], [file, end, far.fileno()])
os.close(file)
os.close(end)
far.close()
os.write(mine, b"from the pipe")
os.close(mine)
near.sendall(b"from the socket")
near.shutdown(socket.SHUT_WR)

bytes, taken, flags, _ = socket.recv_fds(peer, 64, 16)
assert bytes == b"back", bytes
assert len(taken) == 3 and flags & socket.MSG_CTRUNC == 0, (taken, flags)
out = socket.socket(fileno=taken[0])
out.setblocking(True)
for each in taken[1:]:
    os.set_blocking(each, True)
    while True:
        piece = os.read(each, 64)
        if not piece:
            break
        out.sendall(piece)
out.close()
assert peer.recv(1) == b""
