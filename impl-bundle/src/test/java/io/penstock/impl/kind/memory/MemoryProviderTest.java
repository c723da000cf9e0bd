// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.impl.kind.Peers;
import io.penstock.impl.kind.Peers.Peer;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ListenerDriver;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryProviderTest {
  private final Peers peers = new Peers(new MemoryProvider());

  @AfterEach
  void close() throws IOException {
    peers.close();
  }

  @Test
  void anAddressNeedsAName() throws IOException {
    assertEquals(AddressException.Kind.INVALID, peers.refusal("mem:"));
  }

  @Test
  void buffersAreAsLargeAsAskedFor() throws IOException {
    ListenerDriver listener = peers.listen("mem-listen:orders");
    Peer client = peers.connect("mem:orders?sendBuffer=5&receiveBuffer=3");
    Peer server = peers.accept(listener);
    assertEquals(5, client.sink().write(ByteBuffer.allocate(9), Wait.none()));
    assertEquals(3, server.sink().write(ByteBuffer.allocate(9), Wait.none()));
  }

  @Test
  void aFullBacklogMakesCallersWait() throws IOException {
    ListenerDriver listener = peers.listen("mem-listen:orders?backlog=1");
    Peer first = peers.connect("mem:orders");
    CompletableFuture<? extends ChannelDriver> cancelled =
        peers.begin("mem:orders", ChannelOptions.defaults());
    CompletableFuture<? extends ChannelDriver> second =
        peers.begin("mem:orders", ChannelOptions.defaults());
    CompletableFuture<? extends ChannelDriver> third =
        peers.begin("mem:orders", ChannelOptions.defaults());
    assertFalse(cancelled.isDone());
    cancelled.cancel(false);
    first.write("1");
    assertEquals("1", peers.accept(listener).read(1));
    assertTrue(second.isDone());
    assertFalse(third.isDone());
    peers.accept(listener);
    assertTrue(third.isDone());
  }

  @Test
  void aListenerThatClosesRefusesThoseWhoWait() throws IOException {
    ListenerDriver listener = peers.listen("mem-listen:orders?backlog=1");
    Peer unaccepted = peers.connect("mem:orders");
    CompletableFuture<? extends ChannelDriver> waiting =
        peers.begin("mem:orders", ChannelOptions.defaults());
    listener.close();
    assertThrows(ConnectionResetException.class, unaccepted::readOnce);
    AddressException e = assertThrows(AddressException.class, () -> Peers.get(waiting));
    assertEquals(AddressException.Kind.REFUSED, e.kind());
  }

  @Test
  void anAbortTellsThePeerItsCause() throws IOException {
    ListenerDriver listener = peers.listen("mem-listen:orders");
    Peer client = peers.connect("mem:orders");
    Peer server = peers.accept(listener);
    server.write("part");
    server.driver().abort(new ConnectionResetException("server", "cut", 0));
    assertEquals("part", client.read(4));
    assertThrows(ConnectionResetException.class, client::readOnce);
    assertThrows(ConnectionResetException.class, () -> client.write("x"));
  }

  @Test
  void aCloseIsAnEndForThePeerAndBreaksItsWrites() throws IOException {
    ListenerDriver listener = peers.listen("mem-listen:orders");
    Peer client = peers.connect("mem:orders");
    Peer server = peers.accept(listener);
    server.write("answer");
    server.close();
    assertEquals("answer", client.readAll());
    assertThrows(BrokenPipeException.class, () -> client.write("x"));
  }

  @Test
  void anEchoGivesBackWhatItGetsAndTheEnd() throws IOException {
    Peer echo = peers.connect("echo:");
    echo.write("hello");
    echo.sink().end();
    assertEquals("hello", echo.readAll());
    assertEquals(-1, echo.readOnce());
    assertThrows(AddressException.class, () -> peers.connect("echo:x"));
  }
}
