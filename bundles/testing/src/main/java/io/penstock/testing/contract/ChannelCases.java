// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Capability;
import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.facet.CallerFacet;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ExitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.relay.RelayException;
import io.penstock.stream.ByteFile;
import io.penstock.stream.FileMode;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** The two ends of a channel, and its end, close and abort. */
abstract class ChannelCases extends Suite {
  /**
   * Penstock's services, with the kind's provider installed; see {@link ChannelSuite}.
   *
   * @return the services
   */
  protected abstract Services services();

  final Channel near() {
    return subject().near();
  }

  final Channel far() {
    return subject().far();
  }

  static <T> T join(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  static Throwable failure(CompletionStage<?> stage) {
    Throwable cause = assertThrows(ExecutionException.class, () -> join(stage)).getCause();
    assertNotNull(cause);
    return cause;
  }

  // ---- the two ends

  @Case
  void readAndWriteAreThoseOfItsEnds() throws IOException {
    assertSame(near().sink(), near().sink());
    assertSame(far().source(), far().source());
    ByteBuffer out = bytes("abc");
    while (out.hasRemaining()) {
      near().write(out);
    }
    ByteBuffer in = room(3);
    while (in.hasRemaining()) {
      assertTrue(far().read(in) > 0);
    }
    assertEquals("abc", text(in.flip()));
  }

  @Case
  void fileOfAChannelGoesBothWays() throws IOException {
    FileMode<String> mode =
        FileMode.text(StandardCharsets.UTF_8).withClosing(FileMode.Closing.CLOSE_ALL);
    near().source().readWait(Wait.upTo(LONG));
    far().source().readWait(Wait.upTo(LONG));
    ByteFile<String> near = near().file(mode);
    ByteFile<String> far = far().file(mode);
    assertTrue(near.readable() && near.writable());
    assertEquals(near().name(), near.name());
    near.write("question\n");
    assertEquals("question\n", far.readLine());
    if (kind().has(Trait.DUPLEX) && kind().has(Trait.TWO_PARTIES)) {
      far.write("answer\n");
      assertEquals("answer\n", near.readLine());
      assertEquals(16, near.tell());
    }
    near.close();
    assertFalse(near().isOpen());
  }

  @Case
  void statesItsCapabilitiesAndHasTheEndsItStates() {
    assertTrue(near().capabilities().contains(Capability.OUTPUT));
    assertTrue(far().capabilities().contains(Capability.INPUT));
    assertEquals(
        kind().has(Trait.HALF_CLOSE), near().capabilities().contains(Capability.HALF_CLOSE));
    assertEquals(kind().has(Trait.VERDICT), near().capabilities().contains(Capability.VERDICT));
    assertEquals(kind().has(Trait.ABORT_SEEN), near().capabilities().contains(Capability.ABORT));
    assertFalse(near().capabilities().contains(Capability.of("no-such-capability")));
    boolean duplex = kind().has(Trait.DUPLEX);
    assertEquals(duplex, near().capabilities().contains(Capability.INPUT));
    assertEquals(duplex, far().capabilities().contains(Capability.OUTPUT));
    if (!duplex) {
      NotSupportedException noInput =
          assertThrows(NotSupportedException.class, () -> near().read(room(1)));
      assertFalse(noInput.cure().isEmpty());
      assertThrows(NotSupportedException.class, () -> near().source().take(1, NONE));
      assertThrows(NotSupportedException.class, () -> far().write(bytes("x")));
      assertThrows(NotSupportedException.class, () -> far().sink().writeFully("x", NONE));
    }
  }

  @Case
  void isConnectedAndHasANameAndAnEndpoint() throws Exception {
    assertSame(near(), join(near().connected()));
    assertSame(far(), join(far().connected()));
    assertFalse(near().name().isEmpty());
    assertFalse(near().endpoint().scheme().isEmpty());
    assertEquals(near().endpoint(), Endpoint.parse(near().endpoint().toString()));
    assertTrue(near().toString().contains(near().name()), near()::toString);
    if (kind().has(Trait.TWO_PARTIES)) {
      assertSameIfKnown(near().local(), far().peer());
      assertSameIfKnown(far().local(), near().peer());
    }
  }

  private static void assertSameIfKnown(Optional<?> local, Optional<?> peer) {
    if (local.isPresent() && peer.isPresent()) {
      assertEquals(local, peer, "one side's own address is its peer's for the other");
    }
  }

  @Case
  void nameHasNeitherOptionsNorCommand() {
    Endpoint endpoint = near().endpoint();
    String name = near().name();
    assertFalse(name.contains("?"), name);
    for (String value : endpoint.options().values()) {
      assertFalse(value.length() > 3 && name.contains(value), name);
    }
    int words = endpoint.address().trim().indexOf(' ');
    assertFalse(words >= 0 && name.contains(endpoint.address().trim().substring(words)), name);
    String shown = near().endpoint().name();
    assertEquals(shown, new RelayException(endpoint, "failed", 0, new IOException()).stream());
  }

  @Case
  void unknownFacetIsEmpty() {
    assertTrue(near().facet(NoSuchFacet.class).isEmpty());
  }

  private interface NoSuchFacet {}

  // ---- end, close, abort

  @Case(needs = {Trait.HALF_CLOSE, Trait.TWO_PARTIES, Trait.DUPLEX})
  void endOfOneDirectionLeavesTheOtherOpen() throws IOException {
    near().sink().writeFully("question", Wait.upTo(LONG));
    near().sink().end();
    assertEquals("question", text(far().source().readAll(99, Wait.upTo(LONG))));
    far().sink().writeFully("answer", Wait.upTo(LONG));
    far().sink().end();
    assertEquals("answer", text(near().source().readAll(99, Wait.upTo(LONG))));
    assertTrue(near().isOpen());
    assertTrue(far().isOpen());
  }

  @Case(needs = {Trait.HALF_CLOSE, Trait.TWO_PARTIES, Trait.DUPLEX})
  void halfCloseWorksFromEitherSide() throws IOException {
    far().sink().end();
    assertEquals(-1, near().source().read(room(1), Wait.upTo(LONG)));
    near().sink().writeFully("still here", Wait.upTo(LONG));
    near().sink().end();
    assertEquals("still here", text(far().source().readAll(99, Wait.upTo(LONG))));
  }

  @Case(needs = {Trait.HALF_CLOSE, Trait.DUPLEX})
  void writeAfterItsOwnHalfCloseIsABrokenPipe() throws IOException {
    near().sink().end();
    assertThrows(BrokenPipeException.class, () -> near().write(bytes("x")));
    assertTrue(near().isOpen());
  }

  @Case
  void closingTheSourceLeavesTheSinkOpen() throws IOException {
    far().source().close();
    assertTrue(far().isOpen());
    assertThrows(StreamClosedException.class, () -> far().read(room(1)));
    near().source().close();
    assertTrue(near().sink().isOpen());
  }

  @Case
  void closeEndsCleanlyAndDeliversWhatWasAccepted() throws Exception {
    near().sink().writeFully("last words", Wait.upTo(LONG));
    if (kind().has(Trait.TWO_PARTIES)) {
      near().close();
      assertEquals("last words", text(far().source().readAll(99, Wait.upTo(LONG))));
    } else {
      assertEquals("last words", receive(10));
      near().close();
    }
    assertFalse(near().isOpen());
    join(near().closed());
  }

  @Case(needs = Trait.DUPLEX)
  void closeTwiceIsQuietAndCompletes() throws Exception {
    near().close();
    near().close();
    join(near().closeAsync());
    join(near().closed());
    assertThrows(StreamClosedException.class, () -> near().read(room(1)));
    assertThrows(StreamClosedException.class, () -> near().write(bytes("x")));
  }

  @Case
  void closeAsyncClosesWithoutWaiting() throws Exception {
    CompletionStage<Void> closed = near().closeAsync();
    join(closed);
    assertFalse(near().isOpen());
    assertFalse(near().source().isOpen());
    assertFalse(near().sink().isOpen());
  }

  @Case(needs = Trait.DUPLEX)
  void closeWakesEverybodyWhoWaits() throws Exception {
    Task<Integer> reader = async(() -> near().read(room(1))).waiting();
    near().close();
    assertInstanceOf(StreamClosedWhileWaitingException.class, reader.failure());
  }

  @Case(needs = {Trait.BOUNDED, Trait.TWO_PARTIES})
  void closeHandsOverWhatWasAcceptedWithinItsLimit() throws Exception {
    long filled = fill();
    CompletionStage<Void> closed = near().closeAsync();
    receivePattern(0, filled);
    assertEnd();
    join(closed);
  }

  @Case(needs = Trait.DUPLEX)
  void abortThrowsTheCauseAtEachLaterCall() throws Exception {
    IOException cause = new IOException("cut on purpose");
    near().abort(cause);
    near().abort(new IOException("too late"));
    for (int i = 0; i < 2; i++) {
      assertCause(cause, assertThrows(IOException.class, () -> near().read(room(1))));
      assertCause(cause, assertThrows(IOException.class, () -> near().write(bytes("x"))));
    }
    assertCause(cause, failure(near().closed()));
  }

  @Case(needs = Trait.DUPLEX)
  void abortWakesEverybodyWithTheCause() throws Exception {
    IOException cause = new IOException("cut on purpose");
    Task<Integer> reader = async(() -> near().read(room(1))).waiting();
    near().abort(cause);
    assertCause(cause, reader.failure());
  }

  @Case(needs = {Trait.ABORT_SEEN, Trait.TWO_PARTIES, Trait.DUPLEX})
  void peersAbortIsAFailureAndNeverAnEnd() {
    far().abort(new IOException("cut on purpose"));
    assertThrows(IOException.class, () -> near().source().read(room(1), Wait.upTo(LONG)));
    assertThrows(IOException.class, () -> near().source().readAll(9, Wait.upTo(LONG)));
  }

  @Case
  void isRestartedByNothingAfterItsEnd() throws IOException {
    near().sink().end();
    assertEnd();
    assertEnd();
    assertThrows(BrokenPipeException.class, () -> near().sink().writeFully("x", NONE));
  }

  @Case
  void goneStaysOpenWhileThePeerIsThere() {
    assertFalse(near().gone().toCompletableFuture().isDone());
  }

  @Case(needs = Trait.VERDICT)
  void goneCompletesOnceThePeerHasEnded() throws Exception {
    near().sink().end();
    assertEquals("", receiveAll());
    if (kind().has(Trait.TWO_PARTIES)) {
      closeWithSuccess(far());
    }
    join(near().gone());
  }

  /** A peer that has been asked for a program has to say that it has succeeded. */
  static void closeWithSuccess(Channel channel) throws IOException {
    Optional<CallerFacet> caller = channel.facet(CallerFacet.class);
    if (caller.isPresent()) {
      caller.get().exited(new ExitException(channel.name(), 0, "exited with status 0"));
    }
    channel.close();
  }
}
