// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;

/**
 * A network of its own on this machine, joined to the rest by one pair of devices. While it is cut
 * off, packets vanish without a word, as they do where a cable breaks.
 */
public final class Namespace implements Closeable {
  private final String id = UUID.randomUUID().toString().substring(0, 5);
  private final String space = "penstock-" + id;
  private final String outside = "pso" + id;
  private final String inside = "psi" + id;
  // Of the range for documentation, which nobody uses.
  private final int net = 4 * (int) (ProcessHandle.current().pid() % 60);

  private Namespace() {}

  /** Makes one; the test is skipped where that is not possible. */
  public static Namespace make() throws InterruptedException {
    Namespace made = new Namespace();
    try {
      made.begin();
    } catch (RuntimeException | Error e) {
      made.close();
      throw e;
    }
    return made;
  }

  private void begin() throws InterruptedException {
    Assumptions.assumeTrue(
        run("ip", "netns", "add", space) == 0,
        "network namespaces cannot be made here; it takes iproute2 and the rights of root");
    Assumptions.assumeTrue(
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside) == 0,
        "pairs of network devices cannot be made here");
    must("ip", "link", "set", inside, "netns", space);
    must("ip", "addr", "add", here() + "/30", "dev", outside);
    must("ip", "link", "set", outside, "up");
    must("ip", "netns", "exec", space, "ip", "addr", "add", there() + "/30", "dev", inside);
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "up");
    must("ip", "netns", "exec", space, "ip", "link", "set", "lo", "up");
  }

  /** The address outside, which both sides reach. */
  public String here() {
    return "198.51.100." + (net + 1);
  }

  /** The address inside, which both sides reach. */
  public String there() {
    return "198.51.100." + (net + 2);
  }

  /** What a command begins with that is to run inside. */
  public List<String> inside() {
    return List.of("ip", "netns", "exec", space);
  }

  /** The device inside goes down: neither side hears of it. */
  public void cut() throws InterruptedException {
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "down");
  }

  /** The device inside comes up again; nothing changes if it is up. */
  public void heal() throws InterruptedException {
    must("ip", "netns", "exec", space, "ip", "link", "set", inside, "up");
  }

  private static int run(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int code = process.waitFor();
      if (code != 0) {
        System.out.println(String.join(" ", command) + ": " + said);
      }
      return code;
    } catch (IOException e) {
      return -1;
    }
  }

  private static void must(String... command) throws InterruptedException {
    assertEquals(0, run(command), String.join(" ", command));
  }

  /** Removes it. */
  @Override
  public void close() {
    try {
      int unused = run("ip", "link", "del", outside);
      unused = run("ip", "netns", "del", space);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
