// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.unix;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.channel.facet.HandleFacet;
import io.penstock.error.HandleLimitException;
import io.penstock.impl.kind.Peers;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * A program with few descriptors that sends handles to itself, over a socket at the path that is
 * its argument, and says what comes of it.
 */
final class ScarceHandles {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();
  private static final int HANDLES = 5;
  private static final Deque<Closeable> FILLING = new ArrayDeque<>();

  private ScarceHandles() {}

  /** Says five lines. */
  public static void main(String[] args) throws IOException {
    Endpoint listening = Endpoint.parse("unix-listen:" + args[0] + "?handles=true");
    Endpoint there = Endpoint.parse("unix:" + args[0] + "?handles=true");
    try (Penstock penstock = Penstock.open();
        Listener listener = penstock.channels().listen(listening, DEFAULTS);
        Channel near = penstock.channels().open(there, DEFAULTS, SOON);
        Channel far = listener.accept(SOON)) {
      HandlePair pipe = penstock.channels().handles().pipe();
      Handle[] handles = new Handle[HANDLES];
      Arrays.fill(handles, pipe.source());
      // What is made or loaded once.
      round(near, far, handles);
      Peers.descriptors();
      long before = Peers.descriptors();

      leave(0);
      try {
        facet(near).send(bytes(), SOON, handles);
        System.out.println("sending: went");
      } catch (HandleLimitException e) {
        System.out.println("sending: refused");
      }
      try {
        pipe.sink().channel(DEFAULTS);
        System.out.println("opening: went");
      } catch (HandleLimitException e) {
        System.out.println("opening: refused" + (pipe.sink().isOpen() ? " and kept" : ""));
      }
      leave(HANDLES);
      facet(near).send(bytes(), SOON, handles);
      leave(2);
      read(far);
      try {
        facet(far).take();
        System.out.println("receiving: nothing was lost");
      } catch (HandleLimitException e) {
        System.out.println("receiving: lost " + e.count());
      }
      free(Integer.MAX_VALUE);
      System.out.println("afterwards: " + round(near, far, handles) + " came");
      long after = Peers.descriptors();
      System.out.println(
          "descriptors: " + (after == before ? "as before" : after + " after " + before));
    }
  }

  private static HandleFacet facet(Channel channel) {
    return channel.facet(HandleFacet.class).orElseThrow();
  }

  private static ByteBuffer bytes() {
    return ByteBuffer.wrap(new byte[3]);
  }

  private static void read(Channel far) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(3);
    far.source().readFully(dst, SOON);
  }

  private static int round(Channel near, Channel far, Handle... handles) throws IOException {
    facet(near).send(bytes(), SOON, handles);
    read(far);
    int count = 0;
    for (Handle each; (each = facet(far).take().orElse(null)) != null; count++) {
      each.close();
    }
    return count;
  }

  /** Leaves so many descriptors free. */
  private static void leave(int count) throws IOException {
    try {
      while (true) {
        FILLING.add(new FileInputStream("/dev/null"));
      }
    } catch (FileNotFoundException e) {
      free(count);
    }
  }

  private static void free(int count) throws IOException {
    for (int i = 0; i < count && !FILLING.isEmpty(); i++) {
      FILLING.remove().close();
    }
  }
}
