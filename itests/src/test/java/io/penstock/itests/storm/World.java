// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests.storm;

import io.penstock.error.StreamFault;
import io.penstock.itests.FactoryUser;
import io.penstock.itests.storm.Faults.Kind;
import io.penstock.itests.storm.Step.Action;
import io.penstock.itests.support.Keys;
import io.penstock.itests.support.Log;
import io.penstock.itests.support.TestBundle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** The bundles, the configurations and the lanes, and what each step does to them. */
final class World {
  /** The bundles that come and go. */
  static final List<String> BUNDLES = List.of("impl", "tls", "ssh", "handler", "user");

  /** The bundles of the platform that are restarted. */
  static final List<String> PLATFORM = List.of("scr", "cm", "log");

  private static final Set<String> ALWAYS = Set.of("impl", "scr");

  private final BundleContext context;
  private final Faults faults;
  private final Map<String, Unit> units = new LinkedHashMap<>();
  private final List<Lane> lanes = new ArrayList<>();
  private final Plumbing plumbing;
  private final Echoes echoes;

  World(BundleContext context, Path sockets, Keys keys, Faults faults) throws Exception {
    this.context = context;
    this.faults = faults;
    echoes = new Echoes(faults);
    unit("impl", "io.penstock.impl", null);
    unit("tls", "io.penstock.tls", null);
    unit("ssh", "io.penstock.ssh", null);
    unit(
        "handler",
        "storm.handler",
        TestBundle.named("storm.handler")
            .header("Service-Component", "OSGI-INF/handler.xml")
            .with("OSGI-INF/handler.xml", StormHandler.DESCRIPTION)
            .with(StormHandler.class));
    TestBundle user = TestBundle.named("storm.user").activator(FactoryUser.class);
    for (Class<?> nested : FactoryUser.class.getDeclaredClasses()) {
      user.with(nested);
    }
    unit("user", "storm.user", user);
    unit("scr", "org.apache.felix.scr", null);
    unit("cm", "org.apache.felix.configadmin", null);
    // Equinox has a log service of its own, which cannot be restarted; Karaf has Pax Logging.
    unit("log", "org.apache.felix.log", null);
    unit("paxlog", "org.ops4j.pax.logging.pax-logging-log4j2", null);
    plumbing =
        new Plumbing(context, units.get("user"), sockets, keys, echoes.server(), echoes.server());
    lane("pipe");
    lane("channel");
    lane("listener", "user");
    lane("relay", "user", "handler");
    lane("tcp", "user", "handler");
    lane("unix", "user", "handler");
    lane("tls", "user", "handler", "tls");
    lane("ssh", "user", "handler", "ssh");
  }

  private void unit(String name, String symbolicName, TestBundle source) {
    units.put(name, new Unit(context, symbolicName, source));
  }

  private void lane(String name, String... needs) {
    Set<String> all = new HashSet<>(ALWAYS);
    all.addAll(List.of(needs));
    lanes.add(new Lane(name, all, () -> plumbing.dial(name), faults));
  }

  /** Configures and starts everything, and returns once all lanes move bytes. */
  void start() throws Exception {
    plumbing.configure();
    for (String each : BUNDLES) {
      units.get(each).start();
    }
    echoes.accept(plumbing::listener);
    lanes.forEach(Lane::start);
    settle(lanes, Map.of());
  }

  /** Does one step, and returns once its consequences were seen. */
  void play(Step step) throws Exception {
    Map<Lane, Long> before = new LinkedHashMap<>();
    lanes.forEach(each -> before.put(each, each.serial()));
    switch (step.action()) {
      case TUNE -> {
        if (units.get("cm").up()) {
          plumbing.tune(step.target(), step.value());
        }
        settle(List.of(), before);
        renewSome(step);
      }
      case SPOIL -> spoil(step);
      case MOVE, RENEW -> change(step, before);
      default -> live(step, before);
    }
  }

  /** New connections come after a change as well. */
  private void renewSome(Step step) throws InterruptedException {
    for (Lane lane : lanes) {
      if (up(lane) && (lane.name().equals(step.target()) || step.value() % 4 == 0)) {
        long whole = lane.whole();
        lane.awaitLater(lane.askEnd());
        if (lane.whole() == whole) {
          faults.report(Kind.DROPPED, lane.name() + " was not whole after " + step, null);
        }
        faults.check();
      }
    }
  }

  private void spoil(Step step) throws Exception {
    Lane lane = lane(step);
    if (!up(lane)) {
      // There are no last good values to stay.
      return;
    }
    final String there = plumbing.reached(step.target());
    Map<Lane, Long> before = new LinkedHashMap<>();
    lanes.forEach(each -> before.put(each, each.serial()));
    try (Log log = new Log(context)) {
      Map.Entry<String, String> bad = plumbing.spoil(step.target(), step.value());
      log.await(bad.getKey(), bad.getValue());
    } catch (AssertionError notRefused) {
      faults.report(Kind.VALUE, step + " was not refused", notRefused);
    }
    settle(List.of(), before);
    if (!step.target().equals("pipe") && !step.target().equals("channel")) {
      renewSome(step);
    }
    if (!plumbing.reached(step.target()).equals(there)) {
      faults.report(
          Kind.VALUE,
          step + " has moved " + there + " to " + plumbing.reached(step.target()),
          null);
    }
    plumbing.put(step.target());
    settle(List.of(), Map.of());
  }

  private void change(Step step, Map<Lane, Long> before) throws Exception {
    Lane lane = lane(step);
    lane.disturbed(true);
    if (step.action() == Action.MOVE) {
      plumbing.move(step.target());
    } else {
      plumbing.remove(step.target());
      await(step + ": to go", () -> plumbing.reached(step.target()).isEmpty());
      plumbing.again(step.target());
    }
    if (up(lane)) {
      await(step + ": to be there", () -> plumbing.moved(step.target()));
    }
    settle(List.of(lane), before);
  }

  private void live(Step step, Map<Lane, Long> before) throws Exception {
    Unit unit = units.get(step.target());
    if (step.target().equals("log") && !unit.installed()) {
      unit = units.get("paxlog");
    }
    boolean idle = step.action() == Action.START ? unit.up() : !unit.up() || !unit.installed();
    // A user that is started finds the services that it asks for, or does not start.
    boolean starts = step.action() != Action.STOP && step.action() != Action.UNINSTALL;
    if (idle || step.target().equals("user") && starts && !units.get("impl").up()) {
      return;
    }
    List<Lane> reached =
        lanes.stream().filter(each -> each.needs().contains(step.target())).toList();
    reached.forEach(each -> each.disturbed(true));
    List<Future<?>> waiters =
        List.of("impl", "scr", "user").contains(step.target()) && step.action() != Action.START
            ? waiters()
            : List.of();
    switch (step.action()) {
      case RESTART -> {
        unit.stop();
        unit.start();
      }
      case REFRESH -> unit.refresh();
      case UPDATE -> unit.update();
      case STOP -> unit.stop();
      case UNINSTALL -> unit.uninstall();
      default -> unit.start();
    }
    for (Future<?> each : waiters) {
      typed(step, each);
    }
    settle(reached, before);
  }

  /** What the user's threads wait for. */
  private List<Future<?>> waiters() throws Exception {
    List<Future<?>> waiters = new ArrayList<>();
    for (ServiceReference<?> each : context.getServiceReferences(Future.class, "(test.made=*)")) {
      waiters.add((Future<?>) context.getService(each));
      context.ungetService(each);
    }
    return waiters;
  }

  private void typed(Step step, Future<?> waiter) throws InterruptedException {
    try {
      waiter.get(Lane.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      faults.report(Kind.UNTYPED, "a waiting call just returned after " + step, null);
    } catch (ExecutionException failure) {
      if (!(failure.getCause() instanceof StreamFault)) {
        faults.report(Kind.UNTYPED, step + " failed with " + failure.getCause(), failure);
      }
    } catch (java.util.concurrent.TimeoutException late) {
      faults.report(Kind.HANG, "a call of the user waits on after " + step, late);
    }
  }

  /**
   * Sees to it that lanes that were not reached go on, those that were begin again, and those that
   * lack something have ended.
   */
  private void settle(Collection<Lane> reached, Map<Lane, Long> before) {
    for (Lane lane : lanes) {
      if (!reached.contains(lane) && up(lane)) {
        lane.awaitOn(before.getOrDefault(lane, lane.serial()));
      }
    }
    for (Lane lane : reached) {
      if (up(lane)) {
        lane.awaitLater(lane.askEnd());
        lane.disturbed(false);
      } else {
        lane.awaitIdle();
      }
    }
    faults.check();
  }

  /** Stops everything of ours, lanes first. */
  void stop() throws Exception {
    lanes.forEach(each -> each.disturbed(true));
    lanes.forEach(Lane::suspend);
    lanes.forEach(Lane::awaitIdle);
    List<String> backwards = new ArrayList<>(BUNDLES);
    java.util.Collections.reverse(backwards);
    for (String each : backwards) {
      if (units.get(each).up()) {
        units.get(each).stop();
      }
    }
    faults.check();
  }

  /** Starts everything again. */
  void resume() throws Exception {
    for (String each : BUNDLES) {
      units.get(each).start();
    }
    lanes.forEach(Lane::resume);
    settle(lanes, Map.of());
  }

  Collection<Unit> units() {
    return units.values();
  }

  List<Lane> lanes() {
    return lanes;
  }

  void close() throws Exception {
    for (Lane each : lanes) {
      each.close();
    }
    plumbing.delete();
    echoes.close();
    for (String each : List.of("user", "handler")) {
      if (units.get(each).installed()) {
        units.get(each).uninstall();
      }
    }
    for (String each : BUNDLES.subList(0, 3)) {
      units.get(each).start();
    }
  }

  private boolean up(Lane lane) {
    return lane.needs().stream().allMatch(each -> units.get(each).up());
  }

  private Lane lane(Step step) {
    return lanes.stream()
        .filter(each -> each.name().equals(step.target()))
        .findFirst()
        .orElseThrow();
  }

  private void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + Lane.PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      faults.check();
      if (System.nanoTime() > end) {
        faults.report(Kind.HANG, what, null);
      }
      new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
    }
  }
}
