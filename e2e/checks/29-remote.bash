# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# remote:NAME, looked up in a list on the command line.

# shown_remote ONE TWO: the command of the manual, with our ports and our program.
shown_remote() {
  shown cluster.md remote |
    sed "s|127\.0\.0\.1:7000|127.0.0.1:$1|; s|127\.0\.0\.1:7001|127.0.0.1:$2|; s|^\./penstock|$penstock|"
}

check_remote_goes_on_to_the_next_provider() {
  local one two
  listen first relay --fork 'tcp-listen://127.0.0.1:0' "exec:sed -u 's/^/one /'"
  one=$at
  listen second relay --fork 'tcp-listen://127.0.0.1:0' "exec:sed -u 's/^/two /'"
  two=$at
  echo tea >in
  bash -c "$(shown_remote "$one" "$two")" <in >out 2>err
  equal "the answer of the first" "$(cat out)" "one tea"
  kill -TERM "$first"
  status_from "$first"
  bash -c "$(shown_remote "$one" "$two")" <in >out 2>err
  equal "the answer of the second" "$(cat out)" "two tea"
  kill -TERM "$second"
  status_from "$second"
  status_of bash -c "$(shown_remote "$one" "$two")" <in >out 2>err
  equal "the status without any" "$status" 1
  matches "the error" "$(cat err)" 'remote:echo .*none of 2 providers'
}

check_remote_chooses_by_tag_and_names_what_is_missing() {
  local list
  listen eu relay --fork 'tcp-listen://127.0.0.1:0' 'exec:echo eu'
  list="static:place=tcp://127.0.0.1:$at;zone=eu"
  listen us relay --fork 'tcp-listen://127.0.0.1:0' 'exec:echo us'
  list="$list,place=tcp://127.0.0.1:$at;zone=us;rank=9"
  "$penstock" relay -u --remote "$list" 'remote:place?tag.zone=eu' stdio: >out 2>err
  equal "the answer" "$(cat out)" eu
  status_of "$penstock" relay -u --remote "$list" remote:nowhere stdio: >out 2>err
  equal "the status for a name that is not there" "$status" 1
  matches "the error" "$(cat err)" 'nobody publishes this name'
  status_of "$penstock" relay -u --remote "$list" echo: stdio: >out 2>err
  equal "the status without remote:" "$status" 2
  kill -TERM "$eu" "$us"
  status_from "$eu"
  status_from "$us"
}

check_remote_is_found_by_a_container_and_shown() {
  listen far relay --fork 'tcp-listen://127.0.0.1:0' 'exec:tr a-z A-Z'
  mkdir conf
  cat >conf/all.json <<EOF
{
  ":configurator:resource-version": 1,
  "io.penstock.Remote": {
    "servers": ["static:upper=tcp://127.0.0.1:1;rank=5", "static:upper=tcp://127.0.0.1:$at"]
  },
  "io.penstock.Relay~near": {
    "from": "tcp-listen://127.0.0.1:0",
    "to": "remote:upper",
    "fork": true
  }
}
EOF
  start container "$penstock" run --conf conf --log io.penstock.remote=info -v --control control.sock </dev/null
  soon grep -q 'listening tcp-listen' err.container
  at=$(grep -o 'listening tcp-listen://127.0.0.1:[0-9]*' err.container | grep -o '[0-9]*$' | head -n 1)
  echo tea >in
  "$penstock" relay stdio: "tcp://127.0.0.1:$at" <in >out 2>err
  equal "the answer" "$(cat out)" TEA
  "$penstock" ctl --socket control.sock remotes >out 2>err
  matches "the table" "$(cat out)" 'upper.*alive'
  kill -TERM "$container" "$far"
  status_from "$container"
  status_from "$far"
}
