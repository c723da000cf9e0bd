// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.Dispatcher;
import io.nats.client.ErrorListener;
import io.nats.client.JetStreamStatusException;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import io.nats.client.impl.Headers;
import io.penstock.nats.impl.link.LinkException.Kind;
import io.penstock.spi.Messages;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the servers, kept up until it is closed. One thread of its own, {@linkplain #run
 * the link's}, hears of everything: messages, answers, and that the connection is there or lost. So
 * what uses the link needs no lock for what only this thread touches. Nothing here waits, except
 * {@link #close}.
 */
public final class Link implements Closeable {
  private static final System.Logger LOG = Messages.log("nats");
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration RECONNECT = Duration.ofMillis(100);
  private static final Duration REOPEN = Duration.ofSeconds(1);
  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final Duration PING = Duration.ofSeconds(2);
  private static final int LONGEST_DELAY = 10;

  /** After so many messages of one subscription, others have their turn. */
  private static final int AT_ONCE = 64;

  private static final AtomicLong NUMBERS = new AtomicLong();

  /** Hears of the connection, on the link's thread. */
  public interface Watcher {
    /** There is a connection from now on; also after each loss. */
    void up();

    /**
     * There is none from now on, or it could not be made.
     *
     * @param why for an operator; without secrets
     */
    void down(String why);
  }

  private final LinkSettings settings;
  private final String inbox = "_INBOX.penstock." + io.nats.client.NUID.nextGlobal();
  private final AtomicLong inboxes = new AtomicLong();
  private final ScheduledThreadPoolExecutor thread;
  // What the library works on, connected or not.
  private volatile @Nullable Connection attempt;
  private volatile @Nullable Thread worker;
  private volatile @Nullable Connection connection;
  private volatile @Nullable Dispatcher dispatcher;
  private volatile boolean up;
  private volatile boolean closed;
  private final Trouble trouble = new Trouble();
  private final Asked asked = new Asked();

  // Only on the thread.
  private final List<Watcher> watchers = new ArrayList<>();
  private final Map<Object, Subscribed> subscriptions = new LinkedHashMap<>();

  /** A subscription that outlives connections. */
  public final class Subscribed implements Closeable {
    private final String subject;
    private final Consumer<Message> handler;
    private final Queue<Message> come = new ConcurrentLinkedQueue<>();
    private final AtomicLong arrived = new AtomicLong();
    private long handled;
    private final AtomicBoolean handling = new AtomicBoolean();
    private @Nullable Subscription present;
    private volatile boolean over;

    private Subscribed(String subject, Consumer<Message> handler) {
      this.subject = subject;
      this.handler = handler;
    }

    private void begin() {
      Dispatcher mine = dispatcher;
      if (mine != null && !over) {
        present =
            mine.subscribe(
                subject,
                message -> {
                  come.add(message);
                  long unused = arrived.incrementAndGet();
                  askHandle();
                });
      }
    }

    private void askHandle() {
      if (handling.compareAndSet(false, true)) {
        try {
          run(this::handle);
        } catch (RuntimeException | Error e) {
          // Such as for want of a thread: the next message asks again.
          handling.set(false);
          throw e;
        }
      }
    }

    /**
     * One step for many messages: a step of its own for each costs more than what it does. Those
     * that come from now on wait for the next one, behind steps that were asked for before they
     * came.
     */
    private void handle() {
      handling.set(false);
      long last = Math.min(arrived.get(), handled + AT_ONCE);
      try {
        while (handled < last && !over) {
          handled++;
          handler.accept(come.remove());
        }
      } finally {
        if (over) {
          come.clear();
        } else if (!come.isEmpty()) {
          askHandle();
        }
      }
    }

    /** Ends it; nothing is heard afterwards on the link's thread. */
    @Override
    public void close() {
      over = true;
      run(
          () -> {
            subscriptions.remove(this);
            Dispatcher mine = dispatcher;
            Subscription old = present;
            present = null;
            if (mine != null && old != null && mine.isActive()) {
              try {
                Dispatcher unused = mine.unsubscribe(old);
              } catch (IllegalStateException e) {
                LOG.log(Level.DEBUG, "{0}: a subscription went with its connection", this, e);
              }
            }
          });
    }
  }

  /**
   * Connects in the background.
   *
   * @param purpose for the servers' operators
   * @throws IllegalArgumentException if a setting is not allowed
   */
  public Link(LinkSettings settings, String purpose) {
    this.settings = settings;
    String name = "penstock-nats-" + NUMBERS.incrementAndGet();
    this.thread =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread made = new Thread(work, name);
              made.setDaemon(true);
              worker = made;
              return made;
            });
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    SSLContext tls = TlsKeys.context(settings.options());
    run(() -> open(purpose, tls));
  }

  private void open(String purpose, @Nullable SSLContext tls) {
    if (closed) {
      return;
    }
    Connecting connecting = new Connecting(purpose, tls);
    Options.Builder options =
        new Options.Builder()
            .servers(settings.servers().toArray(String[]::new))
            .connectionName("penstock " + purpose)
            .inboxPrefix(inbox)
            .reportNoResponders()
            .useTimeoutException()
            .maxReconnects(-1)
            .reconnectWait(RECONNECT)
            .reconnectJitter(RECONNECT)
            .reconnectDelayHandler(tries -> RECONNECT.multipliedBy(Math.min(tries, LONGEST_DELAY)))
            .connectionTimeout(CONNECT)
            .pingInterval(PING)
            .maxPingsOut(2)
            .requestCleanupInterval(Duration.ofMillis(500))
            .connectionListener(connecting)
            .errorListener(connecting);
    String user = settings.options().get("user");
    String password = settings.secrets().getOrDefault("password", "");
    String token = settings.secrets().get("token");
    if (user != null) {
      options.userInfo(user.toCharArray(), password.toCharArray());
    } else if (token != null) {
      options.token(token.toCharArray());
    }
    if (settings.ordered()) {
      options.noRandomize();
    }
    if (tls != null) {
      // Names are checked as they are configured, not as addresses that the servers tell of. The
      // other modes have addresses in place of names, or look no name up.
      options
          .sslContext(tls)
          .hostnameResolveMode(Options.HostnameResolveMode.HappyEyeballs)
          .ignoreDiscoveredServers();
    }
    try {
      Nats.connectAsynchronously(options.build(), true);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What one connection tells. */
  private final class Connecting implements ConnectionListener, ErrorListener {
    private final String purpose;
    private final @Nullable SSLContext tls;

    Connecting(String purpose, @Nullable SSLContext tls) {
      this.purpose = purpose;
      this.tls = tls;
    }

    /** Nothing stays behind of a connection that comes after the close. */
    private void seen(Connection from) {
      attempt = from;
      if (closed) {
        hangUp(from);
      }
    }

    // The interface has no other method that must be there; its newer one calls this.
    @Override
    @SuppressWarnings("deprecation")
    public void connectionEvent(Connection from, Events type) {
      seen(from);
      run(
          () -> {
            switch (type) {
              case CONNECTED, RECONNECTED -> upNow(from);
              case DISCONNECTED -> downNow();
              case CLOSED -> {
                downNow();
                connection = null;
                dispatcher = null;
                // The library gives up after two refusals of a login, which may be corrected.
                if (!closed) {
                  Future<?> unused = after(REOPEN, () -> open(purpose, tls));
                }
              }
              default -> LOG.log(Level.DEBUG, "{0}: {1}", settings.shown(), type);
            }
          });
    }

    @Override
    public void errorOccurred(Connection from, String error) {
      trouble.note(error);
      LOG.log(Level.DEBUG, "{0}: {1}", settings.shown(), error);
      LinkException denied = failed(Kind.DENIED, "the server has said: " + error, null);
      asked.denied(error).forEach(each -> run(() -> each.completeExceptionally(denied)));
      tellIfDown();
    }

    @Override
    public void exceptionOccurred(Connection from, Exception failure) {
      seen(from);
      if (!(failure instanceof TimeoutException)) {
        trouble.note(text(failure));
      } else if (trouble().isEmpty()) {
        trouble.note("no answer has come from a server");
      }
      // A login that is refused comes as an error first, and then as a time-out that says nothing.
      LOG.log(Level.DEBUG, "{0}: {1}", settings.shown(), trouble(), failure);
      tellIfDown();
    }

    private void tellIfDown() {
      String why = trouble();
      run(
          () -> {
            if (!up) {
              List.copyOf(watchers).forEach(each -> each.down(why));
            }
          });
    }
  }

  private static void hangUp(Connection connection) {
    try {
      connection.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String text(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }

  private void upNow(Connection from) {
    if (closed) {
      return;
    }
    if (connection != from) {
      connection = from;
      dispatcher = from.createDispatcher();
      subscriptions.values().forEach(Subscribed::begin);
    }
    up = true;
    trouble.note("");
    List.copyOf(watchers).forEach(Watcher::up);
  }

  private void downNow() {
    if (up) {
      up = false;
      String why = trouble().isEmpty() ? "the connection was lost" : trouble();
      List.copyOf(watchers).forEach(each -> each.down(why));
    }
  }

  /** Gives up a connection over which nothing comes, and makes another. */
  public void reconnect() {
    Connection mine = connection;
    if (mine == null || closed) {
      return;
    }
    // The library waits until it is done, and its own thread has not noticed yet.
    Thread helper =
        new Thread(
            () -> {
              try {
                mine.forceReconnect();
              } catch (IOException e) {
                LOG.log(Level.DEBUG, "{0}: the connection was not made anew", settings.shown(), e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "penstock-nats-again");
    helper.setDaemon(true);
    helper.start();
  }

  /** Whether there is a connection now. */
  public boolean isUp() {
    return up;
  }

  /** What explains a failure of now: the last thing that went wrong; empty if nothing has. */
  public String trouble() {
    return trouble.text(up);
  }

  /** The most bytes of a message. */
  public long mostBytes() {
    Connection mine = connection;
    return mine == null ? 0 : mine.getMaxPayload();
  }

  /** How many servers there are by what the present one says. */
  public int servers() {
    Connection mine = connection;
    List<String> told = mine == null ? List.of() : mine.getServerInfo().getConnectURLs();
    return Math.max(1, told.size());
  }

  /** Whether it is connected to the server of that name now. */
  public boolean isOn(String server) {
    Connection mine = connection;
    return up && mine != null && server.equals(mine.getServerInfo().getServerName());
  }

  // ---- the thread

  /** Runs a step on the link's thread; nothing after the close. */
  public void run(Runnable step) {
    try {
      thread.execute(guarded(step));
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "{0}: closed before a step", settings.shown());
    }
  }

  private Runnable guarded(Runnable step) {
    return () -> {
      try {
        step.run();
      } catch (RuntimeException | Error e) {
        Api.bug(this, e);
      }
    };
  }

  /** Runs a step on the link's thread after a while. */
  public Future<?> after(Duration delay, Runnable step) {
    try {
      return thread.schedule(guarded(step), delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Adds a watcher, which hears at once how it is. */
  public void watch(Watcher watcher) {
    run(
        () -> {
          watchers.add(watcher);
          if (up) {
            watcher.up();
          } else if (!trouble().isEmpty()) {
            watcher.down(trouble());
          }
        });
  }

  /** Removes a watcher. */
  public void unwatch(Watcher watcher) {
    run(() -> watchers.remove(watcher));
  }

  // ---- messages

  /** A subject that nobody else uses. */
  public String newInbox() {
    return inbox + ".s" + inboxes.incrementAndGet();
  }

  /** Hears the messages of a subject, on the link's thread, over all connections. */
  public Subscribed subscribe(String subject, Consumer<Message> handler) {
    Subscribed made = new Subscribed(subject, handler);
    Runnable begin =
        () -> {
          subscriptions.put(made, made);
          made.begin();
        };
    if (Thread.currentThread() == worker) {
      // Before the caller asks for what comes there.
      begin.run();
    } else {
      run(begin);
    }
    return made;
  }

  /** Sends a message that nobody answers. It may be lost. */
  public void tell(String subject, @Nullable String replyTo, byte[] body) {
    Connection mine = connection;
    if (mine == null || !up) {
      return;
    }
    try {
      mine.publish(subject, replyTo, body);
    } catch (IllegalStateException e) {
      LOG.log(Level.DEBUG, "{0}: a message was not sent", settings.shown(), e);
    }
  }

  /**
   * What a server says of {@linkplain #tell messages} to a subject that the rights do not allow.
   *
   * @return fails with {@link LinkException}, on the link's thread; to be cancelled after use
   */
  public CompletableFuture<Message> denied(String subject) {
    return asked.add(new CompletableFuture<>(), subject);
  }

  /** Asks, and waits some seconds for the answer. */
  public CompletableFuture<Message> ask(String subject, @Nullable Headers headers, byte[] body) {
    return ask(subject, headers, body, PATIENCE);
  }

  /**
   * Asks.
   *
   * @return completes on the link's thread; fails with {@link LinkException}, and never with
   *     anything else
   */
  public CompletableFuture<Message> ask(
      String subject, @Nullable Headers headers, byte[] body, Duration limit) {
    CompletableFuture<Message> answer = asked.add(new CompletableFuture<>(), subject);
    Connection mine = connection;
    if (mine == null || !up) {
      LinkException why = failed(Kind.DOWN, "there is no connection", null);
      run(() -> answer.completeExceptionally(why));
      return answer;
    }
    try {
      CompletableFuture<Message> unused =
          mine.requestWithTimeout(subject, headers, body, limit)
              .whenComplete(
                  (message, failure) ->
                      run(
                          () -> {
                            if (failure == null) {
                              answer.complete(message);
                            } else {
                              answer.completeExceptionally(told(failure, subject));
                            }
                          }));
    } catch (IllegalStateException | IllegalArgumentException e) {
      LinkException why = failed(Kind.DOWN, text(e), e);
      run(() -> answer.completeExceptionally(why));
    }
    return answer;
  }

  private LinkException told(Throwable failure, String subject) {
    Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
    if (cause instanceof JetStreamStatusException) {
      return failed(Kind.NO_RESPONDERS, "no server answers for " + subject + " now", cause);
    }
    if (cause instanceof TimeoutException) {
      String hint = trouble().isEmpty() ? "" : "; the server has said: " + trouble();
      return failed(Kind.NO_ANSWER, "no answer has come for " + subject + hint, cause);
    }
    return failed(Kind.DOWN, "the connection was lost", cause);
  }

  private LinkException failed(Kind kind, String what, @Nullable Throwable cause) {
    return new LinkException(kind, 0, settings.shown() + ": " + what, cause);
  }

  /** Disconnects, and waits until the threads have gone, at most some seconds. Idempotent. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    up = false;
    CountDownLatch last = new CountDownLatch(1);
    run(
        () -> {
          watchers.clear();
          subscriptions.clear();
          last.countDown();
        });
    try {
      boolean gone = last.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      Connection mine = attempt;
      if (mine != null) {
        mine.close();
      }
      thread.shutdownNow();
      gone &= thread.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (!gone) {
        LOG.log(Level.WARNING, "{0}: a thread of the connection is busy still", settings.shown());
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return settings.shown();
  }
}
