// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.discovery;

import io.penstock.channel.Endpoint;
import io.penstock.nats.NatsRegistries;
import io.penstock.remote.impl.node.EntryWatcher;
import io.penstock.remote.impl.node.OnRemoved;
import io.penstock.remote.impl.node.RemoteNode;
import io.penstock.remote.spi.RegistrySettings;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.serve.Server;
import io.penstock.standalone.Penstock;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A container in a process of its own. It says what happens, one line each, with the time of the
 * machine's clock that never jumps. Its arguments: name of the node, session in milliseconds,
 * replicas, servers. Then it does what it reads, line by line.
 */
public final class ContainerMain {
  private ContainerMain() {}

  public static void main(String[] arguments) throws Exception {
    List<String> servers = Arrays.asList(arguments[3].split(","));
    RegistrySettings settings =
        new RegistrySettings(
            servers,
            Duration.ofMillis(Long.parseLong(arguments[1])),
            Integer.parseInt(arguments[2]),
            Map.of(),
            Map.of());
    String name = arguments[0];
    try (Penstock penstock = Penstock.open();
        RemoteNode node =
            new RemoteNode(name, new NatsRegistries(), settings, OnRemoved.ABORT_IF_SILENT, null);
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      Server server =
          penstock.serve("tcp-listen://127.0.0.1:0", (client, line) -> client.reply(name));
      Endpoint endpoint = Endpoint.parse("tcp:" + server.endpoint().address());
      node.tell(new Saying());
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        String[] words = line.split(" ");
        switch (words[0]) {
          case "publish" -> {
            say("publishing " + words[1]);
            node.publish(entry(node, endpoint, words[1], 0, Integer.parseInt(words[2])));
            await(node);
            say("published " + words[1]);
          }
          case "watch" -> {
            node.watch(words[1]);
            say("watching");
          }
          case "churn" -> churn(node, endpoint, words[1], Integer.parseInt(words[2]));
          default -> throw new IllegalArgumentException(line);
        }
      }
    }
  }

  private static RemoteEntry entry(
      RemoteNode node, Endpoint endpoint, String name, long id, int rank) {
    return new RemoteEntry(node.node(), id, name, endpoint, rank, Map.of(), Map.of());
  }

  /** Publishes and withdraws fifty again and again; those with an even number stay in the end. */
  private static void churn(RemoteNode node, Endpoint endpoint, String name, int times) {
    int services = 50;
    for (int i = 0; i < times; i++) {
      for (int id = 1; id <= services; id++) {
        node.publish(entry(node, endpoint, name, id, i));
      }
      for (int id = 1; id <= services; id++) {
        if (i < times - 1 || id % 2 == 1) {
          node.withdraw(node.node() + "/" + id);
        }
      }
      // Each round comes to the servers, and is not undone before.
      await(node);
    }
    say("churned");
  }

  private static void await(RemoteNode node) {
    RemoteDTO seen = node.describe();
    while (!seen.connected()
        || seen.entries().stream().anyMatch(each -> each.state() == RemoteEntryDTO.State.PENDING)) {
      seen = node.describe();
    }
  }

  static void say(String line) {
    System.out.println(System.nanoTime() + " " + line);
  }

  private static final class Saying implements EntryWatcher {
    @Override
    public void added(RemoteEntry entry) {
      say("added " + entry.key());
    }

    @Override
    public void changed(RemoteEntry old, RemoteEntry entry) {
      say("changed " + entry.key());
    }

    @Override
    public void removed(RemoteEntry entry) {
      say("removed " + entry.key());
    }
  }
}
