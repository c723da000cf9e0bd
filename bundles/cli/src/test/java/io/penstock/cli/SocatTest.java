// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SocatTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          TCP:localhost:80 | tcp://localhost:80
          TCP4:localhost:80 | tcp://localhost:80
          TCP6:[::1]:80 | tcp://[::1]:80
          TCP-CONNECT:h:1 | tcp://h:1
          tcp:localhost:80 | tcp://localhost:80
          Tcp://localhost:80 | tcp://localhost:80
          TCP-LISTEN:80 | tcp-listen://*:80
          TCP4-LISTEN:80 | tcp-listen://*:80
          TCP-L:80 | tcp-listen://*:80
          tcp-listen:80 | tcp-listen://*:80
          UNIX-CONNECT:/run/x | unix:/run/x
          UNIX:/run/x | unix:/run/x
          UNIX-CLIENT:/run/x | unix:/run/x
          UNIX-LISTEN:/run/x | unix-listen:/run/x
          unix-l:/run/x | unix-listen:/run/x
          ABSTRACT-CONNECT:x | unix:@x
          EXEC:tr a-z A-Z | exec:tr a-z A-Z
          SYSTEM:a; b | shell:a; b
          STDIO | stdio:
          stdin | stdio:
          PIPE:/run/f | fifo:/run/f
          PIPE | echo:
          OPENSSL:h:443 | tls://h:443
          OPENSSL-LISTEN:443 | tls-listen://*:443
          """)
  void theRightSpellingIsNamed(String text, String right) {
    String given = text.replaceAll("[:,].*", "");
    assertEquals(
        Optional.of("'" + given + "' is socat's spelling; write '" + right + "'"),
        Socat.advice(text));
  }

  @Test
  void optionsAfterTheCommaAreExplained() {
    assertEquals(
        Optional.of(
            "'TCP-LISTEN' is socat's spelling; write 'tcp-listen://*:80' with --fork"
                + " (options follow a ? as KEY=VALUE)"),
        Socat.advice("TCP-LISTEN:80,reuseaddr,fork"));
    assertEquals(
        Optional.of(
            "'EXEC' is socat's spelling; write 'exec:date' (options follow a ? as KEY=VALUE)"),
        Socat.advice("EXEC:date,pty"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"OPEN:/etc/passwd", "FILE:x", "GOPEN:x", "CREATE:x", "file:x"})
  void filesAreTheShells(String text) {
    assertEquals(
        "'"
            + text.replaceAll(":.*", "")
            + "' is socat's spelling; write 'stdio:' with the shell's < and >, or 'fifo:PATH' for a"
            + " FIFO (there is no scheme for files)",
        Socat.advice(text).orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(strings = {"UDP:h:1", "PTY", "SOCKS4:a:b:c", "readline"})
  void whatHasNoCounterpartIsSaidSo(String text) {
    assertEquals(
        "'" + text.replaceAll(":.*", "") + "' is socat's and has no counterpart here",
        Socat.advice(text).orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-",
        "stdio:",
        "tcp://localhost:80",
        "tcp-listen://*:0",
        "unix:/run/x",
        "unix-listen:/run/x",
        "exec:UNIX:x,y",
        "shell:a,b",
        "fifo:/run/f",
        "pipe:x",
        "echo:",
        "foo:bar",
        "nonsense",
        ""
      })
  void otherTextIsLeftAlone(String text) {
    assertEquals(Optional.empty(), Socat.advice(text));
  }
}
