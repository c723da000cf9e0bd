# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Pipes and registries on a server of NATS.

# nats_server [OPTION...]: starts one with an ephemeral port, which is in $nats.
nats_server() {
  local server
  server=$("$root/config/nats-server" 2>err.find) || fail "no server: $(cat err.find)"
  start nats_process "$server" -a 127.0.0.1 -p -1 -js -sd "$PWD/store" "$@"
  soon grep -q 'Server is ready' err.nats_process
  nats=127.0.0.1:$(grep -o 'client connections on 127.0.0.1:[0-9]*' err.nats_process | grep -o '[0-9]*$')
}

check_nats_pipe_from_one_process_to_the_next() {
  nats_server
  head -c 3145728 /dev/urandom >in
  shown durable.md durable-nats | sed "s|^\./penstock|\"\$penstock\"|; s|127\.0\.0\.1:4222|$nats|" >typed
  # shellcheck source=/dev/null
  . ./typed || fail "the commands of the page have failed with $?"
  cmp in out || fail "what came out is not what went in"
  # The server dies with what it has acknowledged, and comes back with it.
  echo kept | "$penstock" relay stdio: "durable:nats://$nats/other?mode=write&replicas=1"
  kill -KILL "$nats_process"
  status_from "$nats_process"
  nats_server
  "$penstock" relay "durable:nats://$nats/other?mode=read&replicas=1" stdio: >out </dev/null
  equal "what the server has kept" "$(cat out)" kept
  kill -TERM "$nats_process"
  status_from "$nats_process"
}

check_nats_finds_what_a_container_publishes() {
  nats_server
  mkdir conf
  cat >conf/all.json <<EOF
{
  ":configurator:resource-version": 1,
  "io.penstock.Remote": { "servers": "nats://$nats", "session": "5s", "replicas": 1 },
  "io.penstock.Listener~door": { "endpoint": "tcp-listen://127.0.0.1:0", "remote": "true" }
}
EOF
  start container "$penstock" run --conf conf --log io.penstock.remote=info -v --control control.sock </dev/null
  soon grep -q 'published' err.container
  "$penstock" ctl --socket control.sock remotes >out 2>err
  matches "the table" "$(cat out)" 'door.*published'
  status_of "$penstock" relay --remote "nats://$nats" remote:nobody stdio: </dev/null >out 2>err
  equal "the status for a name that is not there" "$status" 1
  matches "the error" "$(cat err)" 'nobody publishes this name'
  # It connects: nobody accepts there, so the end of the input is all that happens.
  start client "$penstock" relay -u --remote "nats://$nats" stdio: remote:door </dev/null
  status_from "$client"
  equal "the status of the client" "$status" 0
  kill -TERM "$container"
  status_from "$container"
  kill -TERM "$nats_process"
  status_from "$nats_process"
}

check_nats_remote_with_a_login() {
  nats_server --user client --pass right-one
  echo right-one >secret
  mkdir conf
  cat >conf/all.json <<EOF
{
  ":configurator:resource-version": 1,
  "io.penstock.Remote": {
    "servers": "nats://$nats", "user": "client", ".password": "right-one", "session": "5s", "replicas": 1
  },
  "io.penstock.Listener~door": { "endpoint": "tcp-listen://127.0.0.1:0", "remote": "true" }
}
EOF
  start container "$penstock" run --conf conf --log io.penstock.remote=info -v </dev/null
  soon grep -q 'published' err.container
  status_of "$penstock" relay --remote "nats://$nats" remote:door stdio: </dev/null >out 2>err
  equal "the status without a login" "$status" 1
  shown cluster.md remote-login | sed "s|^\./penstock relay|\"\$penstock\" relay -u|; s|127\.0\.0\.1:4222|$nats|" >typed
  start client bash -c "penstock='$penstock'; . ./typed" </dev/null
  status_from "$client"
  equal "the status with it" "$status" 0
  kill -TERM "$container"
  status_from "$container"
  kill -TERM "$nats_process"
  status_from "$nats_process"
}
