# SPDX-License-Identifier: Apache-2.0
"""Faults that are planted in the product, one by one, in a copy of a source; torture must find each."""
import argparse
import os
import re
import shutil
import subprocess

import lab

MAIN = os.path.join("impl-bundle", "src", "main", "java")
RELAY = "io/penstock/impl/relay/RelayDirection.java"
SOCKET = "io/penstock/impl/kind/support/socket/SocketDriver.java"
LISTENER = "io/penstock/impl/kind/support/socket/SocketListener.java"

# What is planted, in which source, what is replaced by what, and the cases of which one must find it.
PLANTS = [
    ("a read that was interrupted or would block is taken for the end", SOCKET,
     "n = Bounded.read(socket.input(), dst);", "n = Bounded.read(socket.input(), dst); n = n == 0 || n == -3 ? -1 : n;",
     ["tcp/read/EAGAIN/1", "tcp/read/EINTR/1"]),
    ("a short write is not continued", RELAY,
     "if (handsOver || !buffer.hasRemaining()) {", "if (n > 0) {",
     ["tcp/write/short 1000/1", "tcp/write/short 1/1"]),
    ("a connection that cannot be set up is not closed", LISTENER,
     "try (accepted) {", "try {",
     ["tcp/setsockopt/ENOMEM/1", "tcp/getsockname/ENOBUFS/1"]),
    ("the relay takes a failure of its source for the end", RELAY,
     "tell(() -> owner.sourceFailed(this, e));", "tell(() -> owner.sourceEnded(this));",
     ["tcp/read/EIO/2", "tcp/read/EIO/1"]),
]


def plant(options, build, result, torture):
    for what, source, old, new, cases in PLANTS:
        with open(os.path.join(lab.ROOT, MAIN, source)) as f:
            text = f.read()
        folder = os.path.join(result.folder, "planted")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        found = ""
        if old in text:
            text = text.replace(old, new)
            # Annotations for the build only, which are not on the class path here.
            text = re.sub(r"import org\.jspecify\.annotations\.\w+;", "", text).replace("@Nullable ", "")
            copy = os.path.join(folder, os.path.basename(source))
            with open(copy, "w") as f:
                f.write(text)
            subprocess.run([lab.JAVAC, "-nowarn", "-proc:none", "-d", folder, "-cp", build.path, copy], check=True)
            path = build.path
            build.path = folder + ":" + path
            try:
                for case in cases:
                    quiet = lab.Result("torture", "planted", options.seed, result.folder, quiet=True)
                    torture(argparse.Namespace(**{**vars(options), "only": case, "times": 1}), build, quiet)
                    if quiet.failed:
                        found = case
                        break
            finally:
                build.path = path
        else:
            print(f"      the source has changed, this plant must be written anew: {old}", flush=True)
        result.line(bool(found), f"planted: {what}: {'found by ' + found if found else 'NOT FOUND'}")
        result.planted.append({"fault": what, "found": bool(found), "by": "torture, " + found if found else ""})
