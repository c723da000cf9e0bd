// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A mistake in an endpoint is told when the relay is made, before anybody is accepted. */
class MalformedTest {
  @TempDir Path folder;

  private Exception refusal(String to) {
    Path socket = folder.resolve("s");
    try (Penstock penstock = Penstock.open()) {
      Exception refusal =
          assertThrows(
              Exception.class,
              () ->
                  penstock
                      .relays()
                      .create(
                          Endpoint.parse("unix-listen:" + socket),
                          Endpoint.parse(to),
                          RelayOptions.defaults()),
              to);
      assertFalse(Files.exists(socket), "it listens, in spite of " + to);
      return refusal;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tcp://localhost",
        "tcp:localhost:1",
        "tcp://:1",
        "tcp://*:1",
        "tcp://localhost:0",
        "tcp://localhost:99999",
        "tcp://localhost:99999999999999",
        "tcp://::1:1",
        "tcp://localhost:http",
        "tcp://localhost:1?localAddress=1:2:3",
        "tcp-listen://localhost",
        "tcp-listen://localhost:65536",
        "unix:",
        "unix:@",
        "unix-listen:",
        "fifo:",
        "fd:x?own=true",
        "fd:2?own=true",
        "stdio:x",
        "echo:x",
        "mem:",
        "mem-listen:",
        "pipe:",
        "exec:",
        "exec:'a",
        "tcp://a%00b:1",
        "mem:a%00b",
        "shell: "
      })
  void anAddressOfAnotherForm(String endpoint) {
    assertEquals(
        Kind.INVALID, assertInstanceOf(AddressException.class, refusal(endpoint)).kind(), endpoint);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          tcp://h:1?noDelay=yes            | noDelay: 'yes' is not allowed; expected true or false
          tcp://h:1?keepAlive=ture         | keepAlive: 'ture' is not allowed; expected true or false; did you mean 'true'?
          tcp-listen://h:1?reuseAddress=1  | reuseAddress: '1' is not allowed; expected true or false
          tcp://h:1?closeTimeout=soon      | closeTimeout: 'soon' is not a duration; expected a number with ms, s, m or h, such as 250ms, or ISO-8601 such as PT10S
          unix:x?handles=no                | handles: 'no' is not allowed; expected true or false
          unix-listen:x?mode=9             | mode: '9' is not allowed; expected three octal digits, such as 0660
          unix-listen:@x?mode=0600         | mode: an abstract name has no permissions; expected a path
          fifo:x?mode=raed                 | mode: 'raed' is not allowed; expected read or write; did you mean 'read'?
          fifo:x?create=rw                 | create: 'rw' is not allowed; expected three octal digits, such as 0660
          fd:3?own=perhaps                 | own: 'perhaps' is not allowed; expected true or false
          tcp://h:1?nodelay=true           | option 'nodelay' is unknown to tcp:, which knows backlog, closeTimeout, connectTimeout, keepAlive, localAddress, maxConnections, noDelay, readBlocking, readTimeout, receiveBuffer, sendBuffer, spin, writeBlocking, writeTimeout; did you mean 'noDelay'?
          tcp://h:1?noRoom=1               | option 'noRoom' is unknown to tcp:, which knows backlog, closeTimeout, connectTimeout, keepAlive, localAddress, maxConnections, noDelay, readBlocking, readTimeout, receiveBuffer, sendBuffer, spin, writeBlocking, writeTimeout
          """)
  void aValueThatIsNotAllowed(String endpoint, String message) {
    assertEquals(
        message, assertInstanceOf(IllegalArgumentException.class, refusal(endpoint)).getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          stderr=pip     | stderr: 'pip' is not allowed; expected inherit or pipe; did you mean 'pipe'?
          readAhead=2GiB | readAhead: '2GiB' is not allowed; expected 0 to 1GiB
          clearEnv=maybe | clearEnv: 'maybe' is not allowed; expected true or false
          pty=maybe      | pty: 'maybe' is not allowed; expected true or false
          columns=3      | columns is the size of a terminal, of which there is none; expected pty=true with it
          """)
  void aValueOfAChild(String option, String message) throws Exception {
    try (Penstock penstock = Penstock.open()) {
      String[] pair = option.split("=");
      RelayOptions options = RelayOptions.defaults();
      RelayOptions wrong = options.withTo(options.to().with(pair[0], pair[1]));
      Endpoint cat = Endpoint.parse("exec:cat");
      var refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> penstock.relays().create(Endpoint.parse("echo:"), cat, wrong));
      assertEquals(message, refusal.getMessage());
    }
  }

  @Test
  void whatIsTakenIsMade() throws Exception {
    try (Penstock penstock = Penstock.open()) {
      for (String to :
          new String[] {
            "tcp://localhost:1?localAddress=[::1]",
            "tcp://[::1]:65535",
            "tcp-listen://*:0",
            "unix:@x",
            "fifo:x",
            "pipe:x",
            "echo:",
            "exec:cat 'a b'"
          }) {
        try (Relay relay =
            penstock
                .relays()
                .create(Endpoint.parse("mem:x"), Endpoint.parse(to), RelayOptions.defaults())) {
          assertFalse(relay.completed().toCompletableFuture().isDone(), to);
        }
      }
    }
  }

  @Test
  void whyAnAddressCouldNotBeUsedIsOneSentence() throws Exception {
    try (Penstock penstock = Penstock.open();
        Relay relay =
            penstock
                .relays()
                .create(
                    Endpoint.parse("echo:"),
                    Endpoint.parse("unix:" + folder.resolve("none") + "?closeTimeout=1s"),
                    RelayOptions.defaults())) {
      relay.start();
      var failure =
          assertThrows(
              ExecutionException.class,
              () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
      String message = assertInstanceOf(RelayException.class, failure.getCause()).getMessage();
      assertTrue(message.contains("none"), message);
      assertTrue(message.contains(" was not found"), message);
      assertFalse(message.contains("could not be opened"), message);
      assertEquals(message.indexOf("unix:"), message.lastIndexOf("unix:"), message);
    }
  }
}
