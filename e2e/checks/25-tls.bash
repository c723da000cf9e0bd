# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# TLS, with OpenSSL and Python at the other end. Keys and certificates are made by each check.

# certificates: an authority in ca.pem, and a key with a certificate for localhost in server.pem.
certificates() {
  command -v openssl >/dev/null || skip "openssl is not on the PATH"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test CA" 2>openssl.log
  certificate server "DNS:localhost,IP:127.0.0.1"
}

# certificate NAME ALTERNATIVES: key, certificate and authority in NAME.pem.
certificate() {
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>>openssl.log
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" \
    -extfile <(echo "subjectAltName=$2") 2>>openssl.log
  cat "$1.key" "$1.crt" ca.pem >"$1.pem"
}

check_tls_both_ways_between_two_relays() {
  certificates
  certificate client DNS:client
  head -c 5000000 /dev/urandom >in
  listen relay relay "tls-listen://127.0.0.1:0?key=server.pem&clientAuth=need&trust=ca.pem" 'exec:sha256sum'
  "$penstock" relay stdio: "tls://localhost:$at?trust=ca.pem&key=client.pem" <in >out 2>err
  status_from "$relay"
  equal status "$status" 0
  equal "the answer" "$(cat out)" "$(sha256sum <in)"
  equal "standard error" "$(cat err.relay)" "listening tls-listen://127.0.0.1:$at"
}

# half_close OURS WHO: 3 MiB each way with Python's end of it being WHO, before or after which ours ends.
half_close() {
  head -c 3145728 /dev/urandom >ours
  head -c 3145728 /dev/urandom >theirs
  rm -f got.ours got.theirs
  local command='exec:sh -c "cat >got.ours; cat ours"'
  [[ $2 == first ]] || command='exec:sh -c "cat ours; exec >&-; cat >got.ours"'
  if [[ $1 == server ]]; then
    listen relay relay "tls-listen://127.0.0.1:0?key=server.pem" "$command"
    timeout 60 python3 "$peers" tls_client "$at" ca.pem "$2" theirs got.theirs
  else
    start python timeout 60 python3 "$peers" tls_server server.pem "$2" theirs got.theirs
    soon test -s out.python
    start relay "$penstock" relay "tls://localhost:$(cat out.python)?trust=ca.pem" "$command"
    status_from "$python"
    equal "Python's status" "$status" 0
  fi
  status_from "$relay"
  equal "status as $1, Python being $2" "$status" 0
  cmp theirs got.ours || fail "as $1, Python being $2: not what Python sent"
  cmp ours got.theirs || fail "as $1, Python being $2: not what we sent"
}

check_tls_much_after_a_half_close_as_a_server() {
  certificates
  half_close server first
  half_close server second
}

check_tls_much_after_a_half_close_as_a_client() {
  certificates
  half_close client first
  half_close client second
}

check_tls_a_connection_that_is_cut_is_no_whole() {
  certificates
  echo "half of it" >theirs
  listen relay relay "tls-listen://127.0.0.1:0?key=server.pem" "exec:sh -c 'cat >got; echo whole >end'"
  timeout 60 python3 "$peers" tls_client "$at" ca.pem first theirs got.theirs cut
  status_from "$relay"
  equal status "$status" 1
  matches "the failure" "$(grep '^penstock: ' err.relay)" '^penstock: tls-listen://127.0.0.1:.*close_notify'
  [[ ! -e end ]] || fail "the child took a part for the whole"
}

check_tls_with_openssl_as_a_client() {
  certificates
  openssl pkcs12 -export -in server.pem -out server.p12 -passout pass:sesame
  echo sesame >secret
  listen relay relay --fork "tls-listen://127.0.0.1:0?key=server.p12&keyPasswordFile=secret&alpn=two,one" \
    'exec:sh -c "read x; echo got $x"'
  local version
  for version in 1 2; do
    # Keeps its input open: OpenSSL has no half-close, and goes when we have ended.
    sleep 20 | { echo "hello $version"; cat; } |
      timeout 20 openssl s_client -quiet -verify_quiet -CAfile ca.pem -verify_return_error -verify_hostname localhost \
        -connect "127.0.0.1:$at" -servername localhost -alpn one -tls1_3 >"out.$version" 2>"err.$version" || true &
    children+=("$!")
    soon test -s "out.$version"
    equal "the answer" "$(cat "out.$version")" "got hello $version"
  done
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
}

check_tls_with_openssl_as_a_server() {
  certificates
  openssl pkcs8 -topk8 -in server.key -out sealed.key -passout pass:sesame
  local version
  for version in tls1_3 tls1_2; do
    start server timeout 30 openssl s_server -accept 127.0.0.1:0 -cert server.crt -key sealed.key -pass pass:sesame \
      -rev "-$version" -naccept 1 </dev/null
    soon has_lines out.server ACCEPT 1
    port=$(sed -n 's/.*ACCEPT.*:\([0-9]*\)$/\1/p' out.server | head -n 1)
    # TLS 1.2 cannot pass the end of the input on, so the relay gives up waiting for the other one.
    status_of timeout 30 "$penstock" relay --linger 4s stdio: \
      "tls://localhost:$port?trust=ca.pem&protocols=TLSv1.3,TLSv1.2" <<<desserts >out 2>err
    equal "the answer by $version" "$(cat out)" stressed
    equal "status by $version" "$status" 0
    status_from "$server"
  done
}

# tls_refused REGEX ENDPOINT: the relay to it fails with one line.
tls_refused() {
  status_of "$penstock" relay stdio: "$2" </dev/null >out 2>err
  equal status "$status" 1
  equal "the number of lines" "$(wc -l <err)" 1
  matches "standard error" "$(cat err)" "$1"
}

check_tls_says_which_certificate_was_refused_and_why() {
  certificates
  listen relay relay --fork "tls-listen://127.0.0.1:0?key=server.pem" echo:
  tls_refused '^penstock: tls://.*CN=server .*serial .*nobody who is trusted.*CN=Test CA' "tls://localhost:$at"
  tls_refused "CN=server .*not for the host 'wrong.test' but for localhost, 127.0.0.1" \
    "tls://localhost:$at?trust=ca.pem&serverName=wrong.test"
  tls_refused 'protocol_version' "tls://localhost:$at?trust=ca.pem&protocols=TLSv1.2"
  [[ $(printf hello | "$penstock" relay stdio: "tls://localhost:$at?trust=ca.pem") == hello ]] || fail "no echo"
  kill -TERM "$relay"
  status_from "$relay"
  equal status "$status" 143
}

check_tls_refuses_clients_without_a_certificate() {
  certificates
  certificate client DNS:client
  listen relay relay -v --fork "tls-listen://127.0.0.1:0?key=server.pem&clientAuth=need&trust=ca.pem" echo:
  # With TLS 1.3 the client is connected before the server has seen that there is none.
  tls_refused '^penstock: tls://.*certificate' "tls://localhost:$at?trust=ca.pem"
  soon grep -q 'the client has shown no certificate' err.relay
  printf hello | "$penstock" relay stdio: "tls://localhost:$at?trust=ca.pem&key=client.pem" >out
  equal "the echo" "$(cat out)" hello
  kill -TERM "$relay"
  status_from "$relay"
}

check_tls_silent_and_foreign_peers_keep_nobody_waiting() {
  certificates
  listen relay relay -v --fork "tls-listen://127.0.0.1:0?key=server.pem&handshakeTimeout=15s" echo:
  sleep 40 | socat -u - "TCP:127.0.0.1:$at" &
  children+=("$!")
  printf 'GET / HTTP/1.0\r\n\r\n' | socat -t5 - "TCP:127.0.0.1:$at" >plain || true
  printf hello | "$penstock" relay stdio: "tls://localhost:$at?trust=ca.pem" >out
  equal "the echo" "$(cat out)" hello
  soon grep -q 'is not TLS' err.relay
  soon grep -q 'handshake within 15000 ms' err.relay
  kill -TERM "$relay"
  status_from "$relay"
}

check_tls_keys_that_cannot_be_used_are_named() {
  certificates
  cat server.key >lonely.pem
  for key in missing.pem lonely.pem; do
    status_of "$penstock" relay "tls-listen://127.0.0.1:0?key=$key" echo: </dev/null >out 2>err
    equal status "$status" 1
    equal "the number of lines" "$(wc -l <err)" 1
    matches "standard error" "$(cat err)" "^penstock: tls-listen://127.0.0.1:0.*$key"
  done
  status_of "$penstock" relay "tls-listen://127.0.0.1:0" echo: </dev/null >out 2>err
  equal "status without a key" "$status" 2
  matches "standard error" "$(cat err)" 'key: .*PEM'
}
