// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.impl.protocol.Choice;
import io.penstock.remote.impl.protocol.Imports;
import io.penstock.remote.spi.RemoteEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;

/** Those that look for a name and wait for what is known of it. Only on the thread of a node. */
final class Searches {
  private record Search(
      String name,
      Map<String, String> tags,
      CompletableFuture<RemoteNode.Found> result,
      long since) {}

  private final String servers;
  private final List<Search> waiting = new ArrayList<>();

  Searches(String servers) {
    this.servers = servers;
  }

  void add(
      String name, Map<String, String> tags, CompletableFuture<RemoteNode.Found> result, long now) {
    waiting.add(new Search(name, tags, result, now));
  }

  /** Answers those that can be answered. */
  void answer(Collection<RemoteEntry> usable, Imports imports, boolean connected, long now) {
    for (Search each : List.copyOf(waiting)) {
      if (each.result().isDone() || answer(each, usable, imports, connected, now)) {
        waiting.remove(each);
      }
    }
  }

  private boolean answer(
      Search search, Collection<RemoteEntry> usable, Imports imports, boolean connected, long now) {
    List<RemoteEntry> of =
        usable.stream().filter(entry -> entry.name().equals(search.name())).toList();
    List<RemoteEntry> order = Choice.order(of, search.tags(), ThreadLocalRandom.current());
    boolean settled =
        connected && imports.isKnown(search.name()) && !imports.isAsking(search.name());
    // The best one may be among those that have not answered yet; but not for ever.
    boolean enough = !order.isEmpty() && (!connected || now - search.since() >= imports.patience());
    if (!settled && !enough) {
      return false;
    }
    search
        .result()
        .complete(
            new RemoteNode.Found(
                order,
                of.isEmpty()
                    ? "nobody publishes this name in " + servers
                    : "no provider of this name has the tags " + search.tags()));
    return true;
  }

  /** Answers nobody any more. */
  void close() {
    for (Search each : waiting) {
      each.result().completeExceptionally(new IOException(servers + ": the registry was closed"));
    }
    waiting.clear();
  }
}
