# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Bad arguments: exit status 2 and one line that names what is known. The parser's own tests have the
# whole table; here is what reaches the program through the script and the container.

# refused REGEX ARGUMENTS...
refused() {
  local regex=$1
  shift
  status_of "$penstock" "$@" </dev/null >out 2>err
  equal "status of $*" "$status" 2
  equal "standard output of $*" "$(cat out)" ""
  equal "the number of lines of $*" "$(wc -l <err)" 1
  matches "standard error of $*" "$(cat err)" "$regex"
}

check_bad_arguments() {
  refused '^penstock: unknown command .nope.; known: relay, run' nope
  refused "^penstock: unknown option '--frok'; known: --accept-env, --buffer.*--fork" relay --frok stdio: echo:
  refused '^penstock: TO is missing' relay stdio:
}

check_bad_endpoints() {
  refused "unknown scheme 'foo'.*known schemes: echo, exec, fd, fifo, shell, stdio, tcp" relay stdio: foo:bar
  refused "socat's spelling; write 'tcp-listen://\*:80' with --fork" relay TCP-LISTEN:80,fork echo:
  refused '^penstock: TO: pipe: .*penstock run --conf' relay stdio: pipe:x
  refused '^penstock: FROM: mem-listen: .*penstock run --conf' relay mem-listen:x echo:
}

check_bad_endpoint_options() {
  refused 'nodeley.*nodelay|nodeley.*connectTimeout' relay --to nodeley=true stdio: tcp://127.0.0.1:1
  refused 'nodeley.*nodelay|nodeley.*connectTimeout' relay 'tcp-listen://127.0.0.1:0?nodeley=true' echo:
  refused 'closeTimeout.*soon' relay stdio: 'tcp://127.0.0.1:1?closeTimeout=soon'
}

check_help_and_version() {
  "$penstock" --help >out 2>err
  matches "the help" "$(head -n 1 out)" '^Usage: penstock'
  "$penstock" relay --help >out 2>>err
  matches "the help" "$(head -n 1 out)" '^Usage: penstock relay'
  matches "the version" "$("$penstock" --version 2>>err)" '^penstock [0-9]+\.[0-9]+\.[0-9]+$'
  equal "standard error" "$(cat err)" ""
}
