# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The container's shell over SSH, with OpenSSH as the client.

# shell_in_container: a container whose shell is at the port in $at.
shell_in_container() {
  keys
  mkdir conf
  cat >conf/shell.json <<END
{
  ":configurator:resource-version": 1,
  "io.penstock.Listener~shell": {
    "endpoint": "ssh-listen://127.0.0.1:0",
    "hostkey": "$PWD/host",
    "authorized-keys": "$PWD/authorized"
  },
  "io.penstock.Shell~shell": {}
}
END
  start stay "$penstock" run -v --conf conf </dev/null
  soon has_lines err.stay 'the shell is at ssh-listen://127.0.0.1:[1-9]' 1
  at=$(sed -n 's/.*the shell is at ssh-listen:\/\/127.0.0.1:\([0-9]*\).*/\1/p' err.stay | head -n 1)
}

check_shell_runs_a_command_over_ssh() {
  shell_in_container
  status_of timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 'echo two %(20+22); exit 7' </dev/null >out 2>err
  equal "the status" "$status" 7
  equal "standard output" "$(cat out)" "two 42"
  status_of timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 nosuchcommand </dev/null >out 2>err
  equal "the status of a failure" "$status" 1
  matches "standard error" "$(cat err)" '^penstock: .*nosuchcommand'
  status_of timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 <<<'lb -s' >out 2>err
  equal "the status" "$status" 0
  matches "the bundles" "$(cat out)" 'Active.*io\.penstock\.shell'
  timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 'lb -s | grep penstock.shell; ls conf' </dev/null >out 2>err ||
    fail "ssh ended with $?: $(cat err)"
  matches "what is not for a terminal" "$(cat -A out | tr '\n' ' ')" '^ *[0-9]+\|Active[^^]*io\.penstock\.shell.*\$ .*shell\.json *\$ $'
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}

check_shell_has_a_terminal_over_ssh() {
  shell_in_container
  # The arrow key is that of a terminal that was asked for application keys. Ctrl-C ends what runs.
  TERM=xterm python3 "$peers" dialogue timeout 60 "${ssh[@]}" -tt -p "$at" me@127.0.0.1 >out <<'END'
until g! 
type echo sum %(2+22)\x1bOD\x1bOD\x1bOD\x1bOD0\r
until sum 42
until g! 
type sleep 1000\r
until [?2004l
ask g! |\x03
type echo still %(3+4)\r
until still 7
until g! 
size 30 100
ask at 30 100 end|echo at $LINES $COLUMNS end\r
type sh\r
until [?2004l
until g! 
type exit 5\r
END
  matches "the last line" "$(tail -n 1 out)" '^status 5 '
  # Only the session has ended.
  timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 'echo still' </dev/null >out 2>err
  equal "the answer of the container" "$(cat out)" still
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}

check_shell_is_off_unless_it_is_configured() {
  shell_in_container
  kill -TERM "$stay"
  status_from "$stay"
  sed -i '/io.penstock.Shell~shell/d; s/^  },$/  }/' conf/shell.json
  start stay "$penstock" run -v --conf conf </dev/null
  soon has_lines err.stay 'listening ssh-listen://127.0.0.1:[1-9]' 1
  equal "what is said of a shell" "$(grep 'the shell is at' err.stay || true)" ""
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}
