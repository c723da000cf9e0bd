# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of operators on a running container, from outside.

# stays ARGUMENTS...: starts a container with a pipe "orders" that has 11 bytes in it and a channel with a
# password; the path of its control socket is in $control.
stays() {
  mkdir -p conf
  cat >conf/plumbing.json <<'END'
{
  ":configurator:resource-version": 1,
  "io.penstock.Pipe~orders": { "capacity": "4KiB" },
  "io.penstock.Relay~in": { "from": "unix-listen:in", "to": "pipe:?write=orders", "fork": true },
  "io.penstock.Channel~line": { "endpoint": "ssh://me@127.0.0.1:1?exec=true", ".password": "open-sesame" }
}
END
  start stay "$penstock" run --conf conf "$@"
  soon has_lines err.stay '^control ' 1
  control=$(sed -n 's/^control //p' err.stay)
  soon test -S in
}

# ctl STATUS ARGUMENTS...: runs a command in the container, which ends with that status; its output is in
# out and err.
ctl() {
  local expected=$1
  shift
  status_of "$penstock" ctl "$@" <&- >out 2>err
  equal "status of ctl $*" "$status" "$expected"
  ((expected != 0)) || equal "standard error of ctl $*" "$(cat err)" ""
  ((expected == 0)) || equal "standard output of ctl $*" "$(cat out)" ""
}

# told PATTERN ARGUMENTS...: what a command says.
told() {
  local pattern=$1
  shift
  ctl 0 "$@"
  matches "output of ctl $*" "$(cat out)" "$pattern"
}

# only_one_asks: the container has no channel of a client but the one that asks.
only_one_asks() {
  told '"channels":' channels --json
  [[ $(grep -o '"kind":"unix-listen"' out | wc -l) -eq 1 ]]
}

# page_tells: what the manual says to type, and that it shows what the container answers, but for numbers.
page_tells() {
  shown operating.md ctl | sed 's|^\./penstock|"$penstock"|' >typed
  penstock=$penstock bash -eu typed >answered
  awk '/<!-- run: ctl -->/ { found = 1 } found && /^```text/ { inside = 1; next } inside && /^```/ { exit } inside' \
    "$root/docs/operating.md" >printed
  for file in answered printed; do
    sed -E 's/[0-9.]+( ?([KMG]iB|B|ms|s|min|h)\b)?/N/g; s/ +/ /g; s/ $//' "$file" >"$file.plain"
  done
  diff printed.plain answered.plain >differs || fail "docs/operating.md shows another answer: $(cat differs)"
}

check_control_commands() {
  stays
  matches "where it is" "$control" "^$TMP/penstock-[^/]*\.sock$"
  equal "its permissions" "$(stat -c %a "$control")" 600
  printf 'hello world' | socat -u - UNIX-CONNECT:in
  # First: no rate is known at the first look.
  page_tells
  told 'orders ' pipes --sort name orders
  told '^\{"at":.*"pipes":\[\{"id":[0-9]+,"name":"orders"' pipes --json
  told '11 bytes' info orders
  ctl 0 pause orders
  told 'paused' why orders
  ctl 0 resume orders
  told '^relay joined goes on until it is closed$' relay --fork --name joined unix-listen:joined echo:
  equal "what the relay gives back" "$(socat -t20 - UNIX-CONNECT:joined <<<ping)" ping
  ctl 0 close joined
  soon test ! -e joined
  ctl 2 info order
  equal "what is told of a misspelt name" "$(cat err)" \
    "penstock: there is no object named 'order'; did you mean 'orders'?"
  ctl 2 pips
  matches "what is told of a misspelt command" "$(cat err)" "^penstock: there is no command 'pips'; .*'pipes'\?$"
  ctl 1 --socket nowhere pipes
  matches "what is told of no container" "$(cat err)" '^penstock: unix:nowhere was not found.*--socket'
  ctl 2
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
  [[ ! -e $control ]] || fail "$control is left"
}

check_control_report_has_no_secret() {
  export E2E_SECRET=a-variable-that-is-secret
  stays
  refused() {
    ctl 0 report
    grep -q 'ssh://me@127.0.0.1:1' out
  }
  soon refused
  for word in '^penstock: ' '^native: ' '^java: ' orders; do
    grep -q "$word" out || fail "the report has no $word: $(cat out)"
  done
  cat out >all
  ctl 0 report --json
  python3 -c 'import json, sys; json.load(sys.stdin)["runtime"]' <out
  cat out >>all
  for secret in open-sesame "$E2E_SECRET"; do
    ! grep -q -e "$secret" all || fail "the report has $secret"
  done
  kill -TERM "$stay"
  status_from "$stay"
}

check_control_ends_with_its_client() {
  stays
  start watch "$penstock" ctl pipes --watch
  start tap "$penstock" ctl tap orders
  soon has_lines out.watch orders 2
  # What goes by is shown from when the tap is there.
  exec 7> >(exec socat -u - UNIX-CONNECT:in)
  pinged() {
    printf ping >&7
    has_lines out.tap '^> [0-9a-f]*  .*|ping' 1
  }
  soon pinged
  exec 7>&-
  kill -INT "$watch"
  status_from "$watch"
  equal "status after Ctrl-C" "$status" 130
  kill -KILL "$tap"
  status_from "$tap"
  soon only_one_asks
  # A reader that goes, as head does.
  status=0
  timeout 60 "$penstock" ctl pipes --watch 2>err | head -n 1 >out || status=$?
  matches "the first line" "$(cat out)" '^ID +NAME'
  soon only_one_asks
  kill -TERM "$stay"
  status_from "$stay"
  # What the killed client has left.
  rm -rf "${TMP:?}"/penstock-[0-9]*
}

check_control_of_another_user() {
  ((EUID == 0)) && command -v setpriv >/dev/null || skip "only root can be another user"
  # In a folder that the other user may enter.
  shared=$(mktemp -d /tmp/penstock-e2e.XXXXXX)
  chmod 755 "$shared"
  stays --control "$shared/s"
  equal "where it is" "$control" "$shared/s"
  other() {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  }
  ask() {
    printf 'penstock-control 1 plain pipes\n' | other timeout 60 socat -t60 - "UNIX-CONNECT:$shared/s" >out 2>err || true
  }
  ask
  matches "what the system says" "$(cat err)" 'Permission denied'
  # Whatever the file's permissions have become, the peer's user counts.
  chmod 666 "$shared/s"
  ask
  matches "the answer" "$(tr -d '\0' <out)" 'eonly the user of the container and root may send commands.*x'
  soon has_lines err.stay 'WARN .*uid 65534.*may not send commands' 1
  told orders --socket "$shared/s" pipes
  kill -TERM "$stay"
  status_from "$stay"
  rmdir "$shared" || fail "$shared has something left in it"
}

check_control_socket_of_a_killed_container() {
  stays
  # Another container does not take a socket that is in use, and goes on without.
  start other "$penstock" run
  soon has_lines err.other 'ERROR .*no commands are taken: .* is in use' 1
  told orders pipes
  kill -TERM "$other"
  status_from "$other"
  told orders pipes
  kill -KILL "$stay"
  status_from "$stay"
  [[ -S $control ]] || fail "the killed container has left no socket, which is to be taken over"
  rm -rf "${TMP:?}"/penstock-[0-9]* in
  ctl 1 pipes
  matches "what is told of a dead container" "$(cat err)" 'refused the connection.*--socket'
  stays
  told orders pipes
  kill -TERM "$stay"
  status_from "$stay"
  [[ ! -e $control ]] || fail "$control is left"
  start stay "$penstock" run --control off --conf conf
  soon test -S in
  [[ ! -e $control ]] || fail "there is a socket in spite of --control off"
  kill -TERM "$stay"
  status_from "$stay"
}
