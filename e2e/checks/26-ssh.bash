# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# SSH, with OpenSSH at the other end. Keys are made by each check.

# keys: an identity in key and key.pub, and the client's options in ssh.
keys() {
  command -v ssh >/dev/null || skip "ssh is not on the PATH"
  ssh-keygen -q -t ed25519 -N '' -f key
  cp key.pub authorized
  ssh=(ssh -F none -i key -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR
    -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$PWD/known.openssh")
}

check_ssh_with_openssh_as_a_client() {
  keys
  head -c 3145728 /dev/urandom >in
  listen relay relay --fork "ssh-listen://127.0.0.1:0?hostkey=host&authorized-keys=authorized" 'exec:cat'
  timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 ignored <in >out || fail "ssh ended with $?"
  cmp in out || fail "what came back is not what was sent"
  ssh-keygen -q -t ed25519 -N '' -f stranger
  mv stranger key
  mv stranger.pub key.pub
  timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 ignored </dev/null >out 2>err && fail "a stranger was let in"
  matches "the refusal" "$(cat err)" 'Permission denied'
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
}

check_ssh_between_two_relays_that_know_each_other() {
  keys
  head -c 3145728 /dev/urandom >in
  listen relay relay --fork "ssh-listen://127.0.0.1:0?hostkey=host&authorized-keys=authorized" 'exec:sha256sum'
  local there="ssh://me@127.0.0.1:$at?identity=key&known-hosts=known&exec=x"
  if "$penstock" relay stdio: "$there" <in >out 2>err; then
    fail "an unknown server was believed"
  fi
  matches "the refusal" "$(cat err)" 'is not known: .*SHA256:'
  "$penstock" relay stdio: "$there&host-key-checking=accept-new" <in >out 2>err
  equal "the answer" "$(cat out)" "$(sha256sum <in)"
  # Now it is known.
  "$penstock" relay stdio: "$there" <in >out 2>err
  equal "the answer to who knows it" "$(cat out)" "$(sha256sum <in)"
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
}

# end_relays PID...: ends those that would stay.
end_relays() {
  local pid
  for pid in "$@"; do
    kill -TERM "$pid"
    status_from "$pid"
    equal "the status of a relay" "$status" 143
  done
}

# serve PROGRAM: a listener in $at that gives each client a child of its own, which runs that script.
serve() {
  printf '%s\n' "$1" >program
  listen relay relay --fork "ssh-listen://127.0.0.1:0?hostkey=host&authorized-keys=authorized" 'exec:sh program'
}

check_ssh_gives_a_client_its_programs_status_and_streams() {
  keys
  # shellcheck disable=SC2016
  serve 'eval "$PENSTOCK_COMMAND"'
  local wanted
  for wanted in 0 7 255; do
    status_of timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 "echo out; echo err >&2; exit $wanted" \
      </dev/null >out 2>err
    equal "the status" "$status" "$wanted"
    equal "standard output" "$(cat out)" out
    equal "standard error" "$(cat err)" err
  done
  # shellcheck disable=SC2016
  status_of timeout 60 "${ssh[@]}" -v -p "$at" me@127.0.0.1 'kill -9 $$' </dev/null >out 2>err
  equal "the status of who was killed" "$status" 255
  # It is the same for whatever goes wrong.
  matches "what the client was told" "$(grep rtype err || true)" 'rtype exit-signal reply'
  # What a program says of itself is no failure of the relay's.
  equal "what the relay says" "$(grep -v '^listening' err.relay || true)" ""
  end_relays "$relay"
}

check_ssh_hands_a_command_on_as_data() {
  keys
  # shellcheck disable=SC2016
  serve 'printf "%s|%s|%s" "$PENSTOCK_COMMAND" "$LC_ONE" "$TWO"'
  # shellcheck disable=SC2016
  local nasty='a "b" '"'c'"' $(touch never) `touch never`; touch never & | \'
  # shellcheck disable=SC2016
  timeout 60 "${ssh[@]}" -o 'SetEnv=LC_ONE=$(touch${IFS}never) TWO=2' -p "$at" me@127.0.0.1 "$nasty" \
    </dev/null >out 2>err
  # shellcheck disable=SC2016
  equal "what the program got" "$(cat out)" "$nasty|"'$(touch${IFS}never)|'
  [[ ! -e never ]] || fail "a shell has looked at it"
  end_relays "$relay"
}

check_ssh_gives_a_client_a_terminal() {
  keys
  serve 'trap "stty size" WINCH
trap "echo interrupted; exit 5" INT
stty size
while :; do sleep 0.02; done'
  python3 "$peers" resized ctrl-c timeout 60 "${ssh[@]}" -tt -p "$at" me@127.0.0.1 >out
  matches "what was seen" "$(cat out)" interrupted
  matches "the last line" "$(tail -n 1 out)" '^status 5 '
  end_relays "$relay"
}

check_ssh_programs_status_and_terminal_are_ours() {
  keys
  # shellcheck disable=SC2016
  serve 'eval "$PENSTOCK_COMMAND"'
  local there="ssh://me@127.0.0.1:$at?identity=key&known-hosts=known&host-key-checking=accept-new"
  status_of "$penstock" relay stdio: "$there&exec=cat; echo err >%262; exit 7" <<<in >out 2>err
  equal "the status" "$status" 7
  equal "standard output" "$(cat out)" in
  matches "standard error" "$(cat err)" '^err'
  local size='trap "stty size" WINCH; stty size; until stty size | grep -q "30 100"; do sleep 0.02; done; exit 5'
  python3 "$peers" resized nothing "$penstock" relay stdio: "$there&pty=xterm&exec=$size" >out
  matches "the last line" "$(tail -n 1 out)" '^status 5 '
  end_relays "$relay"
}

check_ssh_jumps_to_another_server() {
  keys
  # shellcheck disable=SC2016
  serve 'eval "$PENSTOCK_COMMAND"'
  listen jump relay --fork "ssh-listen://127.0.0.1:0?hostkey=host2&authorized-keys=authorized" \
    "ssh://me@127.0.0.1:$at?identity=key&known-hosts=known&host-key-checking=accept-new"
  status_of timeout 60 "${ssh[@]}" -p "$at" me@127.0.0.1 'cat; echo err >&2; exit 7' <<<in >out 2>err
  equal "the status" "$status" 7
  equal "standard output" "$(cat out)" in
  equal "standard error" "$(cat err)" err
  end_relays "$jump" "$relay"
}
