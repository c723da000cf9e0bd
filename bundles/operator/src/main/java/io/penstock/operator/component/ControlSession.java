// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator.component;

import io.penstock.channel.Channel;
import io.penstock.channel.PeerCredentials;
import io.penstock.channel.facet.CredentialsFacet;
import io.penstock.error.StreamTimeoutException;
import io.penstock.operator.CommandOutput;
import io.penstock.operator.OperatorCommands;
import io.penstock.spi.Messages;
import io.penstock.stream.FrameSink;
import io.penstock.stream.Framing;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import io.penstock.stream.Watch;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * Runs the command of one peer. For one thread.
 *
 * <p>The peer sends one line: {@code penstock-control 1}, {@code terminal} or {@code plain}, and
 * the words of a command, each encoded as in a URL, with single spaces between them. It sends
 * nothing more; when its stream ends, it has gone. The reply is frames after their length in four
 * bytes. The first byte of a frame is {@code o} for output, {@code e} for an error and {@code x}
 * for the exit status, which is the last; then the connection is closed.
 */
final class ControlSession {
  static final String GREETING = "penstock-control 1 ";
  static final Framing FRAMES = Framing.lengthPrefixed(4, 1 << 20);

  private static final Logger LOG = Messages.log("operator");
  private static final int SUCCESS = 0;
  private static final int FAILURE = 1;
  private static final int BAD_ARGUMENTS = 2;

  private static final int MAX_REQUEST = 64 * 1024;
  private static final int MAX_PIECE = 64 * 1024;
  private static final Wait REQUEST = Wait.millis(10_000);

  /** Others wait meanwhile. The few words fit into what the system keeps for a connection. */
  private static final Wait REFUSAL = Wait.millis(200);

  private final Channel peer;
  private final OperatorCommands commands;
  private final Predicate<PeerCredentials> allowed;
  private final FrameSink reply;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();

  /**
   * Of a peer.
   *
   * @param peer is closed at the end
   * @param commands are run
   * @param allowed who may send one
   */
  ControlSession(Channel peer, OperatorCommands commands, Predicate<PeerCredentials> allowed) {
    this.peer = peer;
    this.commands = commands;
    this.allowed = allowed;
    this.reply = peer.sink().frames(FRAMES);
  }

  /** Tells the peer that no command of it is run; waits a moment for what it wants to say. */
  void refuse(String why) {
    try (peer) {
      listen();
      error(why, REFUSAL);
      status(FAILURE, REFUSAL);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, peer.name() + ": the peer has gone", e);
    }
  }

  /** What is not read would be told in the log as lost, and to the peer as a reset. */
  private void listen() throws IOException {
    try {
      List<String> unused = request(REFUSAL);
    } catch (StreamTimeoutException | IllegalArgumentException e) {
      LOG.log(Level.DEBUG, peer.name() + " has sent no command", e);
    }
  }

  /** Runs the command until it is done, the peer has gone or the thread is interrupted. */
  void run() {
    try (peer) {
      if (!allows()) {
        refuse("only the user of the container and root may send commands");
        return;
      }
      status(answer(), Wait.forever());
      // A close would wait for what the peer has not read yet, but not for ever.
      peer.source().readable().await(Wait.forever());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, peer.name() + ": the peer has gone", e);
    }
  }

  private boolean allows() throws IOException {
    CredentialsFacet facet = peer.facet(CredentialsFacet.class).orElse(null);
    if (facet == null) {
      return false;
    }
    PeerCredentials credentials = facet.peerCredentials();
    boolean may = allowed.test(credentials);
    LOG.log(
        may ? Level.DEBUG : Level.WARNING,
        "{0}: {1} {2} commands",
        peer.name(),
        credentials,
        may ? "sends" : "may not send");
    return may;
  }

  private int answer() throws IOException {
    try {
      List<String> words = request(REQUEST);
      Reply out = new Reply(words.get(0).equals("terminal"));
      // Nothing more is to be read but the end.
      Watch end = peer.source().readable().onSet(Runnable::run, () -> gone.complete(null));
      try (end) {
        commands.run(words.subList(1, words.size()), out);
      }
      return SUCCESS;
    } catch (IllegalArgumentException e) {
      error(describe(e), Wait.forever());
      return BAD_ARGUMENTS;
    } catch (InterruptedException | InterruptedIOException e) {
      // The flag would end the last words as well; this thread ends after them.
      boolean unused = Thread.interrupted();
      error("the container has ended the command", REFUSAL);
      return FAILURE;
    } catch (IOException | IllegalStateException e) {
      error(describe(e), Wait.forever());
      return FAILURE;
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "a command has failed", e);
      error("the command has failed, and the log says why: " + describe(e), Wait.forever());
      return FAILURE;
    }
  }

  private static String describe(Exception failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }

  private List<String> request(Wait wait) throws IOException {
    String line =
        peer.source().readLine(StandardCharsets.US_ASCII, MAX_REQUEST, Terminator.STRIP, wait);
    if (line == null || !line.startsWith(GREETING)) {
      throw new IllegalArgumentException(
          "this is the control socket of Penstock; expected '" + GREETING + "…', as ctl sends it");
    }
    List<String> words = new ArrayList<>();
    for (String word : line.substring(GREETING.length()).split(" ", -1)) {
      words.add(URLDecoder.decode(word, StandardCharsets.UTF_8));
    }
    return words;
  }

  /** What the peer sees. */
  private final class Reply implements CommandOutput {
    private final boolean terminal;

    Reply(boolean terminal) {
      this.terminal = terminal;
    }

    @Override
    public void print(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      for (int at = 0; at < bytes.length; at += MAX_PIECE) {
        // A peer that has stopped reading, such as a pager, may take its time.
        write('o', bytes, at, Math.min(MAX_PIECE, bytes.length - at), Wait.forever());
      }
    }

    @Override
    public boolean terminal() {
      return terminal;
    }

    @Override
    public CompletionStage<?> gone() {
      return gone;
    }
  }

  private void error(String message, Wait wait) throws IOException {
    byte[] bytes = Messages.visible(message).getBytes(StandardCharsets.UTF_8);
    write('e', bytes, 0, Math.min(bytes.length, MAX_PIECE), wait);
  }

  private void status(int status, Wait wait) throws IOException {
    write('x', new byte[] {(byte) status}, 0, 1, wait);
  }

  private void write(char kind, byte[] bytes, int from, int count, Wait wait) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(1 + count);
    reply.write(frame.put((byte) kind).put(bytes, from, count).flip(), wait);
  }
}
