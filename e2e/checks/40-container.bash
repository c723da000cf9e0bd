# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The container around the relay: signals, what is missing, the command that stays.

check_signals_end_it_cleanly() {
  # Without a container, and with one.
  for to in tcp-listen://127.0.0.1:0 'durable:file:spool?mode=write'; do
    for signal in INT:130 TERM:143; do
      listen relay relay unix-listen:s "$to"
      [[ $to != durable:* || $(ls -A "$TMP") ]] || fail "no temporary cache in $TMP"
      kill "-${signal%:*}" "$relay"
      status_from "$relay"
      equal "status after ${signal%:*}" "$status" "${signal#*:}"
      [[ ! -e s ]] || fail "the socket file is left"
      equal "the temporary folder" "$(ls -A "$TMP")" ""
      equal "the number of lines" "$(wc -l <err.relay)" "$([[ $to == durable:* ]] && echo 1 || echo 2)"
    done
  done
}

check_signals_while_bytes_flow() {
  listen relay relay unix-listen:s exec:cat
  start other python3 "$peers" flood s ready
  soon test -e ready
  child=$(child_of "$relay")
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
  equal "standard error" "$(cat err.relay)" "listening unix-listen:s"
  [[ ! -e s ]] || fail "the socket file is left"
  ! kill -0 "$child" 2>/dev/null || fail "the child still runs"
}

check_ctrl_c_ends_the_child_too_and_says_nothing_of_it() {
  for _ in 1 2 3; do
    python3 "$peers" interrupt "$penstock" relay stdio: "exec:sh -c 'echo up; exec cat'" |
      tr -d '\r' | sed 's/^^C/&\n/' >out
    matches "the last line" "$(tail -n 1 out)" '^status 130 '
    equal "what the terminal showed" "$(head -n -1 out)" $'up\n^C'
  done
}

check_a_signal_is_no_end_for_peers() {
  listen relay relay tcp-listen://127.0.0.1:0 unix-listen:s
  tcp=$at
  start one python3 "$peers" flood "$tcp" ready
  start two python3 "$peers" flood s ''
  soon test -e ready
  kill -INT "$relay"
  status_from "$relay"
  equal status "$status" 130
  [[ ! -e s ]] || fail "the socket file is left"
  status_from "$one"
  matches "how the connection ended" "$(cat out.one)" "$RESET"
  equal "the number of lines" "$(wc -l <err.relay)" 2
}

# broken_jar ARGUMENTS...: runs broken.jar by the script, which builds nothing without sources.
broken_jar() {
  mkdir -p features/target
  cp "$penstock" .
  mv broken.jar features/target/penstock.jar
  status_of ./penstock "$@" </dev/null >out 2>err
  equal "standard output" "$(cat out)" ""
  equal "the number of lines" "$(wc -l <err)" 1
}

check_without_the_implementation_it_says_what_is_missing() {
  python3 "$peers" without "$root/features/target/penstock.jar" \
    'bundles/core/*io.penstock.impl*' broken.jar
  broken_jar relay stdio: 'durable:file:spool?mode=write'
  equal status "$status" 1
  matches "standard error" "$(cat err)" 'io\.penstock\.(channel\.ChannelFactory|relay\.RelayFactory)'
}

check_without_a_provider_it_says_what_is_missing() {
  python3 "$peers" without_component "$root/features/target/penstock.jar" \
    'bundles/core/*io.penstock.impl*' io.penstock.kinds broken.jar
  broken_jar relay stdio: 'durable:file:spool?mode=write'
  ((status != 0)) || fail "status is 0"
  matches "standard error" "$(cat err)" "'stdio': no provider with penstock\.scheme=stdio is installed"
}

check_run_with_the_example() {
  cp -r "$root/docs/examples/run" conf
  start stay "$penstock" run -v --conf conf
  soon has_lines err.stay 'listening tcp-listen://127.0.0.1:[1-9]' 1
  port=$(sed -n 's/.*listening tcp-listen:\/\/127.0.0.1:\([0-9]*\).*/\1/p' err.stay | head -n 1)
  for line in one two; do
    out=$(socat -t20 - "TCP:127.0.0.1:$port" <<<"$line")
    equal "the echo" "$out" "$line"
  done
  soon test -S penstock-front.sock
  soon test -S penstock-back.sock
  for round in 1 2; do
    socat -t20 UNIX-CONNECT:penstock-back.sock 'EXEC:tr a-z A-Z' &
    children+=("$!")
    out=$(socat -t20 - UNIX-CONNECT:penstock-front.sock <<<"through two pipes, round $round")
    equal "what came back" "$out" "THROUGH TWO PIPES, ROUND $round"
    wait "${children[-1]}"
  done
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
  equal "the current folder" "$(ls -A | tr '\n' ' ')" "conf err.stay out.stay "
}

check_run_reads_its_configurations_again() {
  mkdir conf
  listener() {
    printf '{"io.penstock.Relay~%s": {"from": "unix-listen:%s", "to": "exec:%s", "fork": true}}' "$1" "$2" "$3"
  }
  listener one s1 cat >conf/one.json
  start stay "$penstock" run -v --conf conf
  soon test -S s1
  matches "the first line of the log" "$(sed '/^control /d' err.stay | head -n 1)" '^20[0-9-]+T[0-9:.]+([+-][0-9:]+|Z) [A-Z]+ '
  # A connection of a file that nobody touches.
  python3 "$peers" hold s1 held gone &
  children+=("$!")
  soon test -e held
  # Added.
  listener two s2 cat >conf/two.json
  soon test -S s2
  # Changed.
  listener two s3 'tr a-z A-Z' >conf/two.json
  soon test -S s3
  soon test ! -e s2
  out=$(socat -t20 - UNIX-CONNECT:s3 <<<hello)
  equal "what came back" "$out" HELLO
  # Bad: what it said before stays.
  echo '{ "io.penstock' >conf/two.json
  soon has_lines err.stay 'WARN .*two.json: .*what it said before stays' 1
  test -S s3 || fail "the listener has gone"
  # Removed.
  rm conf/two.json
  soon test ! -e s3
  [[ ! -e gone ]] || fail "a change of another file has cut the connection"
  test -S s1 || fail "the listener of the other file has gone"
  ! grep -q 'has no file' err.stay || fail "it says that there are no files"
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}

check_run_warns_of_a_folder_that_configures_nothing() {
  mkdir conf
  echo 'from=unix-listen:s' >conf/io.penstock.Relay~one.cfg
  start stay "$penstock" run --conf conf
  soon has_lines err.stay 'WARN .*conf has no file whose name ends in \.json' 1
  echo '{"io.penstock.Relay~one": {"from": "unix-listen:s", "to": "exec:cat"}}' >conf/one.json
  soon test -S s
  equal "lines that tell of no files" "$(grep -c 'has no file' err.stay)" 1
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}

check_run_with_its_page() {
  mkdir conf
  echo '{"io.penstock.Pipe~orders": {"capacity": "4KiB"}}' >conf/pipe.json
  start stay "$penstock" run --conf conf --page 127.0.0.1:0
  soon has_lines err.stay '^page http://127.0.0.1:[1-9][0-9]*/?token=[A-Za-z0-9_-]*$' 1
  url=$(sed -n 's/^page //p' err.stay)
  python3 "$peers" page "$url" >out
  equal "without the token" "$(sed -n 1,3p out | tr '\n' ' ')" "401 401 401 "
  matches "the data" "$(sed -n 4p out)" '"pipes":\[\{"id":[0-9]+,"name":"orders"'
  matches "the stream" "$(sed -n 5p out)" '^data: \{"sequence":[0-9]+,"full":true'
  matches "the options" "$(sed -n 6p out)" '"key":"capacity","value":"4KiB","origin":"io.penstock.Pipe~orders"'
  matches "an option that is not set" "$(sed -n 6p out)" '"key":"spin","value":"auto","origin":"the default"'
  equal "a post of another site" "$(sed -n 7p out)" 403
  equal "the number of lines with the token" "$(grep -c token= err.stay)" 1
  kill -TERM "$stay"
  status_from "$stay"
  equal status "$status" 143
}

check_run_with_a_page_for_everybody() {
  status_of "$penstock" run --page here </dev/null >out 2>err
  equal status "$status" 2
  matches "standard error" "$(cat err)" '^penstock: --page.*here.*127\.0\.0\.1:8090'
  start stay "$penstock" run --page 0.0.0.0:0
  soon has_lines err.stay 'ERROR .*there is no page: .*0\.0\.0\.0:0.*of this machine' 1
  kill -TERM "$stay"
  status_from "$stay"
}

check_run_without_its_folder() {
  status_of "$penstock" run --conf nowhere </dev/null >out 2>err
  equal status "$status" 2
  matches "standard error" "$(cat err)" '^penstock: .*nowhere'
}

# fastest FILE: of its lines, which are numbers. What else the machine does only makes it slower.
fastest() {
  sort -n "$1" | head -n 1
}

# since BEGIN: the milliseconds since then.
since() {
  echo $(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 1000))
}

# How fast a machine is at starting Java, javac says: it loads about as many classes and runs them as
# cold as we do, while java -version takes 35 ms on machines that differ by half in all else. Other work
# on the machine only ever makes a start slower, and not both alike: so a figure above the bound is
# measured on, to forty starts. Of one below two thirds of the bound five starts say enough.
check_start_to_first_byte() {
  local slow='' bound=${E2E_START_MAX:-90} enough
  echo 'class Empty {}' >Empty.java
  for home in $(jdk_homes); do
    : >first
    : >yardstick
    for ((starts = 1; starts <= 40; starts++)); do
      begin=$EPOCHREALTIME
      JAVA_HOME=$home "$penstock" relay stdio: exec:cat <<<x | {
        read -r _
        since "$begin"
      } >>first
      begin=$EPOCHREALTIME
      "$home/bin/javac" Empty.java
      since "$begin" >>yardstick
      # In hundredths.
      ratio=$((100 * $(fastest first) / $(fastest yardstick)))
      enough=$((3 * ratio < 2 * bound ? 5 : 10))
      ((starts < enough || ratio >= bound)) || break
    done
    note "$(fastest first) ms, the fastest of $(wc -l <first), $ratio % of javac's for an empty class: $home"
    ((ratio < bound)) || slow="$ratio % of javac's time with $home, expected less than $bound"
  done
  [[ -z $slow ]] || fail "$slow"
}

check_two_first_runs_at_once() {
  [[ ${E2E_LONG:-} ]] || skip "builds the project; set E2E_LONG"
  mkdir copy
  tar -c -C "$root" --exclude=target --exclude=.git . | tar -x -C copy
  for i in 1 2; do
    printf 'hello\n' |
      copy/penstock relay stdio: 'exec:tr a-z A-Z' >"out.$i" 2>"err.$i" &
    children+=("$!")
  done
  for pid in "${children[@]}"; do
    status_from "$pid"
    equal status "$status" 0
  done
  for i in 1 2; do
    equal "standard output" "$(cat "out.$i")" HELLO
  done
  # Or "mvn verify" would take what was compiled without Error Prone for checked.
  equal "the lists of compiled sources" "$(find copy -path '*/default-compile/inputFiles.lst')" ""
}
