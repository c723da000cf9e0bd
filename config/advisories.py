# SPDX-License-Identifier: Apache-2.0
"""Which versions are known to be vulnerable: advisories in OSV's format, and versions in Maven's order."""
import itertools
import json
import os
import re
import zipfile

import sbom

FOLDER = os.path.join(sbom.CONFIG, "advisories")
# Advisories that are found and do no harm here, each with the reason.
JUDGED = os.path.join(sbom.CONFIG, "advisories-judged.json")
QUALIFIERS = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"]
ALIASES = {"a": "alpha", "b": "beta", "m": "milestone", "cr": "rc", "ga": "", "final": "", "release": ""}
NO_QUALIFIER = (1, QUALIFIERS.index(""), "")


def key(version):
    """A version in Maven's order: numbers by value, before them qualifiers by their meaning."""
    parts = []
    for part in re.findall(r"\d+|[a-z]+", version.lower()):
        if part.isdigit():
            parts.append((2, int(part), ""))
        else:
            word = ALIASES.get(part, part)
            known = QUALIFIERS.index(word) if word in QUALIFIERS else len(QUALIFIERS)
            # Before a version without it, except for service packs and words that Maven does not know.
            parts.append((0 if known < QUALIFIERS.index("") else 1, known, word))
    while parts and parts[-1] in ((2, 0, ""), NO_QUALIFIER):
        parts.pop()
    return parts


def compare(one, other):
    for a, b in itertools.zip_longest(key(one), key(other)):
        # What is missing is a zero beside a number, and no qualifier beside one.
        a = a or ((2, 0, "") if b[0] == 2 else NO_QUALIFIER)
        b = b or ((2, 0, "") if a[0] == 2 else NO_QUALIFIER)
        if a != b:
            return -1 if a < b else 1
    return 0


def concerns(version, affected):
    if version in affected.get("versions", []):
        return True
    for span in affected.get("ranges", []):
        if span.get("type") not in ("ECOSYSTEM", "SEMVER"):
            continue
        inside = False
        for event in span["events"]:
            if "introduced" in event:
                start = event["introduced"]
                inside |= start == "0" or compare(version, start) >= 0
            elif "fixed" in event and compare(version, event["fixed"]) >= 0:
                inside = False
            elif "last_affected" in event and compare(version, event["last_affected"]) > 0:
                inside = False
        if inside:
            return True
    return False


def packages(advisory):
    """(name, affected) for each Maven package of an advisory that was not withdrawn."""
    if not advisory.get("withdrawn"):
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            if package.get("ecosystem", "").split(":")[0] == "Maven":
                yield package["name"], affected


def find(component, advisories):
    """The advisories that a component's version is in."""
    name, version = sbom.coordinates(component), component["version"]
    return [
        advisory
        for advisory in advisories
        if any(one == name and concerns(version, affected) for one, affected in packages(advisory))
    ]


def names(advisory):
    return [advisory["id"]] + advisory.get("aliases", [])


def read(path):
    """The advisories of a file, a folder, or a zip."""
    if os.path.isdir(path):
        for folder, _, files in sorted(os.walk(path)):
            for name in sorted(files):
                if name.endswith(".json"):
                    yield from read(os.path.join(folder, name))
    elif path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    else:
        with open(path, encoding="utf-8") as file:
            yield json.load(file)


def judged(path=JUDGED):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
