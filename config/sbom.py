# SPDX-License-Identifier: Apache-2.0
"""The lists of components (CycloneDX) of what is shipped; for config/update-sboms and the checks beside it.

A list is made from what Maven resolves, and from the POMs and jars of Maven's local repository. It says
nothing of when or where it was made, and of our own bundles it has no checksums: the same sources give the
same list.
"""
import hashlib
import io
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as xml
import zipfile

CONFIG = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(CONFIG)
OURS = "io.penstock"
KARAF = "features/karaf"
# What is shipped, and where its list is kept.
BUNDLES = ["testing", "testing-exam", "pushstream", "tls", "ssh", "sftp", "durable", "shell", "operator", "gogo", "karaf-commands", "console", "cdi", "health", "metrics", "micrometer", "jmx", "eventadmin", "inventory", "remote", "rsa", "nats", "cli"]
MODULES = ["api-bundle", "impl-bundle"] + ["bundles/" + name for name in BUNDLES] + ["examples/provider", "examples/echo", "features", KARAF]


class Tree:
    """A copy of the project, with the local repository that Maven takes its dependencies from."""

    def __init__(self, root=ROOT, repository=None):
        self.root = root
        home = os.path.join(os.path.expanduser("~"), ".m2/repository")
        self.repository = repository or os.environ.get("MAVEN_REPOSITORY") or home
        self.poms = {}
        with open(os.path.join(root, "config/contained.json"), encoding="utf-8") as file:
            self.contained = json.load(file)

    # --- Where things are -------------------------------------------------------------------------

    def artifact(self, module):
        pom = xml.parse(os.path.join(self.root, module, "pom.xml")).getroot()
        return text(pom, "artifactId")

    def version(self):
        return text(xml.parse(os.path.join(self.root, "pom.xml")).getroot(), "version")

    def list_file(self, module):
        folder = "src/main/sbom" if module == KARAF else "src/main/resources/META-INF/sbom"
        return os.path.join(self.root, module, folder, self.artifact(module) + ".cdx.json")

    def in_repository(self, group, name, version, extension):
        folder = os.path.join(self.repository, group.replace(".", "/"), name, version)
        return os.path.join(folder, f"{name}-{version}.{extension}")

    def jars(self):
        """(module, jar): what the build has made that has a list inside."""
        found = []
        for module in MODULES:
            if module != KARAF:
                name = f"{self.artifact(module)}-{self.version()}.jar"
                found.append((module, os.path.join(self.root, module, "target", name)))
        found.append(("features", os.path.join(self.root, "features/target/penstock.jar")))
        return found

    # --- What Maven knows -------------------------------------------------------------------------

    def resolve(self, *arguments):
        """What each module depends on: module -> root of Maven's tree."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "trees.json")
            command = ["mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:tree"]
            command += ["-DoutputType=json", "-DoutputFile=" + file, "-DappendOutput=true"]
            command += ["-pl", ",".join(MODULES), *arguments]
            subprocess.run(command, cwd=self.root, check=True, stdin=subprocess.DEVNULL)
            with open(file, encoding="utf-8") as lines:
                content = lines.read()
        decoder, trees, at = json.JSONDecoder(), {}, 0
        while content[at:].strip():
            tree, end = decoder.raw_decode(content[at:].lstrip())
            at = len(content) - len(content[at:].lstrip()) + end
            trees[tree["artifactId"]] = tree
        return {module: trees[self.artifact(module)] for module in MODULES}

    def features(self):
        """The bundles that the Karaf features name, as Maven's tree would have them."""
        root = xml.parse(os.path.join(self.root, "pom.xml")).getroot()
        known = {strip(e.tag): e.text.strip() for e in child(root, "properties")}
        known["project.version"] = self.version()
        with open(os.path.join(self.root, KARAF, "src/main/feature/feature.xml"), encoding="utf-8") as file:
            names = re.findall(r"<bundle[^>]*>mvn:([^/]+)/([^/]+)/([^<]+)</bundle>", file.read())
        for group, name, version in names:
            version = re.sub(r"\$\{([^}]+)\}", lambda found: known[found.group(1)], version)
            yield {"groupId": group, "artifactId": name, "version": version, "scope": "compile"}

    def pom(self, group, name, version):
        key = (group, name, version)
        if key not in self.poms:
            self.poms[key] = xml.parse(self.in_repository(group, name, version, "pom")).getroot()
        return self.poms[key]

    def licences(self, group, name, version):
        """The licences that a POM, or else one of its parents, names."""
        pom = self.pom(group, name, version)
        licences = child(pom, "licenses")
        if licences is not None:
            return [(text(one, "name") or "", text(one, "url") or "") for one in licences]
        parent = child(pom, "parent")
        if parent is None:
            return []
        return self.licences(*(text(parent, key) for key in ("groupId", "artifactId", "version")))

    # --- Lists ------------------------------------------------------------------------------------

    def make(self, module, tree):
        """The list of a module as text."""
        if module == KARAF:
            tree = dict(tree, children=list(self.features()))
        found, edges = {}, {}
        declared = self.contained.get(f"{OURS}:{tree['artifactId']}", [])

        def walk(node):
            here = edges.setdefault(purl(node), set())
            for below in node.get("children", []):
                name = f"{below['groupId']}:{below['artifactId']}"
                if below["scope"] in ("compile", "runtime") or name in declared:
                    here.add(purl(below))
                    found[purl(below)] = below
                    walk(below)

        walk(tree)
        subject = self.component(tree)
        subject["type"] = "application" if module == "features" else "library"
        bom = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": subject},
            "components": [self.component(found[key], module, declared) for key in sorted(found)],
            # Maven names each component once: of what has nothing below it here, nothing is said.
            "dependencies": [{"ref": key, "dependsOn": sorted(edges[key])} for key in sorted(edges) if edges[key]],
        }
        return json.dumps(bom, indent=2, ensure_ascii=False) + "\n"

    def component(self, node, module=None, declared=()):
        group, name, version = node["groupId"], node["artifactId"], node["version"]
        made = {"type": "library", "bom-ref": purl(node), "group": group, "name": name, "version": version}
        if group == OURS:
            made["licenses"] = [{"license": {"id": "Apache-2.0"}}]
        else:
            jar = self.in_repository(group, name, version, "jar")
            made["hashes"] = [{"alg": "SHA-256", "content": digest(jar)}]
            made["licenses"] = licences(self.licences(group, name, version))
            inside = self.inside(group, name, version, jar)
            if inside:
                made["components"] = inside
        made["purl"] = purl(node)
        if module:
            held = module == "features" or f"{group}:{name}" in declared
            made["properties"] = [{"name": "penstock:contained", "value": "true" if held else "false"}]
        return made

    def inside(self, group, name, version, jar):
        """What a jar has inside that has a name of its own."""
        names = {}
        for other in self.contained.get(f"{group}:{name}", []):
            parts = other["name"].split(":")
            names[tuple(parts)] = (other.get("version", version), other.get("licence"))
        with zipfile.ZipFile(jar) as archive:
            for entry in archive.namelist():
                parts = entry.split("/")
                if entry.startswith("META-INF/maven/") and parts[-1] == "pom.properties" and parts[3] != name:
                    said = re.search(r"^version=(\S+)", archive.read(entry).decode(), re.M)
                    names[(parts[2], parts[3])] = (said.group(1), None)
        outer = licences(self.licences(group, name, version))
        made = []
        for (one_group, one), (one_version, licence) in sorted(names.items()):
            node = {"groupId": one_group, "artifactId": one, "version": one_version}
            made.append({"type": "library", "group": one_group, "name": one, "version": one_version})
            made[-1]["licenses"] = [{"license": {"id": licence}}] if licence else outer
            made[-1]["purl"] = purl(node)
        return made


# --- Reading lists --------------------------------------------------------------------------------


def components(bom):
    """Each component, and each that is inside of one, that is not our own."""
    for component in bom.get("components", []):
        if component.get("group") != OURS:
            yield component
            yield from components(component)


def coordinates(component):
    return component.get("group", "") + ":" + component["name"]


def read(path):
    """A list: of a JSON file, or of the jar that has one; None for a jar without."""
    if not path.endswith(".jar"):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    with zipfile.ZipFile(path) as jar:
        names = [name for name in jar.namelist() if re.fullmatch(r"META-INF/sbom/[^/]+\.cdx\.json", name)]
        return json.load(io.TextIOWrapper(jar.open(names[0]), "utf-8")) if names else None


# --- Small things ---------------------------------------------------------------------------------

# By the address of the text, for names vary. The licence of Bouncy Castle is that of MIT.
ADDRESSES = [
    (r"apache\.org/licenses/LICENSE-2\.0|opensource\.org/licenses/Apache-2\.0", "Apache-2.0"),
    (r"bouncycastle\.org/licence\.html|opensource\.org/licenses/(MIT|mit-license)", "MIT"),
    (r"opensource\.org/licenses/BSD-3-Clause", "BSD-3-Clause"),
    (r"eclipse\.org/(legal/epl-v20|license/epl-2\.0)", "EPL-2.0"),
    (r"opensource\.org/licenses/eclipse-1\.0", "EPL-1.0"),
    (r"mozilla\.org/(en-US/)?MPL/2\.0", "MPL-2.0"),
    (r"eclipse\.org/license/secondary-gpl-2\.0-cp", "GPL-2.0-only WITH Classpath-exception-2.0"),
    (r"gnu\.org/licenses/old-licenses/lgpl-2\.1", "LGPL-2.1-or-later"),
]


def licences(named):
    """What CycloneDX says of licences; several in a POM are for the user to choose from."""
    ids = []
    for name, address in named:
        known = [spdx for pattern, spdx in ADDRESSES if re.search(pattern, address)]
        ids.append(known[0] if known else name or address)
    if len(ids) > 1:
        return [{"expression": " OR ".join(ids)}]
    known = {spdx for _, spdx in ADDRESSES}
    return [{"license": {"id" if one in known else "name": one}} for one in ids]


def purl(node):
    kind = "xml&classifier=features" if node.get("type") == "feature" else "jar"
    return f"pkg:maven/{node['groupId']}/{node['artifactId']}@{node['version']}?type={kind}"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def strip(tag):
    return tag.split("}")[-1]


def child(element, name):
    return next((one for one in element if strip(one.tag) == name), None)


def text(element, name):
    found = child(element, name)
    return None if found is None else (found.text or "").strip()
