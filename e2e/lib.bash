# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the checks have in common. A check is a function check_NAME; it runs in a shell of its own,
# in an empty folder, with TMP another one that the program uses for temporary files. It fails when a
# command does, or by "fail WHY".

SKIPPED=77

# How a connection ends for a peer that was cut off.
RESET='^(ConnectionResetError|BrokenPipeError)$'

# Options that every check gives to the virtual machine: its temporary files go where they are seen.
jvm_options() {
  echo "-Djava.io.tmpdir=$TMP $*"
}

run_check() {
  trap 'end_children' EXIT
  cd "$2/work" || exit 1
  TMP=$2/tmp
  # A control socket is in TMP, too, whatever session runs the checks.
  unset XDG_RUNTIME_DIR
  children=()
  PENSTOCK_OPTS=$(jvm_options)
  export PENSTOCK_OPTS
  set -eE
  trap 'echo "line $LINENO of check_'"$1"' or what it called: $BASH_COMMAND: status $?"' ERR
  "check_$1"
  left=$(ls -A "$TMP")
  [[ -z $left ]] || fail "temporary files are left: $left"
}

# Ends what the check has started and what still runs.
end_children() {
  set +eE
  trap - ERR
  local pid
  for pid in $(jobs -pr); do
    end_tree "$pid"
  done
}

# end_tree PID: what a script has started, such as Karaf's virtual machine, would outlive it.
end_tree() {
  local below
  for below in $(pgrep -P "$1"); do
    end_tree "$below"
  done
  kill -KILL "$1" 2>/dev/null
}

# Of programs that keep a log: the end of it is shown when the check fails.
logs=()
# Of programs that start Java and may hang: what its threads do is shown then.
hanging=()

# threads_of PID: what the threads of its Java do.
threads_of() {
  local java
  for java in $(pgrep -P "$1" -x java); do
    timeout 20 "${JAVA_HOME:+$JAVA_HOME/bin/}jstack" "$java" 2>&1 | sed "s/^/threads: /" || true
  done
}

# fail WHY: the check has failed.
fail() {
  echo "$*"
  for file in err* out*; do
    [[ -s $file ]] && tail -c 4000 "$file" | sed "s/^/$file: /"
  done
  for file in "${logs[@]}"; do
    tail -n 100 "$file" | sed "s/^/${file##*/}: /"
  done
  for pid in "${hanging[@]}"; do
    threads_of "$pid"
  done
  exit 1
}

skip() {
  echo "$*"
  exit "$SKIPPED"
}

# note TEXT: shown below the check's line.
note() {
  echo "note: $*"
}

# equal WHAT ACTUAL EXPECTED
equal() {
  [[ $2 == "$3" ]] || fail "$1 is '$2', expected '$3'"
}

# matches WHAT ACTUAL REGEX
matches() {
  [[ $2 =~ $3 ]] || fail "$1 is '$2', expected /$3/"
}

# status_of COMMAND...: runs it and leaves its exit status in $status.
status_of() {
  status=0
  "$@" || status=$?
}

# start NAME COMMAND...: runs it in the background, its output in out.NAME and err.NAME, standard
# input as given; its process number is then in $NAME. It can be interrupted, which what a script
# starts in the background otherwise cannot.
start() {
  local name=$1
  shift
  # The background process makes them when it comes to it; nobody may read old ones before.
  rm -f "out.$name" "err.$name"
  env --default-signal=INT,QUIT "$@" >"out.$name" 2>"err.$name" <&0 &
  children+=("$!")
  printf -v "$name" %s "$!"
}

# status_from PID: waits for its end and leaves its exit status in $status.
status_from() {
  status=0
  wait "$1" || status=$?
}

# soon COMMAND...: waits until it succeeds, about two minutes at most: a busy machine is slow.
soon() {
  local tries
  for ((tries = 0; tries < 6000; tries++)); do
    "$@" && return
    sleep 0.02
  done
  fail "not within two minutes: $*"
}

has_lines() {
  [[ $(grep -c "$2" "$1" 2>/dev/null) -ge $3 ]]
}

# listen NAME ARGUMENTS...: starts "penstock ARGUMENTS", waits until it has announced its first
# listener and leaves the port or path in $at.
listen() {
  local name=$1
  shift
  start "$name" "$penstock" "$@"
  address_of "$name" 1
}

# address_of NAME N: waits for its Nth announced listener and leaves the port or path in $at.
address_of() {
  soon has_lines "err.$1" '^listening ' "$2"
  at=$(sed -n 's/^listening [a-z-]*://p' "err.$1" | sed -n "$2p")
  [[ $at != //* ]] || at=${at##*:}
}

# child_of PID: the process number of its one child.
child_of() {
  cat "/proc/$1/task"/*/children | tr -d ' '
}

# seconds_since EPOCHREALTIME
seconds_since() {
  local micros=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  printf '%d.%02d' $((micros / 1000000)) $((micros / 10000 % 100))
}

# less SECONDS LIMIT
less() {
  awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

# The JDKs of this machine besides the one that "java" or JAVA_HOME is, one home a line.
jdk_homes() {
  local javac
  for javac in /usr/lib/jvm/*/bin/javac; do
    [[ -x $javac ]] && dirname "$(dirname "$(readlink -f "$javac")")"
  done | sort -u
}

# The version that the sources have.
project_version() {
  sed -n '/<artifactId>io.penstock.parent</,/<version>/s|.*<version>\(.*\)</version>.*|\1|p' "$root/pom.xml"
}
