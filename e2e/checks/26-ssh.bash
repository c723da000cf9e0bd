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
