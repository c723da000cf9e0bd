// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.itests.exam.ContainerKind;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeFactory;
import io.penstock.pipe.PipeOptions;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** Operators' commands in a container: in Gogo's shell, and at the control socket. */
@InContainer(
    value = {ContainerKind.FELIX, ContainerKind.EQUINOX},
    bundles = {"org.apache.felix.gogo.runtime", "io.penstock.operator", "io.penstock.gogo"})
class OperatorCommandsIT {
  private static final Wait SOON = Wait.millis(20_000);

  @TempDir Path folder;

  private Pipe pipe;

  @BeforeEach
  void fill(BundleContext context) throws Exception {
    PipeFactory pipes = Services.any(context, PipeFactory.class, "");
    pipe = pipes.create(PipeOptions.defaults().withName("orders").withCapacity(16));
    pipe.sink().writeFully("0123456789abcdef", Wait.none());
  }

  @AfterEach
  void close() throws Exception {
    pipe.close();
  }

  /** A session of Gogo's shell. */
  private static final class Shell implements AutoCloseable {
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final CommandSession session;

    Shell(BundleContext context) {
      this(context, null);
    }

    Shell(BundleContext context, PrintStream seen) {
      Services.await(context, "(&(osgi.command.scope=penstock)(osgi.command.function=report))");
      PrintStream out = seen == null ? new PrintStream(shown, true, StandardCharsets.UTF_8) : seen;
      // While a session runs a command, what the command logs goes to the session's standard error.
      PrintStream err = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
      this.session =
          Services.any(context, CommandProcessor.class, "")
              .createSession(new ByteArrayInputStream(new byte[0]), out, err);
    }

    String run(String line) throws Exception {
      shown.reset();
      Object unused = session.execute(line);
      return shown.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      session.close();
    }
  }

  private static void contains(String expected, String text) {
    assertTrue(text.contains(expected), () -> "'" + expected + "' is not in: " + text);
  }

  @Test
  void gogoRunsEachCommand(BundleContext context) throws Exception {
    try (Shell shell = new Shell(context)) {
      contains("orders", shell.run("penstock:pipes --sort=-name orders"));
      contains("\"name\":\"orders\"", shell.run("penstock:pipes --json"));
      for (String list :
          new String[] {"channels", "listeners", "relays", "pollers", "handlers", "remotes"}) {
        contains(list, shell.run("penstock:" + list));
      }
      contains("capacity: ", shell.run("penstock:info orders"));
      contains("orders", shell.run("penstock:why orders"));
      contains("|0123456789abcdef|", shell.run("penstock:peek orders"));
      assertEquals("", shell.run("penstock:trace orders on; penstock:trace orders off"));
      assertEquals("", shell.run("penstock:pause orders"));
      contains("paused", shell.run("penstock:why orders"));
      assertEquals("", shell.run("penstock:resume orders"));
      contains("goes on until", shell.run("penstock:relay --name joined mem-listen:a echo:"));
      contains("joined", shell.run("penstock:relays"));
      assertEquals("", shell.run("penstock:close joined"));
      assertFalse(shell.run("penstock:relays").contains("joined"));
      contains("native: ", shell.run("penstock:report"));
      assertEquals("", shell.run("penstock:close orders"));
      assertFalse(pipe.sink().isOpen());
      Exception refused =
          assertThrows(Exception.class, () -> shell.run("penstock:why orders"), "closed");
      contains("named 'orders'", String.valueOf(refused.getMessage()));
    }
  }

  @Test
  void aTableIsDrawnAgainUntilItsUserBreaksOff(BundleContext context) throws Exception {
    CountDownLatch twice = new CountDownLatch(1);
    ByteArrayOutputStream seen =
        new ByteArrayOutputStream() {
          @Override
          public void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            if (toString(StandardCharsets.UTF_8).split("orders", -1).length > 2) {
              twice.countDown();
            }
          }
        };
    PrintStream out = new PrintStream(seen, true, StandardCharsets.UTF_8);
    try (Shell shell = new Shell(context, out)) {
      FutureTask<String> watching = new FutureTask<>(() -> shell.run("penstock:pipes --watch"));
      Thread user = new Thread(watching, "user");
      user.start();
      assertTrue(twice.await(20, TimeUnit.SECONDS), seen::toString);
      user.interrupt();
      assertThrows(ExecutionException.class, () -> watching.get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void commandsEndWithTheirBundle(BundleContext context) throws Exception {
    Bundle bundle = Penstock.bundle(context, "io.penstock.gogo");
    try (Shell shell = new Shell(context)) {
      contains("goes on until", shell.run("penstock:relay --name joined mem-listen:b echo:"));
      bundle.stop();
      try {
        Exception refused = assertThrows(Exception.class, () -> shell.run("penstock:pipes"));
        contains("penstock:pipes", String.valueOf(refused.getMessage()));
      } finally {
        bundle.start();
      }
    }
    try (Shell shell = new Shell(context)) {
      assertFalse(shell.run("penstock:relays").contains("joined"), "what it had made has ended");
    }
  }

  /** What the socket answers, without what is between the frames. */
  private static String answer(BundleContext context, Path socket, String request)
      throws IOException {
    ChannelFactory channels = Services.any(context, ChannelFactory.class, "");
    StringBuilder text = new StringBuilder();
    try (Channel channel = channels.open(Endpoint.unix(socket), ChannelOptions.defaults(), SOON)) {
      channel.sink().writeFully("penstock-control 1 plain " + request + "\n", SOON);
      var frames = channel.source().frames(Framing.lengthPrefixed(4, 1 << 20));
      ByteBuffer frame = frames.next(SOON);
      while (frame != null) {
        boolean last = frame.get(0) == 'x';
        text.append((char) frame.get());
        text.append(last ? "" + frame.get() : StandardCharsets.UTF_8.decode(frame));
        frame = last ? null : frames.next(SOON);
      }
    }
    return text.toString();
  }

  @Test
  void aConfigurationMakesTheControlSocket(BundleContext context) throws Exception {
    Path socket = folder.resolve("control");
    ConfigurationAdmin admin = Services.any(context, ConfigurationAdmin.class, "");
    Configuration configuration = admin.getConfiguration("io.penstock.Control", "?");
    Configurations.update(configuration, Map.of("socket", socket.toString()));
    Bundle bundle = Penstock.bundle(context, "io.penstock.operator");
    try {
      awaitFile(socket, true);
      contains("orders", answer(context, socket, "pipes"));
      contains("x2", answer(context, socket, "pips"));
      bundle.stop();
      assertFalse(Files.exists(socket), "the file goes with the component");
      bundle.start();
      awaitFile(socket, true);
    } finally {
      bundle.start();
      configuration.delete();
    }
    awaitFile(socket, false);
  }

  /** Configuration Admin tells components later, and nobody tells of a file. */
  private static void awaitFile(Path file, boolean there) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (Files.exists(file) != there && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertEquals(there, Files.exists(file), file.toString());
  }
}
