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
  refused '^penstock: unknown command .nope.; known: relay, run, ctl, help' nope
  refused "^penstock: unknown option '--frok'; known: --accept-env, --buffer.*--fork" relay --frok stdio: echo:
  refused '^penstock: TO is missing' relay stdio:
}

check_bad_endpoints() {
  refused "unknown scheme 'foo'.*known schemes: durable, echo, exec, fd, fifo, remote, sftp-server, shell, ssh" relay stdio: foo:bar
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

check_malformed_endpoints_are_refused_before_anything_is_opened() {
  refused '^penstock: tcp://localhost is not valid: expected tcp://HOST:PORT with a port from 1 to 65535' relay stdio: tcp://localhost
  refused '^penstock: tcp://localhost:99999 is not valid: expected .* from 1 to 65535' relay unix-listen:s tcp://localhost:99999
  refused "^penstock: noDelay: 'yes' is not allowed; expected true or false" relay --fork unix-listen:s 'tcp://127.0.0.1:1?noDelay=yes'
  refused "^penstock: noDelay: 'ture' is not allowed.*did you mean 'true'\?" relay --to noDelay=ture stdio: tcp://127.0.0.1:1
  refused "^penstock: key: tls-listen: needs a private key" relay tls-listen://127.0.0.1:0 echo:
  refused "^penstock: .*the port is 'x', not 1 to 65535" relay stdio: ssh://me@127.0.0.1:x?exec=true
  refused "^penstock: share: 'perhaps' is not allowed" relay stdio: 'ssh://me@127.0.0.1?exec=true&share=perhaps'
  refused "^penstock: sftp-server: is not valid" relay unix-listen:s sftp-server:
  [[ ! -e s ]] || fail "it has listened"
}

check_near_misses() {
  refused "did you mean 'relay'\?" rely stdio: echo:
  refused "did you mean '--fork'\?" relay --frok stdio: echo:
  refused "did you mean 'tcp'\?" relay stdio: tpc://127.0.0.1:1
  refused "did you mean 'ssh'\?" relay stdio: shs://127.0.0.1:1
  refused "did you mean 'noDelay'\?" relay stdio: 'tcp://127.0.0.1:1?nodeley=true'
}

check_what_is_installed_is_named() {
  version=$("$penstock" --version -v | sed -n 's/^schemes //p')
  for scheme in ssh ssh-listen ssh-forward-listen sftp-server tls tls-listen tcp; do
    matches "the schemes" ", $version, " ", $scheme, "
  done
  status_of "$penstock" relay stdio: foo:bar 2>err
  known=$(sed 's/.*known schemes: //' err)
  equal "the known schemes" "$known" "$(sed 's/mem, mem-listen, pipe, //' <<<"$version")"
  # One that names SSH has its bundles started, and knows neither more nor less.
  status_of "$penstock" relay ssh: foo:bar 2>err
  equal "the known schemes with SSH" "$(sed 's/.*known schemes: //' err)" "$known"
}

check_help_of_a_command() {
  "$penstock" help relay >out 2>err
  matches "the help" "$(head -n 1 out)" '^Usage: penstock relay'
  equal "standard error" "$(cat err)" ""
}
