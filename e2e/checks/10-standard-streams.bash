# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Standard input and output, and child processes.

check_hello_through_tr() {
  out=$(printf 'hello\n' | "$penstock" relay stdio: 'exec:tr a-z A-Z' 2>err)
  equal "standard output" "$out" HELLO
  equal "standard error" "$(cat err)" ""
  equal "the current folder" "$(ls -A)" err
}

check_no_warning_on_any_jdk() {
  homes=$(jdk_homes)
  for home in $homes; do
    out=$(printf 'hello\n' | JAVA_HOME=$home "$penstock" relay - 'exec:tr a-z A-Z' 2>err)
    equal "standard output with $home" "$out" HELLO
    equal "standard error with $home" "$(cat err)" ""
    out=$(printf 'hello\n' | JAVA_HOME=$home PENSTOCK_OPTS=$(jvm_options -XX:+UseG1GC -Xmx64m) \
      "$penstock" relay - 'exec:tr a-z A-Z' 2>err)
    equal "standard output with $home and G1" "$out" HELLO
    equal "standard error with $home and G1" "$(cat err)" ""
    note "$("$home/bin/java" -version 2>&1 | head -n 1)"
  done
}

check_standard_input_is_left_to_others() {
  # The line comes once the relay has ended, which it does without a byte of input.
  out=$( (
    soon test -e ended
    echo hi
  ) | sh -c '"$0" relay stdio: exec:true; echo $? >ended; cat' "$penstock" 2>err)
  equal "standard output" "$out" hi
  equal "standard error" "$(cat err)" ""
  equal status "$(cat ended)" 0
}

check_standard_input_of_any_kind_is_left_to_others() {
  local kind
  for kind in pipe socket terminal; do
    out=$(python3 "$peers" left "$kind" \
      sh -c '"$0" relay stdio: exec:true; echo ended; cat' "$penstock" 2>err)
    equal "standard output after a $kind" "$out" hi
    equal "standard error after a $kind" "$(cat err)" ""
  done
}

check_date_returns_at_once_on_a_terminal() {
  python3 "$peers" terminal "$penstock" relay stdio: exec:date >out
  matches "the last line" "$(tail -n 1 out)" '^status 0 '
  took=$(tail -n 1 out | cut -d' ' -f3)
  less "$took" 8 || fail "it took $took s"
  equal "the number of lines" "$(wc -l <out)" 2
  matches "the date" "$(head -n 1 out)" "$(date +%Y)"
}

check_a_child_that_leaves_input_unread_decides() {
  set +e
  yes | "$penstock" relay stdio: 'exec:head -1' >out 2>err
  status=${PIPESTATUS[1]}
  set -e
  equal status "$status" 0
  equal "standard output" "$(cat out)" y
  equal "standard error" "$(cat err)" ""
}

check_a_child_that_leaves_no_time_to_write_decides() {
  head -c 4000000 /dev/zero >zeros
  for _ in 1 2 3; do
    status_of "$penstock" relay stdio: exec:true <zeros >out 2>err
    equal status "$status" 0
    equal "standard error" "$(cat err)" ""
  done
}

check_an_exit_status_is_a_failure_after_all_output() {
  status_of "$penstock" relay stdio: "exec:sh -c 'seq 1 200000; exit 7'" </dev/null >out 2>err
  equal status "$status" 1
  equal "standard error" "$(cat err)" "penstock: exec:sh ... exited with status 7"
  equal "the output" "$(sha256sum <out)" "$(seq 1 200000 | sha256sum)"
}

check_the_exit_status_of_a_child_as_from_decides_too() {
  status_of "$penstock" relay "exec:sh -c 'echo all; exit 3'" stdio: </dev/null >out 2>err
  equal status "$status" 1
  equal "standard output" "$(cat out)" all
  matches "standard error" "$(cat err)" '^penstock: exec:sh .* exited with status 3$'
}

check_a_child_ended_by_a_signal_is_a_failure() {
  status_of "$penstock" relay stdio: "exec:sh -c 'kill -9 \$\$'" </dev/null >out 2>err
  equal status "$status" 1
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" '^penstock: exec:sh .*signal 9'
}

check_a_childs_standard_error_passes_through() {
  out=$("$penstock" relay stdio: "exec:sh -c 'echo oops >&2; echo fine'" </dev/null 2>err)
  equal "standard output" "$out" fine
  equal "standard error" "$(cat err)" oops
}

check_a_command_that_does_not_exist_is_named() {
  status_of "$penstock" relay stdio: exec:/nowhere/nothing </dev/null >out 2>err
  equal status "$status" 1
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" '^penstock: exec:/nowhere/nothing '
}

check_bytes_arrive_as_they_are() {
  head -c 5000000 /dev/urandom >in
  "$penstock" relay stdio: exec:cat <in >out
  equal "the output" "$(sha256sum <out)" "$(sha256sum <in)"
}

check_a_shell_command_is_verbatim() {
  # shellcheck disable=SC2016
  out=$(printf 'abc\n' | "$penstock" relay stdio: 'shell:x="a  b"; tr a-z A-Z; echo "$x?%20#"')
  equal "standard output" "$out" $'ABC\na  b?%20#'
}

check_echo_gives_back_what_it_gets() {
  out=$(printf 'abc' | "$penstock" relay stdio: echo:)
  equal "standard output" "$out" abc
}

check_one_way_and_paths_of_the_callers() {
  mkdir sub
  (cd sub && printf 'abc' | "$penstock" relay -u stdio: 'exec:tee out' >../out)
  equal "what went to FROM" "$(cat out)" ""
  equal "what went to TO" "$(cat sub/out)" abc
}

check_a_child_on_a_terminal() {
  "$penstock" relay stdio: 'shell:tty; stty size; exit 4' --to pty=true --to columns=132 </dev/null >out 2>err ||
    equal status $? 1
  matches "the terminal" "$(head -n 1 out)" '^/dev/pts/[0-9]+'
  matches "its size" "$(tail -n 1 out)" '^24 132'
  matches "standard error" "$(cat err)" 'exited with status 4'
  # What is typed comes back, and is read again.
  out=$(printf 'typed\n' | "$penstock" relay stdio: exec:cat --to pty=true 2>err | tr -d '\r')
  equal "standard output" "$out" $'typed\ntyped'
  equal "standard error" "$(cat err)" ""
  # What we ignore, as under nohup, is not ignored there.
  (trap '' HUP INT QUIT; "$penstock" relay stdio: 'exec:grep SigIgn /proc/self/status' --to pty=true </dev/null >out)
  matches "the signals that the child ignores" "$(tr -d '\r' <out)" '[08]$'
}

check_standard_input_to_standard_output() {
  out=$(printf 'abc' | "$penstock" relay -u - -)
  equal "standard output" "$out" abc
}

check_named_pipes_of_the_system() {
  mkfifo in out.fifo
  echo first >in &
  out=$("$penstock" relay -u fifo:in stdio: </dev/null)
  equal "what was read" "$out" first
  cat out.fifo >received &
  reader=$!
  echo second | "$penstock" relay -u stdio: fifo:out.fifo
  wait "$reader"
  equal "what was written" "$(cat received)" second
}

check_a_reader_that_goes_is_a_failure_that_names_it() {
  set +e
  "$penstock" relay -u exec:yes stdio: </dev/null 2>err | head -n 1 >out
  status=${PIPESTATUS[0]}
  set -e
  equal status "$status" 1
  equal "standard output" "$(cat out)" y
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" '^penstock: stdio: '
}

check_progress_goes_to_standard_error() {
  out=$(printf 'abc' | "$penstock" relay -v stdio: echo: 2>err)
  equal "standard output" "$out" abc
  matches "standard error" "$(cat err)" '3 B forwarded, 3 B returned'
}

check_a_live_line_on_a_terminal() {
  python3 "$peers" terminal "$penstock" relay -v stdio: 'exec:sleep 1.5' >out
  matches "the last line" "$(tail -n 1 out)" '^status 0 '
  grep -q $'\r\033\\[Kpenstock: 0 B forwarded' out || fail "no live line"
}

check_several_side_by_side() {
  for i in 1 2 3 4 5 6; do
    printf 'hello %s\n' $i | "$penstock" relay stdio: 'exec:tr a-z A-Z' >"out.$i" 2>"err.$i" &
    children+=("$!")
  done
  for pid in "${children[@]}"; do
    status_from "$pid"
    equal status "$status" 0
  done
  for i in 1 2 3 4 5 6; do
    equal "standard output" "$(cat "out.$i")" "HELLO $i"
    equal "standard error" "$(cat "err.$i")" ""
  done
}
