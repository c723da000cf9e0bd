# SPDX-License-Identifier: Apache-2.0
"""What the parts that stand beside OpenSSH have in common: keys, a server, this product's decisions.

Needs OpenSSH's client and server, a JDK and the built program.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

sys.path.insert(0, str(HERE.parent / "common"))
import lab as common  # noqa: E402

SSHD = "/usr/sbin/sshd"
USER = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()

class Keys:
    """Key pairs in a folder, by name."""

    def __init__(self, folder):
        self.folder = folder

    def make(self, name, kind="ed25519"):
        path = self.folder / name
        bits = ["-b", "2048"] if kind == "rsa" else []
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "", "-f", path], check=True)
        return path

    def certify(self, authority, key, *principals):
        subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "host", "-h", "-n", ",".join(principals),
                        f"{key}.pub"], check=True)
        return pathlib.Path(f"{key}-cert.pub")

    @staticmethod
    def text(path):
        path = pathlib.Path(path)
        path = path if path.name.endswith(".pub") else pathlib.Path(f"{path}.pub")
        return " ".join(path.read_text().split()[:2])

class Server:
    """OpenSSH's server on the loopback interface."""

    def __init__(self, folder, *settings):
        if USER == "root":
            os.makedirs("/run/sshd", exist_ok=True)
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            config = folder / f"sshd-{self.port}"
            config.write_text("\n".join(settings) + f"""
ListenAddress 127.0.0.1:{self.port}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserEnvironment yes
MaxStartups 100
UseDNS no
""")
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL,
                                            stderr=subprocess.PIPE, text=True)
            for line in self.process.stderr:
                if "Server listening" in line:
                    # What it says from now on must not stall it.
                    self.log = folder / f"sshd-{self.port}.log"
                    with open(self.log, "wb") as log:
                        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=log)
                    return
            self.process.wait()
        raise RuntimeError("sshd does not start")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.drain.wait()

CLIENT = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "GlobalKnownHostsFile=/dev/null", "-o",
          "KexAlgorithms=curve25519-sha256", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
          "-o", "ConnectTimeout=20"]

class Ours:
    """A process that makes this product's decisions."""

    def __init__(self, folder, name, path=None):
        classpath = path or os.environ.get("PENSTOCK_CLASSPATH")
        if not classpath:
            classpath = common.Build(str(folder / "build")).path
        classes = folder / "classes"
        source = HERE / "src" / (name.replace(".", "/") + ".java")
        subprocess.run([common.JAVAC, "-nowarn", "-proc:none", "-d", classes, "-cp", classpath, source], check=True)
        self.process = subprocess.Popen(
            [common.JAVA, "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{classpath}", name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=open(folder / "decide.log", "wb"), text=True)

    def decide(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("no decision; is there an exception in its log?")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()

class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="penstock-differential"))
        return self.path

    def __exit__(self, *failure):
        shutil.rmtree(self.path, ignore_errors=True)
