# SPDX-License-Identifier: Apache-2.0
"""Plants one fault after the other in a copy of a source of the product, compiles the copy, and plays
the scenario that has to find it. Called by proofs/simulation/run --planted; words choose faults."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

IMPL = "impl-bundle/src/main/java/io/penstock/impl/"

# name, file, text that occurs once, what it becomes, scenario, what a finding must say
FAULTS = [
    ("no-fault", "core/Turn.java", "first.granted = true;", "first.granted = true;", "turns", None),
    ("turn: the next in line is not woken", "core/Turn.java",
     "      woken.waiter.wake();", "      woken.waiter.toString();", "turns", "nobody can go on"),
    ("turn: passed on to two", "core/Turn.java",
     "return replace(FREE, HELD) || !refuse(true);", "word(HELD);\n    return true;", "turns", ""),
    ("end: no second look before parking", "core/End.java",
     "      if (!likely()) {\n        if (own == null) {", "      if (self.isDaemon() || !self.isDaemon()) {\n        if (own == null) {",
     "ends", ""),
    ("signal: a watcher attached late is not called", "core/Level.java",
     "    watcher.wake();\n    return watcher;", "    return watcher;", "signals", "nobody can go on"),
    ("signal: a level found clear is not noted", "core/Level.java",
     "          clearings++;\n          last = false;", "          clearings++;", "signals", "nobody can go on"),
    ("limit: progress does not begin it anew", "core/Limit.java",
     "  void progress() {\n    started = false;", "  void progress() {\n    started = true;", "limits", "StreamTimeoutException"),
    ("limit: a deadline begins anew", "core/Limit.java",
     "case UNTIL -> wait.nanos() - now();", "case UNTIL -> Math.max(1_000_000, wait.nanos() - now());", "limits", ""),
    ("limit: a millisecond early", "core/Limit.java",
     "wait.nanos() - (now() - since);", "wait.nanos() - 1_000_000 - (now() - since);", "limits", "early"),
    ("end: overtakes data that was looked at", "core/DrivenSource.java",
     "    int fromBack = readBack(dst, by);\n    SourceDriver current", "    int fromBack = atEnd ? 0 : readBack(dst, by);\n    SourceDriver current",
     "ends", "has ended after"),
    ("write: a byte is lost when the transport takes a part", "core/DrivenSink.java",
     "    wrote(n, want);\n    return n;\n  }\n\n  static int write(",
     "    wrote(n, want);\n    if (n > 0 && n < want) {\n      src.get();\n    }\n    return n;\n  }\n\n  static int write(",
     "ends", ""),
    ("reactor: one who is ready makes it forget the others", "engine/Awaited.java",
     "      key.interestOps(rest);", "      key.interestOps(0);", "ends", "StreamTimeoutException"),
    ("reactor: a task does not end the wait", "engine/Reactor.java",
     "    current.wakeup();\n    return true;", "    return current != null;", "signals", "nobody can go on"),
    ("timer: one who is due sooner is not looked at", "engine/Timer.java",
     "      if (asleep && task.at - wakesAt < 0) {", "      if (asleep && tasks.size() < 0) {", "reconnect", ""),
    ("relay: a half-close is not carried", "relay/Conversation.java",
     "if (!cut && other.canEnd()) {", "if (cut && other.canEnd()) {", "relay", ""),
    ("backlog: a place is not given back", "core/ListenerEnd.java",
     "if (connections.getAndDecrement() >= maxConnections) {", "if (connections.get() >= maxConnections) {", "backlog", ""),
    ("backlog: a waiting caller does not hear of the end of a pause", "core/ListenerEnd.java",
     "    paused = false;\n    wake();", "    paused = false;", "backlog", ""),
    ("poller: a wake-up does not reach its selector", "poller/Multiplexer.java",
     "        current.wakeup();", "        current.isOpen();", "poller", ""),
    ("poller: its alarms are not waited for", "poller/Multiplexer.java",
     "long left = nanos <= 0 ? 0 : alarms.left(nanos);", "long left = nanos <= 0 ? 0 : nanos;", "poller", ""),
    ("reconnect: the delay does not double", "engine/Backoff.java",
     "2L << Math.min(failures, 20)", "2L << Math.min(failures, 0)", "reconnect", "tries in"),
    ("reconnect: a refused connect counts as a life", "component/Configured.java",
     "if (lived && backoff", "if (backoff", "reconnect", ""),
    ("order: a write is told before those in front of it", "core/WriteQueue.java",
     "while ((first = untold.peek()) != null && first.over) {", "while ((first = untold.peekLast()) != null && first.over) {\n      untold.addFirst(untold.removeLast());\n", "order", ""),
    ("queue: the one behind a failed task is forgotten", "engine/SerialExecutor.java",
     "      tasks.add(task);\n      if (running) {\n        return;", "      if (running) {\n        return;", "signals", ""),
]


def texts(root):
    """Whether each text that a fault replaces is in its source once."""
    wrong = 0
    for name, file, old, *_ in FAULTS:
        with open(os.path.join(root, IMPL, file)) as source:
            count = source.read().count(old)
        if count != 1:
            wrong += 1
            print("%s: %s has its text %d times, expected once" % (name, file, count), file=sys.stderr)
    return 1 if wrong else 0


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--texts":
        sys.exit(texts(arguments[1]))
    split = arguments.index("--")
    root, target, lib, product, *wanted = arguments[:split]
    command = arguments[split + 1:]
    javac = os.path.join(os.path.dirname(command[0]), "javac")
    failures, rows, begun = 0, [], time.time()
    seconds = "60"
    if "--seconds" in wanted:
        at = wanted.index("--seconds")
        seconds = wanted[at + 1]
        del wanted[at:at + 2]
    for name, file, old, new, scenario, says in FAULTS:
        if wanted and not any(word in name for word in wanted):
            continue
        started = time.time()
        work = tempfile.mkdtemp(prefix="planted-")
        try:
            verdict, found, how = plant(root, lib, product, command, javac, work, file, old, new, scenario, says, seconds)
        finally:
            shutil.rmtree(work)
        good = found if says is not None else not found
        failures += not good
        print("%-5s %-56s %s (%.0f s)" % ("ok" if good else "WRONG", name, verdict, time.time() - started), flush=True)
        if says is not None:
            rows.append({"fault": name, "found": found, "by": how})
    result = {"part": "simulation", "form": "planted", "seed": 1, "seconds": round(time.time() - begun, 1),
              "figures": [{"name": "planted faults found", "value": sum(r["found"] for r in rows), "unit": ""}],
              "tables": [], "plots": [], "planted": rows}
    with open(os.path.join(target, "planted.json"), "w") as out:
        json.dump(result, out, indent=1)
    print("%d passed, %d failed" % (len(rows) + (not wanted) - failures, failures))
    sys.exit(1 if failures else 0)


def plant(root, lib, product, command, javac, work, file, old, new, scenario, says, seconds):
    with open(os.path.join(root, IMPL, file)) as source:
        text = source.read()
    if text.count(old) != 1:
        return "cannot be planted: the text is there %d times" % text.count(old), False, ""
    copy = os.path.join(work, os.path.basename(file))
    with open(copy, "w") as out:
        out.write(text.replace(old, new))
    classes = os.path.join(work, "classes")
    os.mkdir(classes)
    built = subprocess.run([javac, "--release", "17", "-nowarn", "-proc:none", "-d", classes, "-cp", product + ":" + lib + "/*", copy],
                           capture_output=True, text=True)
    if built.returncode:
        return "cannot be compiled: " + built.stderr.strip()[:300], False, ""
    # Seeds that are always the same, and as many as are needed.
    run = subprocess.run(command + ["--classes", classes + ":" + product, "--scenario", scenario, "--from", "1", "--stop", "1",
                                    "--seconds", seconds if says is not None else "20"],
                         capture_output=True, text=True)
    if run.returncode == 0:
        return "nothing found by " + scenario, False, ""
    first = re.search(r"^FAIL (\S+), seed (\d+): (.*)$", run.stdout, re.M)
    if not first:
        return "the run broke: " + (run.stdout + run.stderr)[-300:], False, ""
    if says and says not in run.stdout:
        return "found by %s, but it says: %s" % (scenario, first.group(3)[:100]), False, scenario
    shortest = re.search(r"shortened to (\d+) steps", run.stdout)
    how = "%s, seed %s, %s steps" % (scenario, first.group(2), shortest.group(1) if shortest else "?")
    return "found by " + how + ": " + first.group(3)[:70], True, how


main()
