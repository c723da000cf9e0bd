// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.spi.Messages;
import io.penstock.stream.FrameSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sends a command to a running container, and shows what it answers. The bundle {@code
 * io.penstock.operator} says how both talk. {@link #close} may be called by any thread.
 */
final class ControlClient implements AutoCloseable {
  private static final Logger LOG = Messages.log("cli");
  private static final String GREETING = "penstock-control 1 ";
  private static final Framing FRAMES = Framing.lengthPrefixed(4, 1 << 20);
  private static final Wait SOON = Wait.millis(10_000);

  private final ChannelFactory channels;
  private final PrintStream out;
  private final PrintStream err;
  private volatile @Nullable Channel connected;
  private volatile boolean closed;

  /**
   * Makes one.
   *
   * @param channels connects
   * @param out gets the bytes of the answer
   * @param err gets lines about errors
   */
  ControlClient(ChannelFactory channels, PrintStream out, PrintStream err) {
    this.channels = channels;
    this.out = out;
    this.err = err;
  }

  /**
   * Runs a command in the container. Waits until it is done.
   *
   * @param socket where the container listens
   * @param words the command and its arguments
   * @param terminal whether the answer is shown by a terminal
   * @return the exit status
   */
  int run(Path socket, List<String> words, boolean terminal) {
    try (Channel channel = channels.open(Endpoint.unix(socket), ChannelOptions.defaults(), SOON)) {
      connected = channel;
      if (closed) {
        // By a thread that did not see the channel yet, and so did not abort it.
        return Tool.FAILURE;
      }
      String encoded =
          words.stream()
              .map(word -> URLEncoder.encode(word, StandardCharsets.UTF_8))
              .collect(Collectors.joining(" "));
      String line = GREETING + (terminal ? "terminal " : "plain ") + encoded + "\n";
      send(channel, line);
      return show(channel.source().frames(FRAMES));
    } catch (AddressException e) {
      return fail(Reporter.describe(e) + hint(e.kind()));
    } catch (IOException e) {
      return fail(Reporter.describe(e));
    } finally {
      connected = null;
    }
  }

  private static void send(Channel channel, String line) throws IOException {
    try {
      channel.sink().writeFully(line, SOON);
    } catch (BrokenPipeException | ConnectionResetException e) {
      // One that is refused may be told so before it has said anything: the answer is still to be
      // read, and if there is none, that is an error of its own.
      LOG.log(Level.DEBUG, "the command was not read", e);
    }
  }

  private static String hint(AddressException.Kind kind) {
    return switch (kind) {
      case NOT_FOUND, REFUSED ->
          "; 'penstock run' listens there, or where its line 'control PATH' says: see --socket";
      case ACCESS -> "; only the user of the container and root may send commands";
      default -> "";
    };
  }

  private int show(FrameSource frames) throws IOException {
    for (ByteBuffer frame = frames.next(Wait.forever());
        frame != null;
        frame = frames.next(Wait.forever())) {
      char kind = (char) frame.get();
      if (kind == 'x') {
        return frame.get();
      }
      byte[] text = new byte[frame.remaining()];
      frame.get(text);
      if (kind == 'e') {
        err.print("penstock: " + Messages.visible(new String(text, StandardCharsets.UTF_8)) + "\n");
        err.flush();
      } else {
        out.write(text, 0, text.length);
        if (out.checkError()) {
          return fail("standard output cannot be written");
        }
      }
    }
    return fail("the container has closed the connection before the command was done");
  }

  private int fail(String what) {
    if (!closed) {
      err.print("penstock: " + Messages.visible(what) + "\n");
      err.flush();
    }
    return Tool.FAILURE;
  }

  /** Ends the command that is being run, and says no more of it. */
  @Override
  public void close() {
    closed = true;
    Channel channel = connected;
    if (channel != null) {
      channel.abort(new IOException("the command was ended"));
    }
  }
}
