// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Endpoint;
import io.penstock.remote.spi.RemoteEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a container has the registry do, told step by step. */
class ExportsTest {
  private static final long SESSION = 1000;

  private final List<String> done = new ArrayList<>();
  private final Exports exports =
      new Exports(
          false,
          SESSION,
          new ExportEffects() {
            @Override
            public void put(RemoteEntry entry) {
              done.add("put " + text(entry));
            }

            @Override
            public void remove(RemoteEntry entry) {
              done.add("remove " + text(entry));
            }

            @Override
            public void beat() {}
          },
          0);

  private static RemoteEntry entry(String name, int rank) {
    return new RemoteEntry("a", 1, name, Endpoint.tcp("127.0.0.1", 7), rank, Map.of(), Map.of());
  }

  private static String text(RemoteEntry entry) {
    return entry.name() + " " + entry.rank();
  }

  private void expect(String... lines) {
    assertEquals(List.of(lines), done);
    done.clear();
  }

  /** One that is published and stored. */
  @BeforeEach
  void publish() {
    exports.connected(0);
    exports.publish(entry("orders", 1), 0);
    exports.stored(entry("orders", 1), true, 0);
    expect("put orders 1");
  }

  @Test
  void anOldContentIsReplacedAtOnceAndThenWithPauses() {
    exports.seen(entry("orders", 0), 10);
    expect("put orders 1");
    exports.stored(entry("orders", 1), true, 20);
    exports.seen(entry("orders", 0), 30);
    exports.tick(30 + SESSION / 2 - 1);
    expect();
    exports.tick(30 + SESSION / 2);
    expect("put orders 1");
    exports.stored(entry("orders", 1), true, 600);
    exports.seen(entry("orders", 1), 610);
    exports.seen(entry("orders", 0), 620);
    expect("put orders 1");
  }

  @Test
  void whatWasWithdrawnIsRemovedOnceMore() {
    exports.withdraw("a/1", 5);
    exports.gone(entry("orders", 1), true, 6);
    expect("remove orders 1");
    exports.seen(entry("orders", 1), 7);
    expect("remove orders 1");
    exports.gone(entry("orders", 1), true, 8);
    assertTrue(exports.isClear());
  }
}
