// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.poller;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.impl.core.End;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.core.Spinner;
import io.penstock.impl.engine.Account;
import io.penstock.impl.engine.Budget;
import io.penstock.impl.engine.Budgets;
import io.penstock.impl.engine.Caller;
import io.penstock.impl.engine.Callers;
import io.penstock.impl.engine.Engine;
import io.penstock.poller.ChannelHandler;
import io.penstock.poller.PollEvent;
import io.penstock.poller.Poller;
import io.penstock.poller.Registration;
import io.penstock.poller.SinkRegistration;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Framing;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A poller with a selector of its own. Ends with a selectable channel are found by the selector,
 * all others by their wake-ups, which put them into the queue of what is due and end the selector's
 * wait; nothing is looked at in intervals.
 *
 * <p>Entries that are due are looked at in turn, once in each poll. An entry with something left
 * over goes to the back of the queue: for one noisy source a poll reads {@value Scratch#SHARE}
 * bytes, or delivers a quarter of the poll's events, before the others have theirs.
 */
public final class SelectorPoller implements Poller {
  /** How many events one poll handles at most, unless told otherwise. */
  public static final int DEFAULT_MAX_EVENTS_PER_POLL = 4096;

  private static final System.Logger LOG = Messages.log("poller");
  private static final String NAME = "poller";

  private final Engine engine;
  private final int maxEventsPerPoll;
  private final Framing framing;
  private final Entries entries = new Entries();
  private final Due<Entry> due = new Due<>();
  private final PollTurn turn = new PollTurn();
  private final Scratch scratch = new Scratch();
  private final Multiplexer multiplexer;
  private final BooleanSupplier idle = this::isIdle;
  private final Caller caller = this::waits;
  private final AtomicBoolean woken = new AtomicBoolean();
  private volatile boolean closed;
  private volatile Runnable onClose = () -> {};
  private final PollActivity activity = new PollActivity(turn);
  private final AtomicReference<@Nullable PollLoop> loop = new AtomicReference<>();
  private long round;

  // All with the turn to poll.
  private @Nullable ChannelHandler serving;
  private @Nullable Entry visiting;
  private boolean warned;
  private boolean toldOfSkips;
  private final List<Budget> memory;

  /** A poller that handles up to {@value #DEFAULT_MAX_EVENTS_PER_POLL} events in a poll. */
  public SelectorPoller(Engine engine) {
    this(engine, DEFAULT_MAX_EVENTS_PER_POLL);
  }

  /** A poller whose own framing is bytes. */
  public SelectorPoller(Engine engine, int maxEventsPerPoll) {
    this(engine, maxEventsPerPoll, Framing.bytes());
  }

  /**
   * A poller.
   *
   * @param engine tells the time, and when to accept again after a failure
   * @param maxEventsPerPoll how many events one poll handles at most, 1 or more; what is left comes
   *     with the next poll, which does not wait then
   * @param framing of registrations that bring none
   */
  public SelectorPoller(Engine engine, int maxEventsPerPoll, Framing framing) {
    this(engine, maxEventsPerPoll, framing, Optional.empty());
  }

  /**
   * A poller.
   *
   * @param engine tells the time, and when to accept again after a failure
   * @param maxEventsPerPoll how many events one poll handles at most, 1 or more; what is left comes
   *     with the next poll, which does not wait then
   * @param framing of registrations that bring none
   * @param spin how long to ask the operating system again before waiting; empty for as long as
   *     experience says that it pays
   */
  public SelectorPoller(
      Engine engine, int maxEventsPerPoll, Framing framing, Optional<Duration> spin) {
    if (maxEventsPerPoll < 1) {
      throw new IllegalArgumentException(
          "maxEventsPerPoll is " + maxEventsPerPoll + ", expected 1 or more");
    }
    this.engine = engine;
    this.maxEventsPerPoll = maxEventsPerPoll;
    this.framing = framing;
    Budgets budgets = engine.budgets();
    this.memory = budgets.inHeap(budgets.factory("the poller"));
    this.multiplexer =
        new Multiplexer(due::addMine, engine.parker(), spinner(engine, spin), engine.canary());
    engine.enlist(this);
  }

  /** What it does, for operators. */
  public PollActivity activity() {
    return activity;
  }

  /** Whether an end is registered. */
  public boolean polls(End end) {
    return entries.at(end) != null;
  }

  private static Spinner spinner(Engine engine, Optional<Duration> spin) {
    if (spin.isPresent() || engine.isDriven()) {
      return Spinner.fixed(spin.map(Duration::toNanos).orElse(0L), 0);
    }
    return Spinner.adaptive(0);
  }

  /** Runs a task after each close; must be quick. */
  public void onClose(Runnable task) {
    onClose = task;
  }

  // ---- memory

  /** An account for what one source has not delivered. */
  Account account(Account.Holder holder) {
    return engine.budgets().account(holder, memory);
  }

  /** How much may be read at once; 0 when there is no memory. */
  int piece() {
    return engine.budgets().piece(Integer.MAX_VALUE, memory);
  }

  /** Runs a task once, when there is memory again. */
  void whenRoom(Runnable task) {
    engine.budgets().whenRoom(task, memory);
  }

  /** How often the poller looked which entries are ready, with or without a wait. */
  long selects() {
    return multiplexer.selects();
  }

  /** How often it was looked for a while before a wait. */
  long spins() {
    return multiplexer.spins();
  }

  /** The buffer that all sources share. With the turn, but for its lock. */
  Scratch scratch() {
    return scratch;
  }

  /** When which entry is due though nothing comes. With the turn. */
  Alarms alarms() {
    return multiplexer.alarms();
  }

  boolean isClosed() {
    return closed;
  }

  /** How many ends are registered. */
  public int size() {
    return entries.size();
  }

  /** Whether a channel that is closed would keep its descriptor because of this poller. */
  boolean holds(SelectableChannel channel) {
    return multiplexer.holds(channel);
  }

  // ---- registering

  @Override
  public Framing framing() {
    return framing;
  }

  @Override
  public Registration register(ByteSource source) {
    return register(source, framing);
  }

  @Override
  public Registration register(Listener listener) {
    return register(listener, framing);
  }

  @Override
  public Registration register(ByteSource source, Framing framing) {
    return add(source, framing);
  }

  SourceEntry add(ByteSource source, Framing framing) {
    Objects.requireNonNull(framing, "framing");
    if (!(Objects.requireNonNull(source, "source") instanceof SourceEnd end)) {
      throw foreign("source", source);
    }
    return add(new SourceEntry(this, end, framing));
  }

  /**
   * Registers the source of a channel as if it had been accepted here: the handler's {@code opened}
   * comes before everything else, with the registration in both roles.
   */
  public Registration adopt(Channel channel, Framing framing) {
    if (!(channel.source() instanceof SourceEnd end)) {
      throw foreign("source", channel.source());
    }
    return add(new OpenedEntry(this, end, channel, framing));
  }

  @Override
  public SinkRegistration register(ByteSink sink) {
    if (!(Objects.requireNonNull(sink, "sink") instanceof SinkEnd end)) {
      throw foreign("sink", sink);
    }
    return add(new SinkEntry(this, end));
  }

  @Override
  public Registration register(Listener listener, Framing framing) {
    return add(entry(listener, framing));
  }

  /** Registers a listener from which nothing is accepted before a {@link Registration#resume}. */
  public Registration registerPaused(Listener listener, Framing framing) {
    ListenerEntry entry = entry(listener, framing);
    Registration unused = entry.pause();
    return add(entry);
  }

  private ListenerEntry entry(Listener listener, Framing framing) {
    Objects.requireNonNull(framing, "framing");
    if (!(Objects.requireNonNull(listener, "listener") instanceof ListenerEnd end)) {
      throw foreign("listener", listener);
    }
    return new ListenerEntry(this, end, framing, engine);
  }

  private static IllegalArgumentException foreign(String what, Object object) {
    return new IllegalArgumentException(
        "the " + what + " was not made by this product: " + object.getClass().getName());
  }

  <E extends Entry> E add(E entry) {
    if (closed) {
      throw closed(entry);
    }
    if (!entries.add(entry)) {
      throw new IllegalStateException(entry.end().name() + " is registered at this poller already");
    }
    entry.end().addWaiter(entry);
    if (closed) {
      boolean unused = unregister(entry);
    }
    if (entry.gone()) {
      // A close may have looked for the waiter before it was there.
      entry.end().removeWaiter(entry);
      if (closed) {
        throw closed(entry);
      }
    }
    due(entry);
    return entry;
  }

  private static IllegalStateException closed(Entry entry) {
    return new IllegalStateException(
        entry.end().name() + " cannot be registered, the poller is closed");
  }

  /** The entry of an end, if it is registered. */
  @Nullable Entry at(End end) {
    return entries.at(end);
  }

  /** Removes an entry; on return it has let go of everything. Returns false if it was gone. */
  boolean unregister(Entry entry) {
    boolean first = remove(entry);
    if (first) {
      settle();
    }
    return first;
  }

  private boolean remove(Entry entry) {
    boolean first = entry.leave();
    if (first) {
      entry.end().removeWaiter(entry);
    }
    try {
      entry.settle();
    } finally {
      // Not before: another registration would read past the bytes that are given back. And
      // whichever thread has unregistered it: on return the end can be registered again.
      entries.remove(entry);
      if (first) {
        multiplexer.release(entry);
      }
    }
    return first;
  }

  // ---- what is due

  /** Has the next poll look at an entry, and ends the wait of the present one. Never waits. */
  void due(Entry entry) {
    if (due.add(entry)) {
      multiplexer.wake();
    }
  }

  /** Has the selector let go of an entry's channel, now if nobody polls. */
  void release(Entry entry) {
    multiplexer.release(entry);
    settle();
  }

  /** Has the selector let go of a closed channel, even while a handler is at work. */
  void letGo(Entry entry) {
    release(entry);
    SelectableChannel channel = entry.selectable();
    if (channel != null && !channel.isOpen()) {
      multiplexer.letGo(channel);
    }
  }

  /** With the turn. */
  void watch(Entry entry, int ops) throws IOException {
    multiplexer.watch(entry, ops);
  }

  /**
   * Does what is left to do with the selector, or leaves it to the polling thread, which comes
   * here, too, when leaving.
   */
  private void settle() {
    if (turn.mine()) {
      multiplexer.flush();
      return;
    }
    while (multiplexer.hasReleases() || (closed && (multiplexer.isOpen() || !due.isEmpty()))) {
      if (!turn.tryEnter()) {
        multiplexer.wake();
        return;
      }
      try {
        multiplexer.flush();
        closeSelector();
      } finally {
        turn.exit();
      }
    }
  }

  private void closeSelector() {
    if (closed) {
      due.clear();
      try {
        multiplexer.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "the selector of a poller could not be closed", e);
      }
    }
  }

  // ---- polling

  @Override
  public List<PollEvent> poll(Wait wait) throws IOException {
    EventCollector collector = new EventCollector();
    poll(wait, collector);
    return collector.events();
  }

  @Override
  public int poll(Wait wait, ChannelHandler handler) throws IOException {
    Objects.requireNonNull(handler, "handler");
    Deadline deadline = Deadline.of(Objects.requireNonNull(wait, "wait"), engine.parker());
    if (turn.mine()) {
      throw new IllegalStateException("a handler cannot poll the poller that called it");
    }
    if (closed) {
      throw new StreamClosedException(NAME);
    }
    if (!enter(deadline)) {
      return 0;
    }
    @Nullable Caller before = Callers.calledBy(caller);
    serving = handler;
    try {
      return poll(deadline, handler);
    } finally {
      serving = null;
      visiting = null;
      activity.end(0);
      Callers.calledBy(before);
      closeSelector();
      turn.exit();
      settle();
    }
  }

  @Override
  public CompletionStage<Void> start(ChannelHandler handler) {
    PollLoop mine = new PollLoop(this, Objects.requireNonNull(handler, "handler"), engine.upkeep());
    if (!loop.compareAndSet(null, mine)) {
      throw new IllegalStateException("the poller was started already");
    }
    if (closed) {
      throw new IllegalStateException("the poller cannot be started, it is closed");
    }
    return mine.begin();
  }

  /** Tells once of a handler whose call waits, for its author. */
  private void waits(String name) {
    Entry entry = visiting;
    ChannelHandler handler = serving;
    if (warned || entry == null || handler == null || !entry.isCalling()) {
      return;
    }
    warned = true;
    Object author = handler;
    while (author instanceof Wrapping wrapping) {
      author = wrapping.wrapped();
    }
    LOG.log(
        Level.WARNING,
        "{0}: the handler {1} waits for {2} while it is called, and every other connection of its"
            + " poller waits, too; a handler should write with writeAsync, or with Wait.none() and"
            + " wantWritable, and pause whom it cannot answer yet (said once for each poller)",
        entry.end().name(),
        author.getClass().getName(),
        name);
  }

  /** Tells once of a peer whose frame is skipped, for an operator. With the turn. */
  void skips(String name, Framing skipping) {
    if (toldOfSkips) {
      return;
    }
    toldOfSkips = true;
    LOG.log(
        Level.WARNING,
        "{0}: a frame of more than {1} bytes is skipped; Registration.skipped() counts such frames"
            + " (said once for each poller)",
        name,
        String.valueOf(skipping.max()));
  }

  private boolean enter(Deadline deadline) throws IOException {
    boolean mine;
    try {
      mine = turn.enter(deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted();
    }
    if (!mine && closed) {
      throw new StreamClosedWhileWaitingException(NAME);
    }
    return mine;
  }

  private static InterruptedIOException interrupted() {
    return new InterruptedIOException(NAME + ": interrupted while waiting");
  }

  private int poll(Deadline deadline, ChannelHandler handler) throws IOException {
    while (true) {
      if (closed) {
        throw new StreamClosedWhileWaitingException(NAME);
      }
      boolean woke = woken.getAndSet(false);
      boolean interrupted = Thread.currentThread().isInterrupted();
      long left = deadline.left();
      multiplexer.select(woke || interrupted || !due.isEmpty() ? 0 : left, idle);
      boolean calls = !due.isEmpty();
      if (calls) {
        activity.begin(engine.parker().nanoTime());
      }
      int handled = round(handler);
      if (calls) {
        activity.end(handled);
      }
      multiplexer.flush();
      if (handled > 0 || woke || left <= 0) {
        return handled;
      }
      if (interrupted && due.isEmpty()) {
        throw interrupted();
      }
    }
  }

  private boolean isIdle() {
    return due.isEmpty() && !woken.get() && !closed;
  }

  /** Looks once at every entry that is due. */
  private int round(ChannelHandler handler) throws IOException {
    round++;
    int share = Math.max(1, maxEventsPerPoll / 4);
    int handled = 0;
    while (handled < maxEventsPerPoll) {
      Entry entry = due.poll();
      if (entry == null) {
        break;
      }
      if (entry.round == round) {
        // Its turn comes again in the next round.
        due.putBack(entry);
        break;
      }
      entry.round = round;
      visiting = entry;
      handled += entry.visit(handler, Math.min(share, maxEventsPerPoll - handled));
    }
    return handled;
  }

  @Override
  public void wakeup() {
    woken.set(true);
    multiplexer.wake();
  }

  // ---- closing

  @Override
  public void closeAll() {
    for (Entry entry : entries.all()) {
      if (remove(entry)) {
        entry.closeWhole();
      }
    }
    settle();
  }

  @Override
  public void close() {
    closed = true;
    turn.stop();
    for (Entry entry : entries.all()) {
      remove(entry);
    }
    multiplexer.wake();
    settle();
    PollLoop running = loop.get();
    if (running != null) {
      running.end();
    }
    engine.delist(this);
    onClose.run();
  }
}
