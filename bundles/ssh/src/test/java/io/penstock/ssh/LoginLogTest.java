// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.error.HandshakeException;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An operator can see which users were let in, by what, and which were not. */
class LoginLogTest {
  private final Logger logger = Logger.getLogger("io.penstock");
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord each) {
          lines.add(
              each.getLevel()
                  + " "
                  + new MessageFormat(each.getMessage()).format(each.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void end() {
    logger.removeHandler(handler);
  }

  /** The next line that ends so. */
  private String ending(String end) throws InterruptedException {
    for (String line = next(); true; line = next()) {
      if (line.endsWith(end)) {
        return line;
      }
    }
  }

  private String next() throws InterruptedException {
    String line = lines.poll(20, TimeUnit.SECONDS);
    assertTrue(line != null, "there are no more lines");
    return line;
  }

  private static String fingerprint(java.nio.file.Path key) throws Exception {
    return OpenSsh.run(List.of("ssh-keygen", "-lf", key + ".pub"), new byte[0])
        .text()
        .split(" ")[1];
  }

  @Test
  void whoWasLetInAndWhoWasNotIsLogged() throws Exception {
    try (Listener listener = Bench.listen()) {
      Endpoint login = Bench.login(listener.endpoint());
      String from = "tester from 127.0.0.1:";
      try (Channel channel = Bench.open(login)) {
        String in =
            ending("has logged in with the key ssh-ed25519 " + fingerprint(Bench.CLIENT_KEY));
        assertTrue(in.startsWith("INFO ssh-listen:") && in.contains(from), in);
        String port = channel.local().orElseThrow().toString().replaceAll(".*:", "");
        assertTrue(in.contains(from + port), in);
      }
      Endpoint stranger =
          Endpoint.parse(
              login.toString().replace(Bench.CLIENT_KEY.toString(), Bench.STRANGER_KEY.toString()));
      assertThrows(HandshakeException.class, () -> Bench.open(stranger));
      String out = ending("has gone without having logged in");
      assertTrue(out.startsWith("INFO ssh-listen:") && out.contains(from), out);
    }
  }
}
