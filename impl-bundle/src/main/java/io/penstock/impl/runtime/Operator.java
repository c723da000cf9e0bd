// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.runtime;

import io.penstock.impl.channel.DrivenChannel;
import io.penstock.impl.core.End;
import io.penstock.impl.core.ListenerEnd;
import io.penstock.impl.core.Onlooker;
import io.penstock.impl.core.Peeking;
import io.penstock.impl.core.SourceEnd;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.DrivenPipe;
import io.penstock.impl.relay.DrivenRelay;
import io.penstock.impl.runtime.Census.Found;
import io.penstock.relay.Relay;
import io.penstock.runtime.PenstockControl;
import io.penstock.runtime.PenstockEvent;
import io.penstock.runtime.Tap;
import io.penstock.spi.Messages;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Does what operators ask for. */
public final class Operator implements PenstockControl {
  private static final System.Logger LOG = Messages.log("core");
  private static final int MOST_PEEKED = 1 << 20;
  private static final int MOST_COPIED = 1 << 24;
  private static final Set<String> STREAMS = Set.of("pipe", "channel");
  private static final Set<String> OBJECTS = Set.of("pipe", "channel", "listener", "relay");

  private final Engine engine;
  private final Census census;
  private final Lookup lookup;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock, as is the adding and removing of onlookers.
  private final Map<Object, Traced> traced = new WeakHashMap<>();

  /** Works with what a census finds. */
  public Operator(Engine engine, Census census) {
    this.engine = engine;
    this.census = census;
    this.lookup = new Lookup(census);
  }

  /** The two ends of a pipe or a channel. */
  private record Ends(SourceEnd source, End sink, CompletionStage<?> closed) {
    static Ends of(Found found) {
      if (found.thing() instanceof DrivenPipe pipe) {
        return of(pipe.source(), pipe.sink(), pipe.closed());
      }
      DrivenChannel channel = (DrivenChannel) found.thing();
      return of(channel.source(), channel.sink(), channel.closed());
    }

    private static Ends of(ByteSource source, ByteSink sink, CompletionStage<?> closed) {
      return new Ends((SourceEnd) source, (End) sink, closed);
    }
  }

  /** What writes the lines of an object. */
  private record Traced(Onlooker read, Onlooker written) {}

  @Override
  public String why(String name) {
    return new Why(census, lookup, engine.parker().nanoTime()).of(name);
  }

  @Override
  public void close(String name) {
    Found found = lookup.one(name, OBJECTS);
    try {
      if (found.thing() instanceof DrivenChannel channel) {
        CompletionStage<Void> unused = channel.closeAsync();
      } else if (found.thing() instanceof DrivenPipe pipe) {
        pipe.close();
      } else if (found.thing() instanceof ListenerEnd listener) {
        listener.close();
      } else {
        ((Relay) found.thing()).close();
      }
      LOG.log(Level.INFO, "{0}: closed by an operator", found.name());
    } catch (IOException e) {
      // It counts as closed all the same.
      LOG.log(Level.WARNING, "{0}: an operator''s close failed", found.name(), e);
    }
  }

  @Override
  public void pause(String name) {
    Found found = lookup.one(name, OBJECTS);
    lock.lock();
    try {
      if (found.thing() instanceof ListenerEnd listener) {
        listener.pause();
      } else if (found.thing() instanceof DrivenRelay relay) {
        relay.hold();
      } else if (!Ends.of(found).source().hold()) {
        throw new IllegalArgumentException(
            "the "
                + found.kind()
                + " '"
                + found.name()
                + "' cannot be paused: its source was"
                + " declared to have one caller only, and expects no other");
      } else if (found.thing() instanceof DrivenPipe pipe && pipe.isSpent()) {
        // It was ended just now.
        Ends.of(found).source().release();
      }
    } finally {
      lock.unlock();
    }
    LOG.log(Level.INFO, "{0}: paused by an operator", found.name());
    tell(PenstockEvent.Type.PAUSED, found);
  }

  @Override
  public void resume(String name) {
    Found found = lookup.one(name, OBJECTS);
    lock.lock();
    try {
      if (found.thing() instanceof ListenerEnd listener) {
        listener.resume();
      } else if (found.thing() instanceof DrivenRelay relay) {
        relay.release();
      } else {
        Ends.of(found).source().release();
      }
    } finally {
      lock.unlock();
    }
    LOG.log(Level.INFO, "{0}: goes on, as an operator says", found.name());
    tell(PenstockEvent.Type.RESUMED, found);
  }

  private void tell(PenstockEvent.Type type, Found found) {
    Object thing = found.thing();
    String endpoint = "";
    Object peer = null;
    if (thing instanceof DrivenChannel channel) {
      endpoint = channel.endpoint().anonymous().toString();
      peer = channel.peer().orElse(null);
    } else if (thing instanceof ListenerEnd listener) {
      endpoint = listener.endpoint().anonymous().toString();
    } else if (thing instanceof DrivenRelay relay) {
      endpoint = relay.from() + " to " + relay.to();
    }
    engine.events().tellText(type, found.kind(), found.name(), endpoint, peer, null);
  }

  @Override
  public ByteBuffer peek(String name, int max) throws IOException {
    range("max", max, MOST_PEEKED);
    Found found = lookup.one(name, STREAMS);
    // A resume must find the hold that the look borrows.
    lock.lock();
    try {
      return Peeking.peek(Ends.of(found).source(), max);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Tap tap(String name, int capacity) {
    range("capacity", capacity, MOST_COPIED);
    Found found = lookup.one(name, STREAMS);
    Ends ends = Ends.of(found);
    Copies copies = new Copies(engine, found.name(), capacity);
    // The object goes on to know of a tap that was closed, and must not keep its bytes.
    AtomicReference<@Nullable Copies> open = new AtomicReference<>(copies);
    copies.onClose(
        () -> {
          open.set(null);
          hide(ends.source(), copies.forRead());
          hide(ends.sink(), copies.forWritten());
        });
    show(found, ends.source(), copies.forRead(), () -> open.get() != null);
    show(found, ends.sink(), copies.forWritten(), () -> open.get() != null);
    ends.closed()
        .whenComplete(
            (done, failure) -> {
              Copies left = open.get();
              if (left != null) {
                left.close();
              }
            });
    return copies;
  }

  @Override
  public void trace(String name, boolean on) {
    Found found = lookup.one(name, STREAMS);
    Ends ends = Ends.of(found);
    Traced fresh =
        new Traced(
            new TraceLines(engine, found.name(), "read"),
            new TraceLines(engine, found.name(), "written"));
    Traced before;
    lock.lock();
    try {
      before = on ? traced.putIfAbsent(found.thing(), fresh) : traced.remove(found.thing());
    } finally {
      lock.unlock();
    }
    if (on && before == null) {
      BooleanSupplier wanted = () -> fresh.equals(traced.get(found.thing()));
      show(found, ends.source(), fresh.read(), wanted);
      show(found, ends.sink(), fresh.written(), wanted);
    } else if (!on && before != null) {
      hide(ends.source(), before.read());
      hide(ends.sink(), before.written());
    }
  }

  /** Shows what an end moves; of a channel that is connecting, once it is connected. */
  private void show(Found found, End end, Onlooker onlooker, BooleanSupplier wanted) {
    if (!shown(end, onlooker, wanted) && found.thing() instanceof DrivenChannel channel) {
      CompletionStage<Void> unused =
          channel
              .connected()
              .thenRun(
                  () -> {
                    boolean unusedAnswer = shown(end, onlooker, wanted);
                  });
    }
  }

  private boolean shown(End end, Onlooker onlooker, BooleanSupplier wanted) {
    lock.lock();
    try {
      return !wanted.getAsBoolean() || end.show(onlooker);
    } finally {
      lock.unlock();
    }
  }

  private void hide(End end, Onlooker onlooker) {
    lock.lock();
    try {
      end.hide(onlooker);
    } finally {
      lock.unlock();
    }
  }

  private static void range(String what, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(what + " is " + value + ", expected 1 to " + most);
    }
  }
}
