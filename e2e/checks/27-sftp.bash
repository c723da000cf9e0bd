# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# SFTP, with OpenSSH's sftp at the other end.

check_sftp_with_openssh_as_a_client() {
  keys
  command -v sftp >/dev/null || skip "sftp is not on the PATH"
  mkdir served
  head -c 3145728 /dev/urandom >in
  listen relay relay --fork \
    "ssh-listen://127.0.0.1:0?hostkey=host&authorized-keys=authorized&subsystems=sftp&allow=" "sftp-server:$PWD/served"
  timeout 60 sftp "${ssh[@]:1}" -P "$at" -b - me@127.0.0.1 >out 2>err <<<"put in there
get there back" || fail "sftp ended with $?: $(cat err)"
  cmp in served/there || fail "what was sent is not what is there"
  cmp in back || fail "what came back is not what was sent"
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
}
