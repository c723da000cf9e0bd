// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.impl.engine.Backoff;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.runtime.Reporting;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.PenstockEvent;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one factory configuration keeps alive: an object that has the configuration's name, lives
 * again after its end, and is tried again while it cannot be.
 *
 * <p>Everything but {@link #stop} happens on one serial executor, so that no step needs a lock
 * against another, and neither activation nor anybody's call waits for it.
 *
 * @param <S> the values
 * @param <T> the object
 */
abstract class Configured<S, T> implements Reporting {
  static final System.Logger LOG = Messages.log("config");
  static final Duration RETRY_MIN = Duration.ofMillis(100);
  static final Duration RETRY_MAX = Duration.ofSeconds(30);

  final Engine engine;
  final Slot<T> slot = new Slot<>();

  private final String pid;
  private final Names names;
  private final Executor serial;
  private final Backoff backoff = new Backoff(() -> ThreadLocalRandom.current().nextDouble());
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock, because stopping takes them from another thread.
  private Names.@Nullable Claim claim;
  private @Nullable Future<?> retry;
  private boolean stopped;
  // Only on the serial executor.
  private volatile @Nullable String complaint;
  private final Set<String> warnings = new HashSet<>();
  private long since;
  private volatile boolean living;
  private volatile int failures;
  private volatile long absentSince;

  private volatile @Nullable S settings;

  /** Nothing is alive before {@link #configure}. */
  Configured(Engine engine, Names names, String pid) {
    this.engine = engine;
    this.names = names;
    this.pid = pid;
    this.serial = engine.serial();
  }

  // ---- what a kind of object does; all on the serial executor

  /** The name that values ask for. */
  abstract String name(S values);

  /** Makes the object; called whenever there is none and the name is ours. */
  abstract void begin();

  /**
   * Takes changed values of the same name.
   *
   * @return the values that hold from now on: the old ones if the new ones are refused
   */
  abstract S changed(S old, S next);

  /**
   * Closes an object; on any thread, and waits for nobody else.
   *
   * @param graceful whether what was accepted may still be delivered in the background
   */
  abstract void discard(T object, boolean graceful);

  /** Hears that it could not even be tried, as while a bundle is updated. */
  void hindered(String why) {}

  /** Lets go of what else there is, after the object. */
  void stopped() {}

  // ---- life

  /** Takes values: the first ones bring the object to life, later ones change it. */
  final void configure(S next) {
    serially(() -> apply(next));
  }

  /** Ends everything before it returns, as far as nobody else has to be waited for. */
  final void stop(boolean graceful) {
    Names.Claim mine;
    Future<?> waiting;
    lock.lock();
    try {
      stopped = true;
      mine = claim;
      claim = null;
      waiting = retry;
      retry = null;
    } finally {
      lock.unlock();
    }
    if (waiting != null) {
      waiting.cancel(false);
    }
    engine.delist(this);
    try {
      slot.close(gone -> discard(gone, graceful));
    } finally {
      stopped();
      if (mine != null) {
        mine.release();
      }
    }
  }

  /** Tries now instead of later, because something that was missing may be there. */
  final void hurry() {
    serially(
        () -> {
          if (cancelRetry() && slot.get() == null) {
            tryBegin();
          }
        });
  }

  private void claimName() {
    String name = name(settings());
    Names.Claim made = names.claim(name, pid, () -> serially(() -> granted(name)));
    lock.lock();
    try {
      if (!stopped) {
        claim = made;
      }
    } finally {
      lock.unlock();
    }
    if (isStopped()) {
      made.release();
      return;
    }
    made.rival()
        .ifPresentOrElse(
            rival ->
                LOG.log(
                    Level.WARNING,
                    "{0}: the name ''{1}'' is refused, because {2} has it; it is given over when"
                        + " that goes",
                    pid,
                    name,
                    rival),
            this::beginAfresh);
  }

  private void granted(String name) {
    // It may ask for another one by now.
    if (isNamed() && name(settings()).equals(name)) {
      LOG.log(Level.INFO, "{0} has the name ''{1}'' now", pid, name);
      beginAfresh();
    }
  }

  private void beginAfresh() {
    backoff.reset();
    complaint = null;
    failures = 0;
    if (slot.get() == null) {
      tryBegin();
    }
  }

  /** Begins; what a bundle's stop or update makes impossible is tried again after a while. */
  private void tryBegin() {
    if (!isNamed()) {
      // It was renamed meanwhile, and begins when it has the new name.
      return;
    }
    try {
      begin();
    } catch (IllegalStateException | LinkageError e) {
      String why = hindrance(e);
      hindered(why);
      complain(Level.WARNING, pid + ": " + why + "; trying again until it succeeds");
      LOG.log(Level.DEBUG, "{0}: could not begin", pid, e);
      later(RETRY_MIN, RETRY_MAX);
    }
  }

  private static String hindrance(Throwable e) {
    return e instanceof LinkageError
        ? "a class cannot be loaded, as while a bundle is updated: " + e.getMessage()
        : String.valueOf(e.getMessage());
  }

  private void apply(S next) {
    S old = settings;
    if (old == null) {
      absentSince = System.currentTimeMillis();
      settings = next;
      engine.enlist(this);
      if (isStopped()) {
        engine.delist(this);
      }
      claimName();
      return;
    }
    if (old.equals(next)) {
      return;
    }
    warnings.clear();
    if (!name(old).equals(name(next))) {
      settings = next;
      cancelRetry();
      slot.take(gone -> discard(gone, true));
      died();
      Names.Claim mine = takeClaim();
      if (mine != null) {
        mine.release();
      }
      claimName();
      return;
    }
    settings = next;
    S holds;
    try {
      holds = changed(old, next);
    } catch (IllegalStateException | LinkageError e) {
      LOG.log(
          Level.ERROR,
          "{0}: the change is refused: {1}; the last good values stay",
          pid,
          LogField.cause(hindrance(e)));
      LOG.log(Level.DEBUG, "{0}: could not change", pid, e);
      holds = old;
    }
    settings = holds;
    if (holds.equals(next)) {
      tell(PenstockEvent.Type.RECONFIGURED, null);
    }
    if (slot.get() == null && isNamed()) {
      // A change has taken it out.
      died();
      cancelRetry();
      beginAfresh();
    }
  }

  private Names.@Nullable Claim takeClaim() {
    lock.lock();
    try {
      Names.Claim mine = claim;
      claim = null;
      return mine;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it has the name that its values ask for. */
  final boolean isNamed() {
    lock.lock();
    try {
      return claim != null && claim.rival().isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #stop} has begun. */
  final boolean isStopped() {
    lock.lock();
    try {
      return stopped;
    } finally {
      lock.unlock();
    }
  }

  // ---- for operators

  @Override
  public @Nullable Object thing() {
    return slot.get();
  }

  @Override
  public Optional<AwaitedDTO> awaited() {
    S values = settings;
    if (values == null || (living && slot.get() != null)) {
      return Optional.empty();
    }
    return Optional.of(
        new AwaitedDTO(
            name(values),
            pid,
            kind(),
            absentSince,
            failures,
            Objects.requireNonNullElse(complaint, "")));
  }

  /** What it is, in a word. */
  abstract String kind();

  /** The name that operators know it by. */
  String title(S values) {
    return name(values);
  }

  /** Where it is, without secrets; empty for a pipe. */
  String address(S values) {
    return "";
  }

  // ---- for the subclasses

  final S settings() {
    return Objects.requireNonNull(settings, "nothing was configured");
  }

  /** Whether there are values that could be read. */
  final boolean isConfigured() {
    return settings != null;
  }

  final String pid() {
    return pid;
  }

  /** Runs a step of this configuration's life, unless it has stopped by then. */
  final void serially(Runnable step) {
    serial.execute(
        () -> {
          if (!isStopped()) {
            step.run();
          }
        });
  }

  /** The object has come to life; says so if it had been complained of. */
  final void alive(String how) {
    since = System.nanoTime();
    living = true;
    if (complaint != null) {
      LOG.log(
          Level.INFO,
          "{0}: {1}{2}",
          pid,
          how,
          failures == 0 ? "" : ", after " + failures + (failures == 1 ? " failure" : " failures"));
    }
    failures = 0;
  }

  /**
   * Says once why there is no object; says it again only when the reason is another one.
   *
   * @param why begins with the PID and a colon
   */
  final void complain(Level level, String why) {
    boolean news = note(why);
    // Written on the serial executor only. Where others see a failure, its reason is there, too.
    int before = failures;
    failures = before + 1;
    say(news, level, why);
  }

  /** Says once why the object has come to its end; what follows it begins a count of its own. */
  final void deplore(Level level, String why) {
    say(note(why), level, why);
  }

  private boolean note(String why) {
    boolean news = !Objects.equals(complaint, why);
    complaint = why;
    return news;
  }

  private void say(boolean news, Level level, String why) {
    if (news) {
      LOG.log(level, "{0}: {1}", pid, LogField.cause(why.substring(pid.length() + 2)));
      if (level.getSeverity() > Level.INFO.getSeverity()) {
        tell(PenstockEvent.Type.FAILED, why);
      }
    }
  }

  /** Tells operators of what has happened to it. */
  final void tell(PenstockEvent.Type type, @Nullable String why) {
    if (engine.events().areHeard()) {
      S values = settings();
      engine.events().tellText(type, kind(), title(values), address(values), null, why);
    }
  }

  /** Whether the next address is in use by the listener that the next one takes the place of. */
  static boolean isInItsOwnWay(Exception why, Endpoint present, Endpoint next) {
    return why instanceof AddressException address
        && address.kind() == AddressException.Kind.IN_USE
        && port(present).equals(port(next));
  }

  private static String port(Endpoint endpoint) {
    return endpoint.address().substring(endpoint.address().lastIndexOf(':') + 1);
  }

  /** Says that new values are refused, so that the old ones stay. */
  final void keepsOld(Endpoint refused, Exception why) {
    LOG.log(
        Level.ERROR,
        "{0}: endpoint {1} is refused: {2}; the last good values stay",
        pid,
        LogField.endpoint(refused.name()),
        LogField.cause(Reasons.of(why)));
  }

  /** Warns of what these values say in vain; once, however often they are tried. */
  final void warn(String what) {
    if (warnings.add(what)) {
      LOG.log(Level.WARNING, "{0}: {1}", pid, LogField.cause(what));
    }
  }

  /**
   * The object has come to its end. One that never came to life, such as a channel that could not
   * connect, has not lived, however long ago the one before it did.
   */
  final void died() {
    boolean lived = living;
    living = false;
    if (lived) {
      absentSince = System.currentTimeMillis();
    }
    if (lived && backoff.lived(Duration.ofNanos(System.nanoTime() - since))) {
      complaint = null;
    }
  }

  /** Begins again after a while. */
  final void later(Duration min, Duration max) {
    Duration delay = backoff.next(min, max);
    lock.lock();
    try {
      if (!stopped) {
        retry =
            engine.schedule(
                delay,
                () ->
                    serially(
                        () -> {
                          if (slot.get() == null) {
                            tryBegin();
                          }
                        }));
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean cancelRetry() {
    Future<?> waiting;
    lock.lock();
    try {
      waiting = retry;
      retry = null;
    } finally {
      lock.unlock();
    }
    return waiting != null && waiting.cancel(false);
  }
}
