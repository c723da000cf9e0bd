// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.itests.storm.Faults.Kind;
import io.penstock.itests.support.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.framework.BundleContext;

/** Plays steps and counts what is left of them. */
final class Storm {
  private static final long WATCH_MILLIS = 500;
  private static final long STEP_NANOS = Lane.PATIENCE.multipliedBy(4).toNanos();

  /** A fault that is planted, to show that it is found. */
  enum Plant {
    /** Nothing is planted. */
    NONE,
    /** Something holds a service of an implementation that has gone. */
    LEAK,
    /** A change of a value that applies to live objects cuts a connection. */
    DROP,
    /** Two threads wait for each other. */
    DEADLOCK
  }

  private final BundleContext context;
  private final Path folder;
  private final List<Step> steps;
  private final int between;
  private final Plants plants;
  private final Duration patience;
  private final Faults faults = new Faults();
  private final AtomicInteger played = new AtomicInteger();
  private final AtomicLong since = new AtomicLong(System.nanoTime());
  private final CompletableFuture<String> done = new CompletableFuture<>();

  /**
   * A storm.
   *
   * @param folder an empty one, with a short path
   * @param between after how many steps what is left is counted, and at the end
   */
  Storm(BundleContext context, Path folder, List<Step> steps, int between, Plant plant) {
    this.context = context;
    this.folder = folder;
    this.steps = steps;
    this.between = between;
    plants = new Plants(plant, context);
    // What is planted stays for good.
    patience = plant == Plant.NONE ? Lane.PATIENCE : Duration.ofSeconds(3);
  }

  /**
   * Plays it.
   *
   * @return what was done, in words
   * @throws Faults.Found with the first fault
   */
  String play() throws InterruptedException {
    Thread thread = new Thread(this::run, "storm");
    thread.setDaemon(true);
    thread.start();
    try {
      CountDownLatch never = new CountDownLatch(1);
      while (!done.isDone()) {
        never.await(WATCH_MILLIS, TimeUnit.MILLISECONDS);
        faults.lookForDeadlock();
        if (System.nanoTime() - since.get() > STEP_NANOS) {
          faults.report(Kind.HANG, "the step does not end", null);
        }
        if (faults.found() != null) {
          break;
        }
      }
      // A step that waits sees the fault and ends.
      thread.join(Lane.PATIENCE.toMillis());
      Faults.Found found = faults.found();
      if (found != null) {
        throw new Faults.Found(found.kind(), found.getMessage() + replay(), found);
      }
      return done.join();
    } finally {
      plants.remove();
    }
  }

  private String replay() {
    List<Step> those = steps.subList(0, Math.min(played.get() + 1, steps.size()));
    return "\nsteps: " + String.join(",", those.stream().map(Step::toString).toList());
  }

  private void run() {
    try {
      Path sockets = Files.createDirectory(folder.resolve("s"));
      World world = new World(context, sockets, keys(), faults);
      try {
        done.complete(run(world, sockets));
      } finally {
        world.close();
      }
    } catch (Faults.Found found) {
      faults.report(found.kind(), found.getMessage(), found);
      done.completeExceptionally(found);
    } catch (Exception | Error problem) {
      faults.report(Kind.STORM, step() + ": " + problem, problem);
      done.completeExceptionally(problem);
    }
  }

  private String run(World world, Path sockets) throws Exception {
    world.start();
    // What the JDK and the platform keep for good after the first use is no leak.
    for (Step each : Step.parse("restart scr 0,restart cm 0,restart log 0,refresh impl 0")) {
      world.play(each);
    }
    world.stop();
    Census census = new Census(context, sockets);
    world.resume();
    for (int i = 0; i < steps.size(); i++) {
      played.set(i);
      since.set(System.nanoTime());
      plants.before(steps.get(i), world);
      world.play(steps.get(i));
      faults.check();
      // Of a long storm it tells where it is, and which steps take long.
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since.get());
      System.out.println("storm: " + (i + 1) + ", " + steps.get(i) + ", " + millis + " ms");
      if ((i + 1) % between == 0 || i + 1 == steps.size()) {
        count(world, census);
      }
    }
    long whole = world.lanes().stream().mapToLong(Lane::whole).sum();
    long cut = world.lanes().stream().mapToLong(Lane::cut).sum();
    return "%d steps, %d streams whole, %d cut".formatted(steps.size(), whole, cut);
  }

  private void count(World world, Census census) throws Exception {
    since.set(System.nanoTime());
    world.stop();
    System.out.println("storm: counts what is left after step " + (played.get() + 1));
    List<String> left = census.left(world.units(), patience);
    if (!left.isEmpty()) {
      faults.report(Kind.LEFT, String.join("; ", left), null);
      faults.check();
    }
    world.resume();
  }

  private String step() {
    return played.get() < steps.size() ? steps.get(played.get()).toString() : "the end";
  }

  private Keys keys() throws IOException, InterruptedException {
    Process keygen =
        new ProcessBuilder(
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                folder.resolve("key").toString())
            .inheritIO()
            .start();
    if (!keygen.waitFor(60, TimeUnit.SECONDS) || keygen.exitValue() != 0) {
      keygen.destroyForcibly();
      throw new IOException("ssh-keygen made no key");
    }
    return Keys.selfSigned(folder);
  }

  /** A plant by its name. */
  static Plant plant(String name) {
    return Plant.valueOf(name.toUpperCase(Locale.ROOT));
  }
}
