# SPDX-License-Identifier: Apache-2.0
"""What takes a process for each fault: standard streams, and a container's start and stop.

The process must end or serve within the limit; what it does not carry whole it must tell by its status or
in its log; a container ends with 143 when it is told to.
"""
import errno
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

import lab

# Call, fault, what `strike` does, how many in a row, and on which of the streams.
STREAMS = [(call, name, do, count, where)
           for where, call, names in (
               ("stdin", "read", ["EINTR", "EAGAIN", "EIO", "ENOMEM"]),
               ("stdout", "write", ["EINTR", "EAGAIN", "EIO", "ENOSPC", "EPIPE", "ENOMEM"]))
           for name, do, count in [(n, f"errno:{getattr(errno, n)}", 1) for n in names] +
           [("short 1000", "short:1000", 0), ("late", "delay:200", 1)]]
STARTS = [(call, name, f"errno:{getattr(errno, name)}", 1, None)
          for call, names in (("socket", ["EMFILE", "ENOBUFS"]), ("bind", ["EADDRINUSE", "EACCES"]),
                              ("listen", ["EADDRINUSE"]), ("epoll_create1", ["EMFILE"]), ("eventfd2", ["EMFILE"]),
                              ("epoll_ctl", ["ENOMEM", "ENOSPC"]))
          for name in names]
STARTS += [("openat", name, f"errno:{getattr(errno, name)}", 1, "conf") for name in ("EMFILE", "EIO", "EACCES")]
STARTS += [("read", "EIO", f"errno:{errno.EIO}", 1, "conf")]
# The short form's faults of a kind, at least.
FEWEST = 3


def command(build, *words):
    return [lab.JAVA, *build.options, "-jar", lab.JAR, *words]


def streams(build, strike, fault, nth, limit):
    """100 KB through standard input, a child and standard output."""
    call, _, do, count, where = fault
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    inode = os.fstat(in_read if where == "stdin" else out_write).st_ino
    with tempfile.TemporaryFile() as errors:
        process, control = lab.struck(strike, command(build, "relay", "stdio:", "exec:cat"), stdin=in_read,
                                      stdout=out_write, stderr=errors)
        os.close(in_read)
        os.close(out_write)
        control.arm(calls=call, do=do, nth=nth, count=count, inode=inode)
        data = lab.payload(nth, 100_000)

        def write():
            try:
                with os.fdopen(in_write, "wb", buffering=0) as f:
                    view = memoryview(data)
                    while view:
                        view = view[f.write(view[:16384]):]
            except OSError:
                pass

        threading.Thread(target=write, daemon=True).start()
        got = bytearray()

        def read():
            with os.fdopen(out_read, "rb", buffering=0) as f:
                while more := f.read(65536):
                    got.extend(more)

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            _, delivered, _ = control.off()
            os.kill(control.pid, signal.SIGKILL)
            process.wait()
            return delivered, ["hang"], ""
        reading.join(5)
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
    wrong = []
    if bytes(got) != data[:len(got)]:
        wrong.append("foreign bytes")
    if bytes(got) != data and status == 0:
        wrong.append(f"{len(got)} of {len(data)} bytes and status 0")
    if status != 0 and not said:
        wrong.append(f"status {status} and no word")
    return control.final(), wrong, f"status {status}: {said[:150]}"


def container(build, strike, fault, nth, limit):
    """A container starts, serves and stops."""
    call, _, do, count, where = fault
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        conf = os.path.join(folder, "conf")
        os.mkdir(conf)
        with open(os.path.join(conf, "a.json"), "w") as f:
            json.dump({":configurator:resource-version": 1, ":configurator:symbolic-name": "torture",
                       ":configurator:version": "1.0.0",
                       "io.penstock.Relay~echo": {"from": "tcp-listen://127.0.0.1:0", "to": "echo:", "fork": True}}, f)
        log = os.path.join(folder, "log")
        tmp = os.path.join(folder, "tmp")
        os.mkdir(tmp)
        # No listener but the one that is struck.
        words = command(build, "run", "-v", "--control", "off", "--conf", conf)
        words.insert(1, f"-Djava.io.tmpdir={tmp}")
        with open(log, "wb") as errors:
            process, control = lab.struck(strike, words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        rule = dict(calls=call, do=do, nth=nth, count=count)
        if where:
            rule["path"] = conf
        control.arm(**rule)

        def text():
            with open(log, errors="replace") as f:
                return f.read()

        listening = lambda: re.search(r"listening (tcp-listen://\S+:(\d+))", text())
        up = lab.until(lambda: listening() or process.poll() is not None, limit)
        delivered, wrong = 0, []
        if process.poll() is None:
            _, delivered, _ = control.off()
            found = listening()
            if found:
                data = lab.payload(nth, 20_000)
                verdict = lab.echo(("127.0.0.1", int(found.group(2))), data, limit)
                if verdict != "ok":
                    wrong.append(f"it does not serve: {verdict}")
            elif not re.search("WARN|ERROR", text()):
                wrong.append("it neither listens nor says why")
            os.kill(control.pid, signal.SIGTERM)
            try:
                status = process.wait(limit)
                if status != 143:
                    wrong.append(f"ended with {status}, not with 143")
            except subprocess.TimeoutExpired:
                wrong.append("it does not stop")
                os.kill(control.pid, signal.SIGKILL)
                process.wait()
        else:
            delivered = control.final()
            if process.returncode == 0 or not text().strip():
                wrong.append(f"ended with {process.returncode}, said: {text()[-200:]!r}")
        if delivered and os.listdir(tmp):
            wrong.append(f"files are left: {os.listdir(tmp)[:3]}")
        return delivered, wrong, "listening" if up else text()[-150:]


WAYS = (("stdio", streams, STREAMS), ("container", container, STARTS))


def only(torture, strike, kind, call, name, nth):
    """One case; whether its fault was delivered."""
    way, faults = next((way, faults) for k, way, faults in WAYS if k == kind)
    fault = next(f for f in faults if f[:2] == (call, name))
    delivered, wrong, said = way(torture.build, strike, fault, nth, max(20.0, torture.options.limit))
    torture.result.line(not wrong, f"{kind}/{call}/{name}/{nth}: {', '.join(wrong) or 'well'}; {said}")
    return delivered


def run(torture, strike, seconds, kinds):
    """A sample of both, or all; counts into the torture's tables."""
    ways = [w for w in WAYS if w[0] in kinds]
    end = time.monotonic() + seconds
    for i, (kind, way, faults) in enumerate(ways):
        run_kind(torture, strike, (end - time.monotonic()) / (len(ways) - i), kind, way, faults)


def run_kind(torture, strike, seconds, kind, way, faults):
    result, options = torture.result, torture.options
    cases = [(fault, n) for n in (1, 2, 4) for fault in faults]
    torture.random.shuffle(cases)
    # First what a selector is woken by: the JDK does not tell that the system does not watch it.
    cases.sort(key=lambda case: (case[0][0], case[1]) != ("epoll_ctl", 1))
    end = time.monotonic() + seconds
    count = 0
    for tried, (fault, nth) in enumerate(cases):
        if time.monotonic() > end and (count >= FEWEST or tried >= 4 * FEWEST):
            break
        delivered, wrong, said = way(torture.build, strike, fault, nth, max(20.0, options.limit))
        if not delivered:
            continue
        count += 1
        torture.delivered[kind, fault[0]] += 1
        word = fault[1].split(" ")[0]
        sort = word if word in ("short", "late") else "EINTR" if word == "EINTR" else "errno"
        torture.tally[kind, sort, "wrong" if wrong else "told" if "status 1" in said else "nothing noticed"] += 1
        if wrong:
            result.line(False, f"{kind}/{fault[0]}/{fault[1]}/{nth}: {', '.join(wrong)}; {said}")
        else:
            result.passed += 1
    print(f"      {kind}: {count} faults", flush=True)
