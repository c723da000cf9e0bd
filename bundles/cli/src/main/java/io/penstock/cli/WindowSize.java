// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import io.penstock.channel.Channel;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.relay.RelayException;
import io.penstock.relay.RelayObserver;
import io.penstock.spi.Messages;
import java.io.File;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells the program that standard input and output are joined to, if it has a terminal, how large
 * ours is: at the start and whenever that changes.
 */
final class WindowSize implements RelayObserver, AutoCloseable {
  private static final Logger LOG = Messages.log("cli");
  private static final File TERMINAL = new File("/dev/tty");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,5}) (\\d{1,5})\\s*");

  /** How the system tells of a change. */
  @FunctionalInterface
  interface Changes {
    /**
     * Has a task run at each change, until what it returns is run.
     *
     * @param task quick, on a thread of the system's
     */
    Runnable watch(Runnable task);
  }

  private final RelayObserver next;
  private final Supplier<Optional<TerminalSize>> size;
  private final Changes changes;
  private final Semaphore due = new Semaphore(1);
  private final AtomicReference<@Nullable Thread> follower = new AtomicReference<>();

  /**
   * Follows the terminal of this program.
   *
   * @param next is told the same
   */
  WindowSize(RelayObserver next) {
    this(next, WindowSize::ask, WindowSize::signals);
  }

  WindowSize(RelayObserver next, Supplier<Optional<TerminalSize>> size, Changes changes) {
    this.next = next;
    this.size = size;
    this.changes = changes;
  }

  @Override
  public void joined(Channel from, Channel to) {
    next.joined(from, to);
    Channel other = isStandard(from) ? to : isStandard(to) ? from : null;
    if (other == null) {
      return;
    }
    TerminalFacet terminal = other.facet(TerminalFacet.class).orElse(null);
    if (terminal != null) {
      Thread thread = new Thread(() -> follow(terminal), "penstock-window");
      thread.setDaemon(true);
      if (follower.compareAndSet(null, thread)) {
        thread.start();
      }
    }
  }

  private static boolean isStandard(Channel channel) {
    return channel.endpoint().scheme().equals("stdio");
  }

  private void follow(TerminalFacet terminal) {
    Runnable stop = changes.watch(due::release);
    try {
      while (true) {
        due.acquire();
        // Only the last of many changes counts.
        due.drainPermits();
        Optional<TerminalSize> now = size.get();
        if (now.isPresent()) {
          terminal.resize(now.get());
        }
      }
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, "the relay is over");
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the program's terminal keeps its size", e);
    } finally {
      stop.run();
    }
  }

  @Override
  public void parted(@Nullable Channel from, @Nullable RelayException failure) {
    next.parted(from, failure);
  }

  @Override
  public void close() {
    Thread thread = follower.get();
    if (thread != null) {
      thread.interrupt();
    }
  }

  // ---- the system

  /** How large our terminal is; empty if there is none. */
  private static Optional<TerminalSize> ask() {
    if (!TERMINAL.exists()) {
      return Optional.empty();
    }
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(TERMINAL)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      Matcher sizes = SIZE.matcher(said);
      return sizes.matches()
          ? Optional.of(
              TerminalSize.of(Integer.parseInt(sizes.group(2)), Integer.parseInt(sizes.group(1))))
          : Optional.empty();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "there is no terminal to ask, or no stty to ask it by", e);
      return Optional.empty();
    }
  }

  /** By reflection: not every JDK has the class, and no bundle may have to import its package. */
  private static Runnable signals(Runnable task) {
    try {
      ClassLoader loader = ClassLoader.getPlatformClassLoader();
      Class<?> type = Class.forName("sun.misc.Signal", true, loader);
      Class<?> handler = Class.forName("sun.misc.SignalHandler", true, loader);
      Object signal = type.getConstructor(String.class).newInstance("WINCH");
      InvocationHandler methods =
          (proxy, method, arguments) ->
              switch (method.getName()) {
                case "handle" -> {
                  task.run();
                  yield null;
                }
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "penstock";
              };
      Object ours = Proxy.newProxyInstance(loader, new Class<?>[] {handler}, methods);
      var handle = type.getMethod("handle", type, handler);
      Object before = Objects.requireNonNull(handle.invoke(null, signal, ours));
      return () -> {
        try {
          Object unused = handle.invoke(null, signal, before);
        } catch (ReflectiveOperationException e) {
          LOG.log(Level.DEBUG, "the signal's handler stays", e);
        }
      };
    } catch (ReflectiveOperationException | RuntimeException e) {
      LOG.log(Level.DEBUG, "changes of the terminal's size are not seen here", e);
      return () -> {};
    }
  }
}
