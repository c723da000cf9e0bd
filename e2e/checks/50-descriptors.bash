# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Descriptors that the program was given, and abstract names, with peers that are not ours.

check_given_descriptors_are_copied() {
  printf 'from three' >file
  "$penstock" relay -u fd:3 stdio: 3<file </dev/null >out 2>err
  equal "what was in the file" "$(cat out)" "from three"
  printf 'to seven' | "$penstock" relay -u stdio: fd:7 7>written 2>err
  equal "what was written" "$(cat written)" "to seven"
  mkfifo fifo
  sh -c 'exec 9<fifo; exec "$1" relay fd:9 "exec:tr a-z A-Z" 2>err >out' sh "$penstock" &
  printf 'through a pipe' >fifo
  status_of wait $!
  equal "status" "$status" 0
  equal "standard error" "$(cat err)" ""
}

check_other_descriptors_are_refused() {
  status_of "$penstock" relay fd:55 stdio: 54</dev/null </dev/null >out 2>err
  equal "status" "$status" 2
  matches "standard error" "$(cat err)" 'fd:55: the program was not given that descriptor; it was given .*54'
}

check_abstract_names() {
  local name=penstock-e2e-$$
  listen server relay "unix-listen:@$name" 'exec:tr a-z A-Z'
  equal "where it listens" "$at" "@$name"
  equal "the answer" "$(printf 'hello' | socat -t 20 STDIO "ABSTRACT-CONNECT:$name")" HELLO
  start peer socat -t 20 "ABSTRACT-LISTEN:$name-2" 'EXEC:tr a-z A-Z'
  soon grep -q "@$name-2" /proc/net/unix
  equal "the answer" "$(printf 'hello' | "$penstock" relay stdio: "unix:@$name-2" 2>err)" HELLO
}

check_dead_listeners_are_replaced() {
  python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("s"); s.listen()'
  [[ -S s ]] || fail "no socket was left behind"
  listen server relay unix-listen:s 'exec:tr a-z A-Z'
  status_of "$penstock" relay unix-listen:s echo: </dev/null >out 2>err
  equal "status beside a live one" "$status" 1
  matches "standard error" "$(cat err)" 'unix-listen:s is in use: somebody listens there'
  equal "the answer" "$(printf 'hello' | socat -t 20 STDIO UNIX-CONNECT:s)" HELLO
  status_from "$server"
  equal "status" "$status" 0
  [[ ! -e s ]] || fail "the socket is left"
}

check_version_tells_how_native_calls_are_made() {
  "$penstock" --version -v >out 2>err
  local expected=jna
  (($(sed -n 's/^java \([0-9]*\).*/\1/p' out) < 22)) || expected=foreign
  matches "the version" "$(cat out)" "native calls $expected"
  PENSTOCK_OPTS="$PENSTOCK_OPTS -Dio.penstock.native=none" "$penstock" --version -v >out 2>err
  matches "the version" "$(cat out)" "native calls none"
}
