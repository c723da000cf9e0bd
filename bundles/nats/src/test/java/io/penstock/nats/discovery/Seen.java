// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.penstock.remote.impl.node.EntryWatcher;
import io.penstock.remote.spi.RemoteEntry;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a node of this process sees. */
final class Seen implements EntryWatcher {
  private record Event(long at, String line) {}

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  @Override
  public void added(RemoteEntry entry) {
    events.add(new Event(System.nanoTime(), "added " + entry.key()));
  }

  @Override
  public void changed(RemoteEntry old, RemoteEntry entry) {
    events.add(new Event(System.nanoTime(), "changed " + entry.key()));
  }

  @Override
  public void removed(RemoteEntry entry) {
    events.add(new Event(System.nanoTime(), "removed " + entry.key()));
  }

  /** Takes the next event, which must be this one; returns when it came. */
  long expect(String line) throws InterruptedException {
    Event event = events.poll(60, TimeUnit.SECONDS);
    assertNotNull(event, "never: " + line);
    assertEquals(line, event.line);
    return event.at;
  }

  void expectNothing() {
    assertEquals(List.of(), List.copyOf(events));
  }
}
