// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.HandleLimitException;
import io.penstock.impl.kind.Peers;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Terminator;
import io.penstock.stream.Wait;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A program with few descriptors that starts more children than there are descriptors for, several
 * at a time, and says what comes of it.
 */
final class ScarceChildren {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));
  private static final ChannelOptions DEFAULTS = ChannelOptions.defaults();
  private static final int STARTERS = 4;
  private static final int ROUNDS = 12;
  private static final int EACH = 12;

  private final Penstock penstock;
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();

  private ScarceChildren(Penstock penstock) {
    this.penstock = penstock;
  }

  /** Says what has happened, line by line. */
  public static void main(String[] args) throws Exception {
    String standardInput = first();
    try (Penstock penstock = Penstock.open()) {
      ScarceChildren all = new ScarceChildren(penstock);
      // What is made or loaded once.
      all.round(0, 1);
      all.fill();
      List<Thread> starters = new ArrayList<>();
      for (int i = 0; i < STARTERS; i++) {
        int number = i;
        starters.add(new Thread(() -> all.storm(number)));
      }
      starters.forEach(Thread::start);
      for (Thread each : starters) {
        each.join();
      }
      System.out.println("refused: " + (all.refused.get() > 0));
      System.out.println("answered: " + (all.answered.get() > 0));
      System.out.println("wrong: " + all.wrong.get());
      System.out.println("descriptor 0: " + first().equals(standardInput));
      int before = all.answered.get();
      all.round(99, 4);
      System.out.println("afterwards: " + (all.answered.get() - before));
    }
    // The reserve for the JDK's starts stays, and nothing else: no pipe of any child.
    Peers.eventually("no pipe of a child is open", () -> pipes() == 0);
    System.out.println("pipes: " + pipes());
  }

  private static String first() throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/0")).toString();
  }

  private static long pipes() {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(each -> !each.endsWith("1") && !each.endsWith("2"))
          .filter(ScarceChildren::isPipe)
          .count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isPipe(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("pipe:");
    } catch (IOException e) {
      return false;
    }
  }

  /** Tries each number of free descriptors, from none on. */
  private void fill() throws IOException {
    List<FileInputStream> all = new ArrayList<>();
    try {
      while (true) {
        all.add(new FileInputStream("/dev/null"));
      }
    } catch (FileNotFoundException e) {
      while (!all.isEmpty()) {
        round(all.size(), 1);
        all.remove(all.size() - 1).close();
      }
    }
  }

  private void storm(int starter) {
    for (int i = 0; i < ROUNDS; i++) {
      round(1000 * (starter + 1) + i, EACH);
    }
  }

  /** Starts children and has each say its own name. */
  private void round(int number, int count) {
    List<Channel> children = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        try {
          children.add(penstock.channels().open(Endpoint.parse("exec:cat"), DEFAULTS, SOON));
        } catch (HandleLimitException e) {
          refused.incrementAndGet();
        }
      }
      for (Channel each : children) {
        String name = "I am " + number + " " + children.indexOf(each);
        each.sink().writeFully(UTF_8.encode(name + "\n"), SOON);
        String answer = each.source().readLine(UTF_8, 1000, Terminator.STRIP, SOON);
        if (name.equals(answer)) {
          answered.incrementAndGet();
        } else {
          wrong.incrementAndGet();
        }
      }
    } catch (IOException e) {
      e.printStackTrace();
      wrong.incrementAndGet();
    } finally {
      for (Channel each : children) {
        try {
          each.close();
        } catch (IOException e) {
          e.printStackTrace();
          wrong.incrementAndGet();
        }
      }
    }
  }
}
