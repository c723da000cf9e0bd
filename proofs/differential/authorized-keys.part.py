# SPDX-License-Identifier: Apache-2.0
"""Random authorized_keys files, to OpenSSH's server and to ours: who is let in, and what the key is held to.

Options, quotes, comments and broken lines. Compared are whether the client is let in, the command that is
run in place of its own, the variables, and what may be asked for. Needs OpenSSH's client and server.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import openssh  # noqa: E402

MOST = {True: 45, False: 5000}
FAULTS = {"a key's options in authorized_keys are not read": "options", "a refused line lets in": "in"}

FLAGS = ["pty", "port-forwarding", "agent-forwarding", "X11-forwarding", "user-rc"]
COMMANDS = ["echo forced", "echo 'two words'", r"echo \"quoted\"", r"echo back\\slash", "echo $D_A", "echo a,b", "echo '#'",
            "", "exit 3", "echo \t."]
FROM = ["127.0.0.1", "127.0.0.*", "10.0.0.1", "!127.0.0.1", "*,!127.0.0.1", "127.0.0.0/8", "10.0.0.0/8,127.0.0.1", "*",
        "127.0.0.?", "::1", "!10.0.0.1", "!10.0.0.1,*", "127.0.0.1/8", "127.0.0.0/33", "127.1", "", "example.org,127.0.0.1",
        "127.0.0.1,", " 127.0.0.1", "!10.0.0.0/8,127.0.0.0/24", "127.0.0.1/", "nowhere"]
TIMES = ["20200101", "20991231", "209912312359", "20991231235959", "2099", "20991331", "20991231Z", "20200101000000Z", "soon",
         "2099123", "19700101", "20991231235960", "20990230"]
PLACES = ["localhost:80", "*:80", "localhost:*", "[::1]:22", "::1:22", "localhost", "80", "localhost:0", "localhost:65536",
          ":80", "localhost:http", "", "a/80", "localhost:-1", "*", "[localhost]:80", "[::1]", "host:+80", "host: 80"]
ENVIRONMENTS = ["D_A=1", "D_A=2", "D_B=", "D_B=a b", "D_B=x=y", "=x", "D-C=1", "D_C", "D_B=\u00e9"]
# What OpenSSH has and this product has not: such a line lets nobody in.
MORE = ["cert-authority", 'tunnel="0"', 'principals="me"', "verify-required", "no-touch-required"]
WRONG = ["nothing", "no-restrict", "command", 'pty="yes"', 'command="echo', "command=echo", "command='echo'", "no-no-pty", "=",
         '"pty"', "pty=", "no-command", 'comm\\and="x"', "pty;no-pty", "\u00a0pty"]


def option(chance):
    """An option as it stands before a key, and whether only OpenSSH has it."""
    kind = chance.random()
    if kind < 0.35:
        name = chance.choice(["", "no-"]) + chance.choice(FLAGS)
        return chance.choice([name, name, name.upper(), name.lower()])
    if kind < 0.42:
        return "restrict"
    valued = [("command", COMMANDS), ("command", COMMANDS), ("from", FROM), ("from", FROM), ("expiry-time", TIMES),
              ("permitopen", PLACES), ("permitlisten", PLACES), ("environment", ENVIRONMENTS), ("environment", ENVIRONMENTS)]
    if kind < 0.88:
        name, values = chance.choice(valued)
        # A quote has a backslash before it.
        return f'{chance.choice([name] * 5 + [name.upper()])}="{chance.choice(values)}"'
    return chance.choice(MORE if kind < 0.92 else WRONG)


def line(chance, keys):
    kind = chance.random()
    if kind < 0.06:
        return chance.choice(["", "# comment", "   ", "\t", "garbage", "pty", "\ufeff", "ssh-ed25519", "pty ssh-ed25519",
                              "#" + keys[0], " # " + keys[0]])
    options = ",".join(option(chance) for _ in range(chance.choice([1, 1, 1, 2, 2, 3]))) if kind < 0.8 else ""
    if options and chance.random() < 0.08:
        options = chance.choice([options + ",", "," + options, options.replace(",", ", ", 1), options.replace(",", ",,", 1),
                                 options + " " + options, options.replace('"', "", 1), options.replace("=", " = ", 1)])
    key = chance.choice([keys[0]] * 6 + list(keys))
    if chance.random() < 0.12:
        name, blob = key.split()
        key = chance.choice([f"{name} {blob[:-5]}", f"{name} {blob}!!", f"ssh-rsa {blob}", name, f"{name} =", f"{name.upper()} {blob}",
                             f"{name}  {blob}", f"{name}\t{blob}", f"1024 35 {blob}", f"{name} {blob[:20]} {blob[20:]}", f"{name},{blob}"])
    return (chance.choice(["", "", "", " ", "\t", "\f"] if chance.random() < 0.3 else [""]) + options
            + (chance.choice([" ", " ", " ", "\t", "  "]) if options else "") + key
            + chance.choice(["", "", " a comment", "\r", ' "open', " # x", "\t"]))


class Reference:
    """What OpenSSH's server makes of a file."""

    def __init__(self, folder, host_key, file):
        self.key = folder / "user"
        self.server = openssh.Server(folder, f"HostKey {host_key}", f"AuthorizedKeysFile {file}", "LogLevel DEBUG1",
                                     "MaxAuthTries 20", "MaxStartups 100", "AllowTcpForwarding yes", "X11Forwarding yes")

    def decide(self):
        mark = os.path.getsize(self.server.log)
        done = subprocess.run(
            [*openssh.CLIENT, "-p", str(self.server.port), "-i", self.key, "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", f"{openssh.USER}@127.0.0.1", PLAIN],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, errors="replace")
        if "Permission denied" in done.stderr:
            return "refused", ""
        end = time.monotonic() + 5
        log = ""
        while "Accepted publickey" not in log and time.monotonic() < end:
            with open(self.server.log, errors="replace") as file:
                file.seek(mark)
                log = file.read()
            time.sleep(0.01)
        found = re.findall(r"key options:(.*)", log)
        if not found:
            return "failed: " + done.stderr.strip(), log
        words = found[-1].split()
        flags = [short for short, name in (("agent", "agent-forwarding"), ("forwarding", "port-forwarding"), ("pty", "pty"),
                                           ("x11", "x11-forwarding"), ("open", "permitopen"), ("listen", "permitlisten"))
                 if name in words]
        return " ".join(["in", *flags]), f"{done.returncode} {done.stdout}"


# What the client asks for.
PLAIN = "echo plain; env | grep ^D_ | sort"


def told(decision):
    """Our decision in the same words: what is in force, and what comes of the command."""
    if not decision.startswith("in"):
        return decision, ""
    words = decision.split(" ")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("D_")}
    command = PLAIN
    for word in words:
        if word.startswith("env:"):
            name, _, value = word[4:].partition("=")
            environment[name] = bytes.fromhex(value).decode()
        elif word.startswith("command:"):
            command = bytes.fromhex(word[8:]).decode()
    # An empty command is the user's shell, at the end of its input here.
    done = subprocess.run([os.environ.get("SHELL") or "/bin/bash", "-c", command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    return " ".join(word for word in words if ":" not in word), f"{done.returncode} {done.stdout}"


def check(lab):
    chance = lab.random
    rules = lab.rules()
    counts, case = {}, 0
    with openssh.Folder() as folder:
        keys = openssh.Keys(folder)
        host_key, user = keys.make("host"), keys.make("user")
        pool = [keys.text(user), keys.text(keys.make("other")), keys.text(keys.make("ec", "ecdsa")), keys.text(keys.make("rsa", "rsa"))]
        file = folder / "authorized_keys"
        ours = openssh.Ours(folder, "io.penstock.ssh.impl.server.Decide")
        server = None
        try:
            server = Reference(folder, host_key, file)
            while not lab.over() and case < MOST[lab.short]:
                case += 1
                lines = [line(chance, pool) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
                file.write_bytes(("\n".join(lines) + chance.choice(["\n", "\n", ""])).encode())
                decision = told(ours.decide(file, pool[0].split()[1]))
                if lab.fault == "options" and decision[0].startswith("in"):
                    decision = told("in agent forwarding pty x11")
                if lab.fault == "in" and decision[0] == "refused":
                    decision = told("in agent forwarding pty x11")
                expected = server.decide()
                word = expected[0].split(" ")[0]
                counts[word] = counts.get(word, 0) + 1
                differences, known = [], 0
                if decision != expected:
                    # Lines that this product refuses on purpose: without them OpenSSH must say the same.
                    left = [each for each in lines if not any(re.search(key, each, re.I) for key in rules)]
                    if len(left) < len(lines):
                        file.write_bytes("\n".join([*left, ""]).encode())
                        known = int(decision == server.decide())
                    if not known:
                        differences = [f"OpenSSH {expected}, ours {decision}", *map(repr, lines)]
                lab.case(f"file {case}, {word}", differences, known)
        finally:
            ours.close()
            if server:
                server.server.close()
    lab.figure("authorized_keys files beside OpenSSH's server", case)
    for decision, files in sorted(counts.items()):
        lab.figure(f"authorized_keys: {decision}", files)
