# SPDX-License-Identifier: Apache-2.0
"""SSH: OpenSSH's client and ours, each at OpenSSH's server and at ours, by the same random script.

A script is a command for the server's shell, and what the client writes, when it pauses and ends its input, and which
signals it sends. All four must see the same output, the same standard error, and the same exit status or signal; of
signals `ssh` tells only the status 255, and sends none; OpenSSH's server passes none on to programs of root, so that a
program without SSH is the measure there. Needs OpenSSH's client and server, bash, and a JDK.
"""

import base64
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import openssh  # noqa: E402
import lab as common  # noqa: E402

SHELL = "exec bash -c \"$PENSTOCK_COMMAND\""
# What is planted in the program behind our server; the client's fault is planted in what it is told.
FAULTS = {
    "a status is lost": 'bash -c "$PENSTOCK_COMMAND"; exit 0',
    "a signal becomes a status": 'bash -c "$PENSTOCK_COMMAND"; exit $?',
    "standard error is in the output": 'exec bash -c "$PENSTOCK_COMMAND" 2>&1',
    "the last byte is lost": 'set -o pipefail; bash -c "$PENSTOCK_COMMAND" | head -c -1',
    "a variable is not passed on": 'unset LC_PROBE; exec bash -c "$PENSTOCK_COMMAND"',
    "our client ends its input early": "client",
}
LIMIT = 80
READERS = ["cat", "cat >&2", "wc -c", "tr a-z A-Z", "head -c 100", "read x; echo \"$x\"", "cat >/dev/null", "cat; echo after >&2",
           "head -c 5000 >/dev/null; cat", "md5sum"]
WRITERS = ["echo one; echo two >&2", "seq 1 {n}", "seq 1 {n} >&2", "head -c {n} /dev/zero | tr '\\0' x", "printf 'no newline'", "true",
           "seq 1 {n} | while read x; do echo $x; [ $((x % 100)) = 0 ] && echo $x >&2; done", "echo \"$LC_PROBE\"",
           "echo 'quotes \" and \\ and $HOME'", "printf 'a\nb\n'", "echo \u00e4\u20ac", "sleep 0.05; echo late", "echo; exec true",
           "exec >&-; echo lost 2>/dev/null", "(sleep 0.1; echo from the background) & wait"]
ENDINGS = [""] * 3 + ["exit {s}"] * 4 + ["kill -{k} $$", "kill -{k} $$", "no-such-program-at-all", "false", "exec sh -c 'exit {s}'"]
KILLS = ["TERM", "KILL", "INT", "HUP", "USR1", "PIPE", "ALRM", "QUIT"]


class Script:
    def __init__(self, random):
        self.command, self.steps, self.signals = "", [], False
        filled = lambda text: text.replace("{n}", str(random.choice([1, 10, 1000, 30000, 60000]))).replace(
            "{s}", str(random.choice([0, 1, 2, 7, 127, 128, 200, 255]))).replace("{k}", random.choice(KILLS))
        if random.random() < 0.15:
            # A client that sends signals.
            self.signals = True
            name = random.choice(["TERM", "INT", "HUP", "USR1", "USR2", "QUIT", "ALRM", "KILL"])
            trap = f"trap 'echo got {name}; exit 5' {name}; " if name != "KILL" and random.random() < 0.6 else ""
            self.command = f"ulimit -c 0; {trap}echo ready; for i in $(seq 400); do sleep 0.05; done"
            self.steps = [("s", name)]
            return
        parts = [random.choice(WRITERS) for _ in range(random.randint(0, 2))]
        reads = random.random() < 0.7
        if reads:
            parts.insert(random.randint(0, len(parts)), random.choice(READERS))
        # The last command is a reader's, whose end is the client's.
        self.command = "ulimit -c 0; " + "; ".join(filled(each) for each in [*parts, random.choice(ENDINGS)] if each)
        if reads or random.random() < 0.3:
            for _ in range(random.randint(0, 4)):
                size = random.choice([1, 99, 4096, 32768, 40000, random.randint(1, 150_000)])
                data = random.randbytes(size // 2).hex().encode() + b"\n"
                self.steps.append(("w", data))
                if random.random() < 0.4:
                    self.steps.append(("p", random.choice([1, 10, 60])))
        self.steps.append(("e", b""))

    def words(self):
        made = []
        for kind, value in self.steps:
            made.append(kind if kind == "e" else f"{kind}:{base64.b64encode(value).decode() if kind == 'w' else value}")
        return made


def ssh(port, key, script):
    """OpenSSH's client."""
    process = subprocess.Popen(
        [*openssh.CLIENT, "-T", "-p", str(port), "-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
         "-o", "LogLevel=ERROR", "-o", "SendEnv=LC_PROBE", f"{openssh.USER}@127.0.0.1", script.command],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_PROBE": "of the client"})

    def write():
        try:
            for kind, value in script.steps:
                if kind == "w":
                    process.stdin.write(value)
                    process.stdin.flush()
                elif kind == "p":
                    time.sleep(value / 1000)
            process.stdin.close()
        except OSError:
            pass

    threading.Thread(target=write, daemon=True).start()
    found = [None, None]
    readers = [threading.Thread(target=lambda i=i, f=f: found.__setitem__(i, f.read()), daemon=True)
               for i, f in enumerate((process.stdout, process.stderr))]
    for each in readers:
        each.start()
    try:
        status = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        status = "goes on"
    for each in readers:
        each.join(5)
    return str(status), found[0], found[1]


def local(script):
    """No SSH at all: who gets a signal from nobody but us. The server of root's logins sends none."""
    process = subprocess.Popen(["bash", "-c", script.command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    out = os.read(process.stdout.fileno(), 100)
    for _, name in script.steps:
        os.killpg(process.pid, getattr(signal, f"SIG{name}"))
    more, err = process.communicate(timeout=LIMIT)
    status = process.returncode
    return str(status) if status >= 0 else "signal:" + signal.Signals(-status).name[3:], out + more, err


def ours(sessions, port, key, script, early):
    words = script.words()
    if early and len(words) > 1:
        del words[-2]
    endpoint = (f"ssh://{openssh.USER}@127.0.0.1:{port}?identity={key}&host-key-checking=no&stderr=pipe"
                f"&known-hosts={key.parent / 'none'}&connectTimeout=60s")
    how, out, err = sessions.decide(endpoint, base64.b64encode(script.command.encode()).decode(), *words).split(" ")
    return how, base64.b64decode(out[1:]), base64.b64decode(err[1:])


def same(first, second):
    """Whether two have seen the same; ssh tells a signal as 255."""
    how = {first[0], second[0]}
    ends = len(how) == 1 or "255" in how and any(each.startswith("signal:") for each in how)
    return ends and first[1:] == second[1:]


def shown(seen):
    return f"{seen[0]}, {len(seen[1] or b'')} bytes {(seen[1] or b'')[-40:]!r}, errors {len(seen[2] or b'')} {(seen[2] or b'')[-60:]!r}"


def check(lab):
    counts, case = {"status": 0, "signal": 0, "signals sent": 0}, 0
    early = FAULTS.get(lab.fault) == "client"
    program = FAULTS[lab.fault] if lab.fault and not early else SHELL
    with openssh.Folder() as folder:
        keys = openssh.Keys(folder)
        host_key, user = keys.make("host"), keys.make("user")
        authorized = folder / "authorized"
        authorized.write_text(keys.text(user) + "\n")
        authorized.chmod(0o600)
        # A home without start files: what the user's own do, and how long, is not compared.
        homeless = folder / "homeless"
        homeless.write_text(f'environment="HOME={folder}" {keys.text(user)}\n')
        build = common.Build(str(folder / "build"))
        sessions = [openssh.Ours(folder, "io.penstock.differential.Sessions", build.path) for _ in range(2)]
        host = server = None
        pool = concurrent.futures.ThreadPoolExecutor(4)
        try:
            server = openssh.Server(folder, f"HostKey {host_key}", f"AuthorizedKeysFile {homeless}", "AcceptEnv LC_*")
            host = common.Host(build, str(folder), "host")
            at = host.address("relay", "server", f"ssh-listen://127.0.0.1:0?hostkey={host_key}&authorized-keys={authorized}"
                              "&strict-modes=false", "exec:bash -c '" + program.replace("'", "'\\''") + "'")
            port = int(at.rsplit(":", 1)[1])
            while not lab.over():
                case += 1
                script = Script(lab.random)
                roles = {"our client at our server": lambda: ours(sessions[1], port, user, script, early)}
                if script.signals:
                    roles["bash"] = lambda: local(script)
                if not script.signals or openssh.USER != "root":
                    roles["our client at sshd"] = lambda: ours(sessions[0], server.port, user, script, early)
                if not script.signals:
                    roles["ssh at sshd"] = lambda: ssh(server.port, user, script)
                    roles["ssh at our server"] = lambda: ssh(port, user, script)
                running = {name: pool.submit(run) for name, run in roles.items()}
                seen = {name: future.result() for name, future in running.items()}
                reference = "bash" if script.signals else "ssh at sshd"
                how = seen[reference if script.signals else "our client at sshd"][0]
                counts["signal" if how.startswith("signal:") else "status"] += 1
                counts["signals sent"] += script.signals
                differences = [f"{name}: {shown(found)}" for name, found in seen.items() if not same(seen[reference], found)]
                if not differences and how != seen["our client at our server"][0]:
                    differences = ["expected " + how + ", from our server " + seen["our client at our server"][0]]
                if differences:
                    differences += [f"{reference}: {shown(seen[reference])}", repr(script.command),
                                    str([(kind, len(value) if kind == "w" else value) for kind, value in script.steps])]
                lab.case(f"script {case}, {how}", differences)
        finally:
            pool.shutdown()
            for each in sessions:
                each.close()
            if host:
                host.stop()
            if server:
                server.close()
    lab.figure("SSH sessions compared in four pairs of roles", case)
    for name, count in counts.items():
        lab.figure(f"ended by a {name}" if name != "signals sent" else "with a signal of the client's", count)
