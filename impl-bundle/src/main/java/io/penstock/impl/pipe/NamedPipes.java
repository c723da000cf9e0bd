// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.channel.Direction;
import io.penstock.pipe.Pipe;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The pipes that can be found by name now. */
public final class NamedPipes {
  /** A pipe under a name, and what comes after it: nothing when the name is given up. */
  private record Place(
      Pipe pipe, boolean renewed, CompletableFuture<Optional<Pipe>> next, Set<Waiter> waiting) {
    Place(Pipe pipe, boolean renewed) {
      this(pipe, renewed, new CompletableFuture<>(), ConcurrentHashMap.newKeySet());
    }

    /**
     * What comes next, for one caller: when that one cancels it, the others wait on, and it is
     * forgotten. A copy of the future would be kept.
     */
    CompletableFuture<Optional<Pipe>> waiter() {
      Waiter waiter = new Waiter();
      waiting.add(waiter);
      CompletableFuture<?> unused =
          waiter.told.whenComplete((any, failure) -> waiting.remove(waiter));
      if (next.isDone()) {
        // It may have come before the caller was there to be told.
        waiter.told.complete(next.join());
      }
      return waiter.told;
    }

    void over(@Nullable Pipe successor) {
      Optional<Pipe> found = Optional.ofNullable(successor);
      next.complete(found);
      waiting.forEach(each -> each.told.complete(found));
    }
  }

  /** A caller that waits. */
  private static final class Waiter {
    private final CompletableFuture<Optional<Pipe>> told = new CompletableFuture<>();
  }

  private final ConcurrentMap<String, Place> places = new ConcurrentHashMap<>();

  /** Makes a pipe known, in place of one that is spent. */
  public void put(String name, Pipe pipe) {
    put(name, pipe, false);
  }

  /**
   * Makes a pipe known. When it is spent, another takes its place, or it is removed. The one before
   * it may still be here.
   */
  public void putRenewed(String name, Pipe pipe) {
    put(name, pipe, true);
  }

  private void put(String name, Pipe pipe, boolean renewed) {
    over(places.put(name, new Place(pipe, renewed)), pipe);
  }

  /** Makes a pipe unknown, unless another has taken its place. */
  public void remove(String name, Pipe pipe) {
    Place place = places.get(name);
    if (place != null
        && place.pipe == pipe
        && places.computeIfPresent(name, (any, now) -> now.next == place.next ? null : now)
            == null) {
      over(place, null);
    }
  }

  private static void over(@Nullable Place place, @Nullable Pipe successor) {
    if (place != null) {
      place.over(successor);
    }
  }

  /** Finds a pipe. */
  public Optional<Pipe> find(String name) {
    return Optional.ofNullable(places.get(name)).map(Place::pipe);
  }

  /**
   * Finds a usable pipe: a new reader must not get the end that an earlier one has read, nor a new
   * writer the end that an earlier one has written.
   *
   * @param direction where the bytes go, seen from the caller
   * @return at once, or when a new pipe has taken the place of a spent one; nothing when there is
   *     none of this name, also meanwhile
   */
  public CompletionStage<Optional<Pipe>> open(String name, Direction direction) {
    Place place = places.get(name);
    if (place == null) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    if (!place.renewed || !isSpent(place.pipe, direction)) {
      return CompletableFuture.completedFuture(Optional.of(place.pipe));
    }
    return place.waiter();
  }

  private static boolean isSpent(Pipe pipe, Direction direction) {
    boolean over = pipe instanceof DrivenPipe driven && driven.isSpent();
    return over || (direction == Direction.OUTPUT && pipe.sink().ended());
  }
}
