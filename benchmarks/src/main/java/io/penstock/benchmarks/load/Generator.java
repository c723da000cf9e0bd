// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.benchmarks.server.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A process that puts a load on servers. For each line of standard input it answers with one:
 *
 * <ul>
 *   <li>{@code connect ADDRESS COUNT}: connects, for what follows; answers 0
 *   <li>{@code closed MILLIS}: as {@link Requests#closed}
 *   <li>{@code open PER-SECOND MILLIS}: as {@link Requests#open}
 *   <li>{@code disconnect}: answers 0
 *   <li>{@code churn ADDRESS THREADS MILLIS}: connections a second
 *   <li>{@code handshakes ADDRESS THREADS MILLIS FOLDER}: connections with TLS a second
 *   <li>{@code hold ADDRESS COUNT FOLDER}: connects with TLS, and stays so; answers the count
 * </ul>
 */
public final class Generator {
  private final List<Socket> held = new ArrayList<>();
  private @Nullable Requests requests;

  private Generator() {}

  /** Answers until its input ends. */
  public static void main(String[] arguments) throws Exception {
    Generator generator = new Generator();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line; (line = input.readLine()) != null; ) {
      System.out.println(generator.answer(List.of(line.split(" ", -1))));
    }
    System.exit(0);
  }

  private static long nanos(String millis) {
    return Long.parseLong(millis) * 1_000_000;
  }

  private Requests connected() {
    if (requests == null) {
      throw new IllegalStateException("asked before 'connect'");
    }
    return requests;
  }

  private String answer(List<String> words) throws Exception {
    return switch (words.get(0)) {
      case "connect" -> {
        requests = new Requests(new Address(words.get(1)), Integer.parseInt(words.get(2)));
        yield "0";
      }
      case "closed" -> connected().closed(nanos(words.get(1)));
      case "open" -> connected().open(Double.parseDouble(words.get(1)), nanos(words.get(2)));
      case "disconnect" -> disconnect();
      case "churn" ->
          String.valueOf(
              Churn.connections(
                  new Address(words.get(1)), Integer.parseInt(words.get(2)), nanos(words.get(3))));
      case "handshakes" ->
          String.valueOf(
              Churn.handshakes(
                  new Address(words.get(1)),
                  Path.of(words.get(4)),
                  Integer.parseInt(words.get(2)),
                  nanos(words.get(3))));
      case "hold" -> {
        held.addAll(
            Churn.hold(
                new Address(words.get(1)), Path.of(words.get(3)), Integer.parseInt(words.get(2))));
        yield String.valueOf(held.size());
      }
      default -> throw new IllegalArgumentException("asked " + words);
    };
  }

  private String disconnect() throws IOException {
    connected().close();
    requests = null;
    return "0";
  }
}
