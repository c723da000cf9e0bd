// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.posix;

import io.penstock.error.NotSupportedException;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds out, when it is first asked, what can make the system's calls: {@code java.lang.foreign},
 * then JNA. Where neither can, what needs a call says so, and everything else works. Safe for use
 * by any thread.
 */
public final class PosixAccess {
  /** The framework or system property that asks for one mode. */
  public static final String PROPERTY = "io.penstock.native";

  /** What to ask for when nothing is asked for. */
  public static final String AUTO = "auto";

  private static final Logger LOG = Messages.log("native");

  /** The first Java with the final form of foreign calls. */
  private static final int FOREIGN_SINCE = 22;

  private static final String FOREIGN_CLASS = "io.penstock.impl.posix.ForeignPosix";

  /** How calls are made. */
  public enum Mode {
    /** By {@code java.lang.foreign}, from Java 22 on. */
    FOREIGN("foreign"),
    /** By the bundle {@code com.sun.jna}. */
    JNA("jna"),
    /** Not at all. */
    NONE("none");

    private final String text;

    Mode(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private record Found(Mode mode, @Nullable Posix calls, String why) {}

  /** Makes what makes calls; whatever it throws says that it cannot. */
  @FunctionalInterface
  interface Maker {
    Posix make() throws ReflectiveOperationException;
  }

  private final String wish;
  private final Maker foreign;
  private final Level level;
  private final ReentrantLock asking = new ReentrantLock();
  private final CompletableFuture<Found> found = new CompletableFuture<>();
  private final Splices splices = new Splices();

  /**
   * Finds out later.
   *
   * @param wish {@code auto}, {@code foreign}, {@code jna} or {@code none}; null is {@code auto},
   *     anything else is reported and taken as {@code auto}
   */
  public PosixAccess(@Nullable String wish) {
    this(wish, PosixAccess::foreign);
  }

  /**
   * The same for a program of its own, in which no operator reads the log: what was found is told
   * at DEBUG, and only a wish that cannot be met is an error.
   */
  public static PosixAccess quiet(@Nullable String wish) {
    return new PosixAccess(wish, PosixAccess::foreign, Level.DEBUG);
  }

  /**
   * For tests.
   *
   * @param foreign makes calls in the mode {@code foreign}
   */
  PosixAccess(@Nullable String wish, Maker foreign) {
    this(wish, foreign, Level.INFO);
  }

  private PosixAccess(@Nullable String wish, Maker foreign, Level level) {
    String text = wish == null ? AUTO : wish.strip();
    if (!text.equals(AUTO) && mode(text) == null) {
      LOG.log(
          Level.ERROR,
          "{0}={1} is not allowed; expected auto, foreign, jna or none; taken as auto",
          PROPERTY,
          text);
      text = AUTO;
    }
    this.wish = text;
    this.foreign = foreign;
    this.level = level;
  }

  /** Makes calls in a way that was found already. */
  PosixAccess(Mode mode, Posix calls) {
    this.wish = mode.text;
    this.foreign = () -> calls;
    this.level = Level.INFO;
    found.complete(new Found(mode, calls, ""));
  }

  private static @Nullable Mode mode(String text) {
    for (Mode mode : Mode.values()) {
      if (mode.text.equals(text)) {
        return mode;
      }
    }
    return null;
  }

  /** What was asked for. */
  public String wish() {
    return wish;
  }

  /** How calls are made; the first to ask pays for finding out. */
  public Mode mode() {
    return found().mode;
  }

  /** The calls; null where there are none. */
  public @Nullable Posix calls() {
    return found().calls;
  }

  /**
   * The calls.
   *
   * @param stream the name of the stream that needs them
   * @param operation for what
   * @throws NotSupportedException if nothing can make them; it says why, and what to do about it
   */
  public Posix calls(String stream, String operation) throws NotSupportedException {
    Found present = found();
    if (present.calls == null) {
      throw new NotSupportedException(
          stream,
          operation + " without native calls",
          cure() + " (" + PROPERTY + "=" + wish + "; " + present.why + ")");
    }
    return present.calls;
  }

  private static String cure() {
    if (!Linux.isHere()) {
      return "it takes Linux on x86-64 or AArch64";
    }
    return "run on Java 22 or later with --enable-native-access=ALL-UNNAMED, or install the bundle"
        + " com.sun.jna 5.19 or later";
  }

  /** The directions of relays that move bytes without copies. */
  public Splices splices() {
    return splices;
  }

  /** Completes with the mode as soon as somebody has asked for it. */
  public CompletionStage<Mode> known() {
    return found.thenApply(Found::mode);
  }

  private Found found() {
    if (!found.isDone()) {
      // Another thread may be loading the classes that it takes. A thread that fails for want of
      // memory or of threads leaves it to the next: this may be a matter of a moment.
      asking.lock();
      try {
        if (!found.isDone()) {
          found.complete(probe());
        }
      } finally {
        asking.unlock();
      }
    }
    return found.join();
  }

  private Found probe() {
    List<String> reasons = new ArrayList<>();
    if (wish.equals(AUTO) || wish.equals(Mode.FOREIGN.text)) {
      Posix calls = attempt(Mode.FOREIGN, foreign, reasons);
      if (calls != null) {
        return say(new Found(Mode.FOREIGN, calls, ""));
      }
    }
    if (wish.equals(AUTO) || wish.equals(Mode.JNA.text)) {
      Posix calls = attempt(Mode.JNA, JnaPosix::new, reasons);
      if (calls != null) {
        return say(new Found(Mode.JNA, calls, ""));
      }
    }
    String why = reasons.isEmpty() ? "as asked for" : String.join("; ", reasons);
    return say(new Found(Mode.NONE, null, why));
  }

  private Found say(Found present) {
    if (present.calls != null) {
      LOG.log(level, "native calls by {0}", present.mode);
    } else if (wish.equals(AUTO) || wish.equals(Mode.NONE.text)) {
      LOG.log(level, "no native calls: {0}", present.why);
    } else {
      LOG.log(
          Level.ERROR,
          "{0}={1} cannot be had, so there are no native calls: {2}; {3}",
          PROPERTY,
          wish,
          present.why,
          cure());
    }
    return present;
  }

  private static Posix foreign() throws ReflectiveOperationException {
    return Class.forName(FOREIGN_CLASS)
        .asSubclass(Posix.class)
        .getDeclaredConstructor()
        .newInstance();
  }

  /** Returns null, with a reason, when a first call does not do what it should. */
  private static @Nullable Posix attempt(Mode mode, Maker maker, List<String> reasons) {
    try {
      if (!Linux.isHere()) {
        reasons.add(mode + ": not on this system");
        return null;
      }
      Posix calls = maker.make();
      int answer = calls.fcntl(-1, Linux.F_GETFD, 0);
      if (answer == -Linux.EBADF) {
        // The first is variadic, and this one is not: some can make calls of one type only.
        answer = calls.close(-1);
      }
      if (answer == -Linux.EBADF) {
        return calls;
      }
      reasons.add(mode + ": a first call answered " + answer + " in place of " + -Linux.EBADF);
    } catch (InvocationTargetException | ExceptionInInitializerError e) {
      reasons.add(mode + ": " + reason(e.getCause() == null ? e : e.getCause()));
    } catch (VirtualMachineError e) {
      throw e;
    } catch (ReflectiveOperationException | RuntimeException | Error e) {
      // Not there, too new for this Java, forbidden, or of another version than the system's
      // library.
      reasons.add(needs(mode, e));
    }
    LOG.log(Level.DEBUG, "{0} makes no native calls", mode);
    return null;
  }

  /** In words what the usual reasons mean, which are no failures. */
  private static String needs(Mode mode, Throwable failure) {
    if (mode == Mode.FOREIGN && Runtime.version().feature() < FOREIGN_SINCE) {
      return mode + " needs Java " + FOREIGN_SINCE + " or later";
    }
    if (mode == Mode.JNA && failure.getCause() instanceof ClassNotFoundException) {
      return mode + " needs the bundle com.sun.jna";
    }
    return mode + ": " + reason(failure);
  }

  private static String reason(Throwable failure) {
    // The next caller hears why it failed at first.
    Throwable first =
        failure.getCause() instanceof ExceptionInInitializerError earlier ? earlier : failure;
    String message = first.getMessage() == null ? "" : first.getMessage().strip();
    return (first.getClass().getSimpleName() + " " + message.lines().findFirst().orElse(""))
        .strip();
  }
}
