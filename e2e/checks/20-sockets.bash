# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# TCP and Unix sockets, several connections, limits.

check_sort_behind_a_client_that_half_closes() {
  listen relay relay tcp-listen://127.0.0.1:0 exec:sort
  seq 1 100000 | sed 's/$/ some line/' | shuf --random-source=<(yes) >in
  socat -t20 - "TCP:127.0.0.1:$at" <in >out
  status_from "$relay"
  equal status "$status" 0
  LC_ALL=${LC_ALL:-} sort in >expected
  equal "the answer" "$(sha256sum <out)" "$(sha256sum <expected)"
  equal "standard error" "$(cat err.relay)" "listening tcp-listen://127.0.0.1:$at"
}

check_every_listener_is_announced_with_its_real_port() {
  listen relay relay tcp-listen://127.0.0.1:0 'unix-listen:to.sock?backlog=7'
  tcp=$at
  address_of relay 2
  equal "the announcement" "$(cat err.relay)" \
    "listening tcp-listen://127.0.0.1:$tcp"$'\n'"listening unix-listen:to.sock"
  matches "the port" "$tcp" '^[1-9][0-9]+$'
  [[ -S to.sock ]] || fail "to.sock is not in the caller's folder"
  printf 'ping' | socat -u - UNIX-CONNECT:to.sock &
  children+=("$!")
  out=$(socat -t20 -u "TCP:127.0.0.1:$tcp" -)
  equal "what arrived" "$out" ping
  status_from "$relay"
  [[ ! -e to.sock ]] || fail "to.sock is left"
}

# transfer FROM TO: as much as E2E_MIB says each way at once between two listening endpoints with
# socat behind both, while one reader pauses.
transfer() {
  local mib=${E2E_MIB:-1024}
  PENSTOCK_OPTS=$(jvm_options -Xmx64m)
  listen relay relay "$1" "$2"
  local left=$at
  address_of relay 2
  local right=$at
  { python3 "$peers" send one "$mib" sent.left 2>sum.left |
    socat -t120 - "$(socat_address "$1" "$left")" |
    python3 "$peers" receive got.left >hash.left; } &
  children+=("$!")
  local one=$!
  { python3 "$peers" send two "$mib" sent.right 2>sum.right |
    socat -t120 - "$(socat_address "$2" "$right")" |
    python3 "$peers" receive got.right $((mib / 4)) 5 >hash.right; } &
  children+=("$!")
  local two=$!
  resident "$relay" $((mib * 1048576 / 8)) &
  children+=("$!")
  local sampler=$!
  wait "$one" "$two"
  status_from "$relay"
  wait "$sampler"
  equal status "$status" 0
  equal "what the right got" "$(cat hash.right)" "$(cat sum.left) $((mib * 1048576))"
  equal "what the left got" "$(cat hash.left)" "$(cat sum.right) $((mib * 1048576))"
  [[ $(cat sum.left) != "$(cat sum.right)" ]] || fail "both sent the same"
  still=$(python3 "$peers" stalled sent.left got.right)
  less 4 "$still" || fail "the sender was at a standstill for $still s only, while its reader paused for 5"
  [[ -s rss ]] || fail "the resident memory was not looked at"
  read -r low high <<<"$(sort -n rss | awk 'NR == 1 { low = $1 } END { print low, $1 }')"
  ((high < 256 * 1024)) || fail "resident memory went up to $high KiB"
  ((high - low < 64 * 1024)) || fail "resident memory went from $low to $high KiB"
  note "$mib MiB each way, the sender at a standstill for $still s, resident $((low / 1024)) to $((high / 1024)) MiB"
}

socat_address() {
  case $1 in
    tcp-listen:*) echo "TCP:127.0.0.1:$2" ;;
    unix-listen:*) echo "UNIX-CONNECT:$2" ;;
  esac
}

# resident PID BYTES: its resident memory in KiB five times a second, once the left has sent so many
# bytes, when the virtual machine has grown to what it needs.
resident() {
  until tail -n 1 sent.left 2>/dev/null | awk -v least="$2" '{ enough = $2 >= least } END { exit !enough }'; do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.2
  done
  while awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null >>rss; do
    sleep 0.2
  done
}

check_much_each_way_over_tcp() {
  transfer tcp-listen://127.0.0.1:0 tcp-listen://127.0.0.1:0
}

check_much_each_way_over_unix_sockets() {
  transfer unix-listen:a.sock unix-listen:b.sock
}

# killed_from FROM TO: the peer of FROM is killed while bytes flow both ways. How long the relay takes
# to notice counts as the best of three: other programs may keep the processor from it.
killed_from() {
  local best=99 from to begin took try
  for try in 1 2 3; do
    rm -f ready
    listen relay relay "$1" "$2"
    from=$at
    address_of relay 2
    to=$at
    start victim python3 "$peers" flood "$from" ready
    start other python3 "$peers" flood "$to" ''
    soon test -e ready
    begin=$EPOCHREALTIME
    kill -KILL "$victim"
    status_from "$relay"
    took=$(seconds_since "$begin")
    equal status "$status" 1
    equal "the number of failures" "$(grep -c '^penstock: ' err.relay)" 1
    matches "the failure" "$(grep '^penstock: ' err.relay)" "^penstock: ${1%%:*}:.*${from##*/}"
    status_from "$other"
    # A Unix socket has no reset to send; and a TCP peer whose end came before the failure may have had it passed on.
    [[ $2 == unix* ]] || grep -q 'Broken pipe$' err.relay || matches "how the other connection ended" "$(cat out.other)" "$RESET"
    note "it took $took s: $(grep '^penstock: ' err.relay)"
    ! less "$took" "$best" || best=$took
    ! less "$best" 1 || return 0
  done
  fail "it took $best s at best"
}

check_a_tcp_peer_killed_while_bytes_flow() {
  killed_from tcp-listen://127.0.0.1:0 tcp-listen://127.0.0.1:0
}

check_a_unix_peer_killed_while_bytes_flow() {
  killed_from unix-listen:a.sock unix-listen:b.sock
}

check_a_child_killed_while_bytes_flow() {
  listen relay relay tcp-listen://127.0.0.1:0 'exec:cat'
  start other python3 "$peers" flood "$at" ready
  soon test -e ready
  child=$(child_of "$relay")
  begin=$EPOCHREALTIME
  kill -KILL "$child"
  status_from "$relay"
  took=$(seconds_since "$begin")
  equal status "$status" 1
  less "$took" 10 || fail "it took $took s"
  matches "the failure" "$(grep '^penstock: ' err.relay)" '^penstock: exec:cat .*signal 9'
  status_from "$other"
  matches "how the other connection ended" "$(cat out.other)" "$RESET"
}

check_output_before_an_exit_status_arrives_and_is_no_whole() {
  listen relay relay tcp-listen://127.0.0.1:0 "exec:sh -c 'cat; seq 1 50000; exit 7'"
  status_of python3 "$peers" whole "$at" >out 2>err.client
  equal "the output" "$(sha256sum <out)" "$(seq 1 50000 | sha256sum)"
  matches "how the connection ended" "$(cat err.client)" "$RESET"
  status_from "$relay"
  equal status "$status" 1
}

check_a_child_that_closes_its_output_and_goes_on() {
  listen relay relay tcp-listen://127.0.0.1:0 "exec:sh -c 'echo bye; exec >&-; cat >rest'"
  python3 "$peers" after_end "$at" >out
  status_from "$relay"
  equal status "$status" 0
  equal "what the client got before it went on" "$(cat out)" bye
  equal "what the child got after that" "$(cat rest)" later
}

check_a_child_is_ended_when_its_peer_is_reset() {
  listen relay relay tcp-listen://127.0.0.1:0 "exec:sh -c 'echo \$\$ >pid; exec cat'"
  start other python3 "$peers" flood "$at" ready
  soon test -e ready
  kill -KILL "$other"
  status_from "$relay"
  equal status "$status" 1
  matches "the failure" "$(grep '^penstock: ' err.relay)" '^penstock: tcp-listen://127.0.0.1:'
  ! kill -0 "$(cat pid)" 2>/dev/null || fail "the child still runs"
}

check_a_refused_connection_is_named() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  status_of "$penstock" relay stdio: "tcp://127.0.0.1:$port" </dev/null >out 2>err
  equal status "$status" 1
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" "^penstock: tcp://127.0.0.1:$port refused the connection"
}

check_connect_time_out() {
  mkfifo hold
  exec 9<>hold
  start full python3 "$peers" full <hold 9>&-
  soon test -s out.full
  begin=$EPOCHREALTIME
  status_of timeout 20 "$penstock" relay --connect-timeout 300ms stdio: "tcp://127.0.0.1:$(cat out.full)" \
    </dev/null >out 2>err 9>&-
  took=$(seconds_since "$begin")
  exec 9>&-
  equal status "$status" 1
  less "$took" 6 || fail "it took $took s"
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" "^penstock: tcp://127.0.0.1:$(cat out.full) .*(300|0\.3)"
}

check_an_address_in_use_is_named() {
  listen first relay tcp-listen://127.0.0.1:0 echo:
  status_of "$penstock" relay "tcp-listen://127.0.0.1:$at" echo: </dev/null >out 2>err
  equal status "$status" 1
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" "^penstock: tcp-listen://127.0.0.1:$at .*in use"
  kill -TERM "$first"
  status_from "$first"
}

check_fork_serves_many_and_survives_failures() {
  listen relay relay --fork tcp-listen://127.0.0.1:0 'exec:sh -c "read x; test $x != bad && echo got $x"'
  for i in 1 2 bad 3; do
    socat -t20 - "TCP:127.0.0.1:$at" <<<"$i" >"out.$i" 2>>err.clients || true
  done
  for i in 1 2 3; do
    equal "the answer" "$(cat "out.$i")" "got $i"
  done
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
  equal "the number of failures" "$(grep -c '^penstock: ' err.relay)" 1
  matches "the failure" "$(grep '^penstock: ' err.relay)" '^penstock: exec:sh .* exited with status 1$'
}

check_fork_and_a_peer_that_refuses() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  listen relay relay --fork unix-listen:s "tcp://127.0.0.1:$port"
  for _ in 1 2 3; do
    socat - UNIX-CONNECT:s </dev/null >>out 2>>err.clients || true
  done
  soon has_lines err.relay "^penstock: tcp://127.0.0.1:$port .*refused" 3
  kill -INT "$relay"
  status_from "$relay"
  equal status "$status" 130
  equal "the number of lines" "$(wc -l <err.relay)" 4
  [[ ! -e s ]] || fail "the socket file is left"
}

check_no_more_connections_than_asked_for() {
  listen relay relay --fork --max-connections 1 unix-listen:s echo:
  mkfifo hold
  socat - UNIX-CONNECT:s <hold >out.1 &
  children+=("$!")
  first=$!
  exec 9>hold
  echo one >&9
  soon test -s out.1
  # Without the other end of "hold", which only this shell may keep open.
  socat -t20 - UNIX-CONNECT:s <<<two >out.2 9>&- &
  children+=("$!")
  second=$!
  sleep 0.7
  equal "what the second got while the first was there" "$(cat out.2)" ""
  exec 9>&-
  wait "$first" "$second"
  equal "what the second got" "$(cat out.2)" two
  kill -TERM "$relay"
  status_from "$relay"
}

check_idle_time_out() {
  listen relay relay --idle-timeout 500ms unix-listen:s echo:
  mkfifo hold
  begin=$EPOCHREALTIME
  socat - UNIX-CONNECT:s <hold >out 2>err.client &
  children+=("$!")
  exec 9>hold
  status_from "$relay"
  took=$(seconds_since "$begin")
  exec 9>&-
  equal status "$status" 1
  less "$took" 10 || fail "it took $took s"
  matches "the failure" "$(grep '^penstock: ' err.relay)" '500|0\.5'
}

check_total_time_out_whatever_is_said() {
  listen relay relay --idle-timeout 10s --total-timeout 1s unix-listen:s echo:
  begin=$EPOCHREALTIME
  while echo busy && sleep 0.1; do :; done 2>/dev/null | socat - UNIX-CONNECT:s >out 2>err.client &
  children+=("$!")
  status_from "$relay"
  took=$(seconds_since "$begin")
  equal status "$status" 1
  less "$took" 9 || fail "it took $took s"
  less 0.9 "$took" || fail "it took only $took s"
  matches "the failure" "$(grep '^penstock: ' err.relay)" 'took too long.*1000 ms'
}

check_linger_limits_the_other_direction() {
  start peer socat -u UNIX-LISTEN:peer.sock OPEN:/dev/null
  soon test -S peer.sock
  kill -STOP "$peer"
  begin=$EPOCHREALTIME
  status_of timeout 20 "$penstock" relay --linger 300ms stdio: unix:peer.sock </dev/null >out 2>err
  took=$(seconds_since "$begin")
  equal status "$status" 0
  less "$took" 15 || fail "it took $took s"
  equal "standard error" "$(cat err)" ""
}
