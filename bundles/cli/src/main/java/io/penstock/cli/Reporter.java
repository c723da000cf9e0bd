// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.Channel;
import io.penstock.relay.Relay;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.spi.Messages;
import io.penstock.stream.Units;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Says on standard error what a relay does. A slow reader of standard error must not slow the relay
 * down, so what the relay tells is printed by a thread of its own, which is there only once there
 * is something to print.
 *
 * <p>Safe for use by any thread: each text is one call of the print stream, which keeps calls
 * apart.
 */
final class Reporter implements RelayObserver, AutoCloseable {
  private static final Duration LIVE_PERIOD = Duration.ofMillis(500);
  private static final Duration PLAIN_PERIOD = Duration.ofSeconds(5);

  /** How long printing the last lines may take when standard error has no reader. */
  private static final long LAST_LINES_SECONDS = 2;

  /** Back to the start of the line, and everything on it deleted. */
  private static final String ERASE = "\r\033[K";

  private final PrintStream err;
  private final boolean live;
  private final boolean verbose;
  private final boolean each;
  private final BooleanSupplier silenced;
  private final ScheduledThreadPoolExecutor printer;
  private final long start = System.nanoTime();

  /** The text of the last progress line; only the printer's thread looks at it. */
  private String shown = "";

  /**
   * Makes one.
   *
   * @param err where to
   * @param terminal whether a line there can be erased
   * @param verbose whether to tell more than failures
   * @param each whether to tell of the failure of a single connection
   * @param silenced whether the program is being stopped, so that failures are only a consequence
   */
  Reporter(
      PrintStream err, boolean terminal, boolean verbose, boolean each, BooleanSupplier silenced) {
    this.err = err;
    this.live = terminal && verbose;
    this.verbose = verbose;
    this.each = each;
    this.silenced = silenced;
    this.printer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "penstock-report");
              thread.setDaemon(true);
              return thread;
            },
            // After the close the program has said what counts: a connection that parts then is
            // only
            // cut by the end of the program.
            new ThreadPoolExecutor.DiscardPolicy());
  }

  /**
   * Prints a line at once, on the calling thread.
   *
   * @param text the line; what would end it is made visible
   */
  void line(String text) {
    err.print((live ? ERASE : "") + Messages.visible(text) + "\n");
    err.flush();
  }

  /**
   * Prints why something failed at once, with the stack trace when asked to be verbose.
   *
   * @param failure why
   */
  void failure(Throwable failure) {
    line("penstock: " + describe(failure));
    if (verbose) {
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      trace
          .toString()
          .lines()
          .forEach(each -> err.print(Messages.visible(each).replace("\\t", "\t") + "\n"));
    }
  }

  /**
   * Tells of progress from now on, when asked to be verbose.
   *
   * @param relay whose
   */
  void follow(Relay relay) {
    if (verbose) {
      long period = (live ? LIVE_PERIOD : PLAIN_PERIOD).toMillis();
      // Ended by close(); it cannot fail but by printing, which a print stream keeps to itself.
      var unused =
          printer.scheduleAtFixedRate(() -> progress(relay), period, period, TimeUnit.MILLISECONDS);
    }
  }

  private void progress(Relay relay) {
    String counts = counts(relay) + (each ? ", " + relay.active() + " active" : "");
    if (live) {
      err.print(ERASE + "penstock: " + counts + ", " + elapsed());
      err.flush();
    } else if (!counts.equals(shown)) {
      line("penstock: " + counts + ", " + elapsed());
    }
    shown = counts;
  }

  /**
   * Says how much went which way, when asked to be verbose.
   *
   * @param relay whose
   */
  void summary(Relay relay) {
    if (verbose) {
      line("penstock: " + counts(relay) + ", " + elapsed());
    }
  }

  @Override
  public void joined(Channel from, Channel to) {
    if (verbose) {
      later(() -> line("penstock: joined " + name(from) + " and " + name(to)));
    }
  }

  @Override
  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
    if (failure != null) {
      if (each) {
        long grace = SharedSignal.mayExplain(failure) ? SharedSignal.GRACE_MILLIS : 0;
        var unused = printer.schedule(() -> unlessSilenced(failure), grace, TimeUnit.MILLISECONDS);
      }
    } else if (verbose && from != null) {
      later(() -> line("penstock: done with " + name(from)));
    }
  }

  private void unlessSilenced(Throwable failure) {
    if (!silenced.getAsBoolean()) {
      failure(failure);
    }
  }

  private void later(Runnable print) {
    printer.execute(print);
  }

  private static String name(Channel channel) {
    return channel.endpoint().name() + channel.peer().map(peer -> " (" + peer + ")").orElse("");
  }

  private static String counts(Relay relay) {
    return Units.text(relay.forwarded())
        + " forwarded, "
        + Units.text(relay.returned())
        + " returned";
  }

  private String elapsed() {
    return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - start) / 1e9);
  }

  /**
   * The failure, in words for users.
   *
   * @param failure why
   * @return its message, or its type where it has none
   */
  static String describe(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }

  /** Prints what waits to be printed, but does not wait for that for ever. */
  @Override
  public void close() {
    if (printer.isShutdown()) {
      return;
    }
    printer.shutdown();
    try {
      if (!printer.awaitTermination(LAST_LINES_SECONDS, TimeUnit.SECONDS)) {
        printer.shutdownNow();
      }
    } catch (InterruptedException e) {
      printer.shutdownNow();
      Thread.currentThread().interrupt();
    }
    if (live) {
      err.print(ERASE);
      err.flush();
    }
  }
}
