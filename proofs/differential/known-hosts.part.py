# SPDX-License-Identifier: Apache-2.0
"""Random known_hosts files, to OpenSSH's client and to ours: trust, unknown, changed or revoked.

The only difference that is meant: a key that a line revokes for the host's name without its port, or behind
a tab, is revoked for us. Such cases are counted as known, after ssh-keygen has found that line. Needs OpenSSH's client
and server.
"""

import base64
import hashlib
import hmac
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import openssh  # noqa: E402

MOST = {True: 40, False: 1000}
FAULTS = {"a port is no part of a name in known_hosts": "port"}
HOSTS = ["127.0.0.1", "localhost", "LocalHost"]


def hashed(chance, name):
    salt = bytes(chance.randrange(256) for _ in range(20))
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return "|1|" + base64.b64encode(salt).decode() + "|" + base64.b64encode(digest).decode()


def names(chance, host, port):
    host = host.lower()
    full = f"[{host}]:{port}"
    pool = [full, full, full, host, "*", f"[*]:{port}", f"*:{port}", f"[{host}]:*", f"[{host[:3]}*]:*",
            f"?{host}?:{port}", full.upper(), f"[{host}]:{port + 1}", "other", "other,", f"[{host}]", host + "*",
            "", "[127.0.0.?]:" + str(port), "x" * 1030, f"[{host}]:0{port}"]
    if chance.random() < 0.2:
        return hashed(chance, chance.choice([full, full, host, full.upper()])) + chance.choice(["", "", ",other"])
    some = [("!" if chance.random() < 0.15 else "") + chance.choice(pool) for _ in range(chance.choice([1, 1, 2, 3]))]
    return ",".join(some) or "other"


def line(chance, host, port, keys):
    if chance.random() < 0.08:
        return chance.choice(["", "# comment", "   ", "\t", "garbage", "foo bar baz", "\ufeff", "a\0b c"])
    marker = chance.choice([""] * 9 + ["@revoked "] * 3 + ["@cert-authority "] * 3 + [
        "@strange ", "@REVOKED ", "@revoked\t", "@cert-authority\t", "@revoked @cert-authority ", "@ "])
    key = chance.choice(keys)
    if chance.random() < 0.12:
        kind, blob = key.split()
        key = chance.choice([f"{kind} {blob[:-5]}", f"{kind} {blob}!!", f"ssh-rsa {blob}", kind, f"{kind} =",
                             f"1024 35 {blob}", f"{kind.upper()} {blob}", f"{kind}  {blob}", f"{kind}\t{blob}"])
    return (chance.choice(["", "", "", " ", "\t"]) + marker + names(chance, host, port)
            + chance.choice([" ", " ", " ", "\t", "  "]) + key + chance.choice(["", "", " a comment", "\r", " \r", "\t# x"]))


def theirs(file, host, port):
    done = subprocess.run(
        [*openssh.CLIENT, "-p", str(port), "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={file}",
         "-o", "PreferredAuthentications=none", "-o", "UpdateHostKeys=no", "-o",
         "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", f"nobody@{host}", "true"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, errors="replace")
    said = done.stderr
    if "Permission denied" in said:
        return "trust"
    for word, decision in (("REVOKED HOST KEY", "revoked"), ("IDENTIFICATION HAS CHANGED", "changed"),
                           ("host key is known for", "unknown")):
        if word in said:
            return decision
    return "failed: " + said.strip().split("\n")[-1]


def meant(file, host, keys):
    """Whether a line revokes one of the keys for the name without the port, or has a tab behind its marker."""
    found = subprocess.run(["ssh-keygen", "-F", host.lower(), "-f", file], capture_output=True, text=True,
                           errors="replace").stdout
    lines = [each for each in found.split("\n") if "@revoked" in each]
    lines += [each for each in file.read_text(errors="replace").split("\n") if "@revoked\t" in each]
    return any(key.split()[1] in each for each in lines for key in keys)


def check(lab):
    chance = lab.random
    counts, stricter, case = {}, 0, 0
    with openssh.Folder() as folder:
        keys = openssh.Keys(folder)
        authority, host_key = keys.make("authority"), keys.make("host")
        others = [keys.make("other"), keys.make("ec", "ecdsa"), keys.make("rsa", "rsa")]
        certificate = keys.certify(authority, host_key, "127.0.0.1", "localhost")
        shown = [keys.text(host_key), keys.text(certificate)]
        pool = [shown[0]] * 5 + [keys.text(authority)] * 3 + [keys.text(each) for each in others] + [shown[1]]
        servers = []
        ours = openssh.Ours(folder, "io.penstock.ssh.impl.client.Decide")
        file = folder / "known_hosts"
        try:
            servers.append(openssh.Server(folder, f"HostKey {host_key}"))
            servers.append(openssh.Server(folder, f"HostKey {host_key}", f"HostCertificate {certificate}"))
            while not lab.over() and case < MOST[lab.short]:
                which = case % 2
                case += 1
                server = servers[which]
                host = chance.choice(HOSTS)
                lines = [line(chance, host, server.port, pool) for _ in range(chance.choice([1, 1, 2, 2, 3, 5]))]
                file.write_bytes(("\n".join(lines) + chance.choice(["\n", "\n", ""])).encode())
                port = 22 if lab.fault else server.port
                decision = ours.decide(file, host, port, shown[which].split()[1])
                expected = theirs(file, host, server.port)
                known = int(decision == "revoked" != expected
                            and meant(file, host, [*shown, keys.text(authority)]))
                stricter += known
                counts[expected] = counts.get(expected, 0) + 1
                differences = []
                if decision != expected and not known:
                    differences = [f"OpenSSH {expected}, ours {decision}, {host}:{server.port} "
                                   f"{'with' if which else 'without'} a certificate",
                                   *file.read_text(errors="replace").split("\n")]
                lab.case(f"file {case}, {expected}", differences, known)
        finally:
            ours.close()
            for server in servers:
                server.close()
    lab.figure("known_hosts files beside OpenSSH's client", case)
    for decision, files in sorted(counts.items()):
        lab.figure(f"known_hosts: {decision}", files)
