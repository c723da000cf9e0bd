# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The pages that a new user follows, as they stand: what they say to type is typed, by a user whose local
# Maven repository has Penstock as "mvn install" puts it there, and for all else that of this machine.

# home: makes the folder "home", with such a repository, the user's.
home() {
  local real=${MAVEN_REPOSITORY:-$HOME/.m2/repository} own=$PWD/home/.m2/repository entry module
  version=$(project_version)
  for entry in "$real"/*/*; do
    mkdir -p "$(dirname "$own${entry#"$real"}")"
    [[ $entry == */io/penstock ]] || ln -s "$entry" "$own${entry#"$real"}"
  done
  install_in "$own" "$root/pom.xml" io.penstock.parent
  while read -r module; do
    install_in "$own" "$root/$module/pom.xml" \
      "$(sed -n '/<\/parent>/,$ s|^  <artifactId>\(.*\)</artifactId>.*|\1|p' "$root/$module/pom.xml")"
  done < <(sed -n 's|.*<module>\(.*\)</module>.*|\1|p' "$root/pom.xml")
  HOME=$PWD/home
  export HOME
}

# install_in REPOSITORY POM ARTIFACT: what "mvn install" does, by links.
install_in() {
  local folder=$1/io/penstock/$3/$version target
  target=$(dirname "$2")/target
  mkdir -p "$folder"
  ln -s "$2" "$folder/$3-$version.pom"
  [[ ! -e $target/$3-$version.jar ]] || ln -s "$target/$3-$version.jar" "$folder/"
  [[ ! -e $target/feature/feature.xml ]] ||
    ln -s "$target/feature/feature.xml" "$folder/$3-$version-features.xml"
}

# shown PAGE NAME: the block of a page that follows <!-- run: NAME -->.
shown() {
  awk -v mark="<!-- run: $2 -->" '
    found && /^```/ { if (inside) exit; inside = 1; next }
    inside { print }
    $0 == mark { found = 1 }
    END { exit !inside }
  ' "$root/docs/$1" || fail "docs/$1 has no block $2"
}

# The page's text with ports that are free: its own may be in use.
elsewhere() {
  sed 's|127\.0\.0\.1:700[0-9]|127.0.0.1:0|'
}

# felix_starts PATTERN [COMMAND]: starts the page's Felix, or by that command, and waits until it has said
# that.
felix_starts() {
  start felix bash -c "exec ${2:-$(shown installing.md start)}"
  soon grep -q "$1" out.felix err.felix
}

felix_ends() {
  kill -KILL "$felix"
  status_from "$felix"
}

# felix_says PATTERN [COMMAND]: the same, and ends it.
felix_says() {
  felix_starts "$@"
  felix_ends
}

# without FILE COMMAND...: runs it while the file is put away.
without() {
  local away=$PWD/../away file=$1
  shift
  mv "$file" "$away"
  "$@"
  mv "$away" "$file"
}

# asked LOG: what the page's command is answered at the port that the log has last.
asked() {
  local port
  port=$(sed -n 's|.*listening tcp-listen://127\.0\.0\.1:\([1-9][0-9]*\).*|\1|p' "$1" | tail -n 1)
  shown installing.md ask | sed "s|:7000|:$port|" | bash -eu
}

check_installing_in_felix() {
  home
  grep -q "io.penstock.api</artifactId>" <(sed -n '/```xml/,/```$/p' "$root/docs/installing.md") || fail "no coordinates"
  others=$(grep -o 'io\.penstock[a-z.:/]*[:/][0-9][0-9.]*' "$root/docs/installing.md" | grep -v "[:/]$version\$" || true)
  equal "other versions than $version in docs/installing.md" "$others" ""

  { shown installing.md felix; echo 'declare -f bundles >../bundles'; } | elsewhere >felix.sh
  bash -eu felix.sh
  cd felix || return
  # The mistake with the name, which the log has to tell.
  cp load/io.penstock.Relay-upper.cfg load/io.penstock.Relay~other.cfg
  felix_starts 'listening tcp-listen://127\.0\.0\.1:[1-9]'
  equal "the answer" "$(asked err.felix)" HELLO
  soon has_lines err.felix 'nothing takes configurations of io.penstock.Relay~other' 1
  felix_ends
  [[ ${E2E_LONG:-} ]] || return 0

  rows=0
  while read -r said missing; do
    rows=$((rows + 1))
    without "$(echo bundle/"$missing"-*.jar)" felix_says "$said"
  done < <(sed -n '/^| Felix says/,/^$/ s/^| `\(.*\)` | `\(.*\)` |$/\1 \2/p' "$root/docs/installing.md")
  equal "the rows of the table" "$rows" 4
  mv bin/felix.jar .
  felix_says 'No config.properties found' "java -jar felix.jar"
  mv felix.jar bin

  rm load/*
  { cat ../bundles; echo 'm2=~/.m2/repository'; shown installing.md configurator | elsewhere; } >../configurator.sh
  bash -eu ../configurator.sh
  felix_says 'listening tcp-listen://127\.0\.0\.1:[1-9]'
  invalid="Invalid JSON from file:conf/penstock.json"
  grep -qF "$invalid" "$root/docs/installing.md" || fail "the page does not say: $invalid"
  without "$(echo bundle/*spifly*.jar)" felix_says "$invalid"
  without "$(echo bundle/parsson*.jar)" felix_says "$invalid"
  sed -i '/:configurator:version/ d' conf/penstock.json
  felix_says "$invalid"
}

karaf_or_skip() {
  [[ ${E2E_LONG:-} ]] || skip "Karaf only with E2E_LONG"
  [[ $(java -version 2>&1 | head -n 1) == *'"17.'* ]] || skip "Karaf 4.4 is tested on Java 17"
}

# karaf_starts: a fresh one in the user's folder, which becomes the current one, with Penstock by the page.
karaf_starts() {
  cd "$HOME" || return
  jar xf "$(echo .m2/repository/org/apache/karaf/apache-karaf/*/apache-karaf-*.zip)"
  cd apache-karaf-* || return
  chmod +x bin/karaf
  # As it comes, but for ports that only one Karaf can have, and for what it would ask the network.
  sed -i '/^    \(ssh\|management\)\//d' etc/org.apache.karaf.features.cfg
  sed -i '/^org.ops4j.pax.url.mvn.repositories=/,/[^\\]$/ d' etc/org.ops4j.pax.url.mvn.cfg
  echo 'org.ops4j.pax.url.mvn.repositories=' >>etc/org.ops4j.pax.url.mvn.cfg
  export EXTRA_JAVA_OPTS="-Duser.home=$HOME -Djava.io.tmpdir=$PWD/data/tmp -Dkaraf.startRemoteShell=false"
  mkfifo shell
  start karaf bin/karaf <>shell
  hanging+=("$karaf")
  exec 8>shell
  soon test -e data/log/karaf.log
  logs+=("$PWD/data/log/karaf.log")
  # Its shell may lose a line that it gets while all comes up.
  soon has_lines data/log/karaf.log 'FeaturesServiceImpl .* Done\.$' 1
  soon has_lines out.karaf 'root()>' 1
  shown installing.md karaf >&8
}

karaf_ends() {
  echo 'system:shutdown -f' >&8
  status_from "$karaf"
  equal status "$status" 0
}

check_installing_in_karaf() {
  karaf_or_skip
  home
  karaf_starts
  shown installing.md relay | elsewhere >etc/io.penstock.Relay-upper.cfg
  soon has_lines data/log/karaf.log 'listening tcp-listen://127\.0\.0\.1:[1-9]' 1
  equal "the answer" "$(asked data/log/karaf.log)" HELLO
  karaf_ends
}

# maven: the "mvn" of the user, who has a repository and no network.
maven() {
  mkdir -p bin
  printf '#!/bin/sh\nexec %s -o -Dmaven.repo.local=%s "$@"\n' "$(command -v mvn)" "$HOME/.m2/repository" >bin/mvn
  chmod +x bin/mvn
  PATH=$PWD/bin:$PATH
}

# written_files PAGE: makes the files that the page shows, in the current folder.
written_files() {
  local file
  while read -r file; do
    mkdir -p "$(dirname "$file")"
    sed -n "\\|^<!-- file: $file -->\$|,/^\`\`\`\$/ p" "$root/docs/$1" | sed '1,2 d; $ d' >"$file"
  done < <(sed -n 's/^<!-- file: \(.*\) -->$/\1/p' "$root/docs/$1")
}

check_kind_of_your_own_outside_the_tree() {
  home
  maven
  mkdir kind
  cd kind || return
  shown kinds.md pom >pom.xml
  cp -r "$root/examples/provider/src" .
  # The ends in one direction: the whole suite runs in the tree.
  shown kinds.md test | sed "s/\$/ '-Dtest=ExampleContractTest\$ToServer,ExampleTest'/" | bash -eu >../said 2>&1 ||
    { cat ../said; fail "the kind does not build or pass"; }
  matches "what Maven said" "$(cat ../said)" 'Tests run: [0-9]{3,}, Failures: 0, Errors: 0'
}

check_tutorial_word_for_word() {
  karaf_or_skip
  home
  maven
  began=$EPOCHREALTIME
  mkdir shout
  cd shout || return
  written_files tutorial.md
  shown tutorial.md build | bash -eu >../built 2>&1 || { cat ../built; fail "the project does not build"; }
  matches "what Maven said" "$(cat ../built)" 'Tests run: 1, Failures: 0'
  cd ..
  shown installing.md felix | elsewhere >felix.sh
  bash -eu felix.sh
  rm felix/load/*
  # As the page says, so that its port may be in use.
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  configured | tee shout.cfg >felix/load/com.example.shout.Shout.cfg
  cd shout || return
  shown tutorial.md felix | sed 's/^java/exec java/' >../run.sh
  start felix bash -eu ../run.sh
  soon answered
  # The log says what the page says of it.
  said=$(sed -n 's|^The log says `\(.*\)7002`.*|\1|p' "$root/docs/tutorial.md" | grep .)
  grep -qF "$said$port" err.felix || fail "the log does not say: $said$port"
  note "$(seconds_since "$began") s from an empty folder to an answer, without the reader"
  felix_ends

  # What the archetype makes is the same.
  mkdir ../made
  cd ../made || return
  shown tutorial.md archetype | bash -eu >../made.log 2>&1 || { cat ../made.log; fail "no project"; }
  diff -r -x README.md -x target -x '*.felix' ../shout shout || fail "the archetype's project is another"

  cd ../shout || return
  project=$PWD
  karaf_starts
  cd "$project" || return
  cp ../shout.cfg "$(echo ~/apache-karaf-*)/etc/com.example.shout.Shout.cfg"
  shown tutorial.md karaf | bash -eu
  soon answered
  karaf_ends
}

# The page's line of a configuration, with a port that is free.
configured() {
  sed -n 's/.*with the line `\(.*\)7003`.*/\1/p' "$root/docs/tutorial.md" | grep . | sed "s/\$/$port/"
}

# Whether the page's command is answered there.
answered() {
  [[ $(shown tutorial.md ask | sed "s|:7002|:$port|" | bash -u 2>/dev/null) == TEA ]]
}

check_page_on_client_certificates() {
  command -v openssl >/dev/null || skip "openssl is not on the PATH"
  ln -s "$penstock" penstock
  shown client-certificates.md keys | bash -eu 2>openssl.log
  start server bash -c "exec $(shown client-certificates.md server | elsewhere)"
  address_of server 1
  shown client-certificates.md client | sed "s|:7000|:$at|" >client.sh
  equal "the answer" "$(bash -eu client.sh)" HELLO
  sed -i 's/key=client.pem&//' client.sh
  status_of bash client.sh >out 2>err
  equal "status without a certificate" "$status" 1
  # The alert of the server and the end of its connection come at once: either is met first.
  matches "standard error" "$(cat err)" 'was shown none|does not read any more|cut the connection'
  kill -TERM "$server"
  status_from "$server"
}
