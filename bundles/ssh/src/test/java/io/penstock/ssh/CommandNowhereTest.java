// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;

/** A name is the endpoint without options; the command is in no error and in no warning. */
class CommandNowhereTest {
  private static final String SECRET = "hunter2";

  @Test
  void aSessionIsNamedWithoutItsCommand() throws Exception {
    try (LogLines log = new LogLines("io.penstock", Level.FINE);
        Listener listener = Bench.listen();
        Channel client =
            Bench.open(Bench.login(listener.endpoint(), "exec=mysql -p" + SECRET, "stderr=pipe"));
        Channel server = listener.accept(Bench.SOON)) {
      assertEquals(
          "ssh://tester@127.0.0.1:" + Bench.port(listener.endpoint()) + "/", client.name());
      assertEquals(
          "mysql -p" + SECRET, Bench.server(server).request().text(), "the program is told");
      assertFalse(server.name().contains(SECRET), server.name());
      Bench.server(server).sendExitStatus(3);
      Object unusedClosing = server.closeAsync();
      ExecutionException ended =
          assertThrows(
              ExecutionException.class,
              () -> client.gone().toCompletableFuture().get(20, TimeUnit.SECONDS));
      assertHidden(ended.getCause());
      client.sink().close();
      assertHidden(
          assertThrows(IOException.class, () -> client.sink().writeFully("x", Bench.SOON)));
      assertFalse(log.all().toString().contains(SECRET), log.all().toString());
    }
  }

  @Test
  void aForwardListenerIsNamedWithoutItsOptions() throws Exception {
    try (Listener listener = Bench.listen("permit-listen=localhost:*")) {
      String login =
          Bench.login(listener.endpoint()).toString().replace("ssh:", "ssh-forward-listen:");
      try (Listener far =
          Bench.CHANNELS.listen(
              Endpoint.parse(login + "&listen=localhost:0"), ChannelOptions.defaults())) {
        assertFalse(far.name().contains("?"), far.name());
        assertTrue(far.endpoint().options().containsKey("listen"));
      }
    }
  }

  @Test
  void whatIsRefusedIsNamedWithoutItsCommand() throws Exception {
    try (Listener listener = Bench.listen("allow=shell")) {
      Endpoint endpoint = Bench.login(listener.endpoint(), "exec=mysql -p" + SECRET);
      assertHidden(assertThrows(IOException.class, () -> Bench.open(endpoint)));
    }
    Endpoint nobody =
        Endpoint.parse("ssh://me@127.0.0.1:1?known-hosts=/dev/null&exec=mysql -p" + SECRET);
    assertHidden(assertThrows(IOException.class, () -> Bench.open(nobody)));
    Endpoint nowhere = Endpoint.parse("ssh:me?known-hosts=/dev/null&exec=mysql -p" + SECRET);
    assertHidden(assertThrows(IOException.class, () -> Bench.open(nowhere)));
  }

  @Test
  void aLostConnectionHasTheReasonOfTheSystemAndNotItself() throws Exception {
    try (Listener listener = Bench.listen();
        Channel client = Bench.connect(listener);
        Channel server = listener.accept(Bench.SOON)) {
      // As if the network had cut it.
      Bench.session(server).getIoSession().close(true);
      for (int i = 0; i < 2; i++) {
        IOException lost =
            assertThrows(
                IOException.class, () -> client.source().read(ByteBuffer.allocate(1), Bench.SOON));
        assertInstanceOf(ConnectionResetException.class, lost);
        assertFalse(lost.getCause() instanceof StreamFault, String.valueOf(lost.getCause()));
        IOException exit =
            assertThrows(IOException.class, () -> Bench.client(client).exit(Bench.SOON));
        assertFalse(exit.getCause() instanceof StreamFault, String.valueOf(exit.getCause()));
      }
    }
  }

  private static void assertHidden(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      assertFalse(String.valueOf(each.getMessage()).contains(SECRET), each.toString());
    }
  }
}
