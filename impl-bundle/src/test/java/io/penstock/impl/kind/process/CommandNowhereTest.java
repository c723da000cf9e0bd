// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.StreamFault;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A command may carry a secret, so it is in no name, error or log line but at level trace. */
class CommandNowhereTest {
  private static final String SECRET = "hunter2";
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final Penstock penstock = Penstock.open();
  private final Logger logger = Logger.getLogger("io.penstock");
  private final Level before = logger.getLevel();
  private final BlockingQueue<LogRecord> logged = new LinkedBlockingQueue<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord each) {
          logged.add(each);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    handler.setLevel(Level.ALL);
    logger.setLevel(Level.ALL);
    logger.addHandler(handler);
  }

  @AfterEach
  void close() throws IOException {
    logger.removeHandler(handler);
    logger.setLevel(before);
    penstock.close();
  }

  private Channel open(String endpoint, boolean pty) throws IOException {
    ChannelOptions options = ChannelOptions.defaults().with("pty", String.valueOf(pty));
    return penstock.channels().open(Endpoint.parse(endpoint), options, SOON);
  }

  @ParameterizedTest
  @CsvSource({
    "exec:sh -c 'exit 7' hunter2, exec:sh ..., false",
    "exec:sh -c 'exit 7' hunter2, exec:sh ..., true",
    "shell:: hunter2; exit 7, shell:..., false",
    "shell:: hunter2; exit 7, shell:..., true"
  })
  void aChildIsNamedWithoutItsCommand(String endpoint, String name, boolean pty) throws Exception {
    try (Channel channel = open(endpoint, pty)) {
      assertEquals(name, channel.name());
      assertEquals(name, channel.source().name());
      assertEquals(Endpoint.parse(endpoint), channel.endpoint());
      ExecutionException ended =
          assertThrows(
              ExecutionException.class,
              () -> channel.gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertHidden(ended.getCause());
      channel.sink().close();
      channel.abort(new IOException("enough"));
      assertHidden(assertThrows(IOException.class, () -> channel.sink().writeFully("x", SOON)));
    }
    assertNotLogged();
  }

  @ParameterizedTest
  @CsvSource({
    "exec:/nowhere/nothing hunter2, exec:/nowhere/nothing ...",
    "exec:sh -c 'hunter2, exec:sh ...",
    "exec:'hunter2, exec:..."
  })
  void whatCannotBeStartedIsNamedWithoutItsCommand(String endpoint, String name) {
    IOException failure = assertThrows(IOException.class, () -> open(endpoint, false));
    assertEquals(name, ((StreamFault) failure).stream());
    assertHidden(failure);
    assertNotLogged();
  }

  @Test
  void aRelayAndItsFailureAreNamedWithoutCommands() throws Exception {
    Relay relay =
        penstock
            .relays()
            .create(
                Endpoint.parse("exec:sh -c 'exit 7' " + SECRET),
                Endpoint.parse("shell:: " + SECRET + "; cat >/dev/null"),
                RelayOptions.defaults());
    relay.start();
    assertEquals("exec:sh ... to shell:...", relay.name());
    ExecutionException failed =
        assertThrows(
            ExecutionException.class,
            () -> relay.completed().toCompletableFuture().get(20, TimeUnit.SECONDS));
    assertHidden(failed.getCause());
    assertNotLogged();
  }

  @Test
  void atLevelTraceTheCommandIsThere() throws IOException {
    open("exec:true " + SECRET, false).close();
    assertTrue(
        logged.stream()
            .filter(each -> each.getLevel().intValue() <= Level.FINER.intValue())
            .anyMatch(each -> text(each).contains(SECRET)));
  }

  private static void assertHidden(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      assertFalse(String.valueOf(each.getMessage()).contains(SECRET), each.toString());
    }
  }

  private static String text(LogRecord each) {
    return new SimpleFormatter().format(each);
  }

  private void assertNotLogged() {
    for (LogRecord each : logged) {
      if (each.getLevel().intValue() > Level.FINER.intValue()) {
        assertFalse(text(each).contains(SECRET), () -> text(each));
      }
    }
  }
}
