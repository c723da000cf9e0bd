# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Pipes that survive: one process writes, another reads.

check_durable_pipe_from_one_process_to_the_next() {
  head -c 3145728 /dev/urandom >in
  shown durable.md durable | sed 's|^\./penstock|"$penstock"|' >typed
  # shellcheck source=/dev/null
  . ./typed || fail "the commands of the page have failed with $?"
  cmp in out || fail "what came out is not what went in"
  echo first | "$penstock" relay stdio: 'durable:file:spool?mode=write'
  echo second | "$penstock" relay stdio: 'durable:file:spool?mode=write'
  "$penstock" relay 'durable:file:spool?mode=read' stdio: >one </dev/null
  "$penstock" relay 'durable:file:spool?mode=read' stdio: >two </dev/null
  equal "the first stream" "$(cat one)" first
  equal "the second stream" "$(cat two)" second
}

check_durable_pipe_that_is_no_pipe() {
  echo "a letter" >letter
  status_of "$penstock" relay stdio: 'durable:file:letter?mode=write' </dev/null >out 2>err
  equal status "$status" 1
  matches "what was said" "$(cat err)" 'letter is not valid'
  equal "the letter" "$(cat letter)" "a letter"
}

has_orders() {
  "$penstock" ctl pipes 2>/dev/null | grep -q orders
}

check_stop_says_nothing_of_a_durable_pipe() {
  echo kept | "$penstock" relay stdio: 'durable:file:spool?mode=write'
  mkdir conf
  echo '{"io.penstock.Pipe~orders": {"durable": "file:spool"}}' >conf/one.json
  start stay "$penstock" run --conf conf
  soon has_orders
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
  ! grep -E ' (WARN|ERROR) ' err.stay || fail "an ordinary stop is no news"
  "$penstock" relay 'durable:file:spool?mode=read' stdio: >out </dev/null
  equal "what was kept" "$(cat out)" kept
}
