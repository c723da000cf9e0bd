// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.pipe;

import io.penstock.pipe.Pipe;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The pipes that can be found by name now. */
public final class NamedPipes {
  private final ConcurrentMap<String, Pipe> pipes = new ConcurrentHashMap<>();

  /** Makes a pipe known, in place of one that is spent. */
  public void put(String name, Pipe pipe) {
    pipes.put(name, pipe);
  }

  /** Makes a pipe unknown, unless another has taken its place. */
  public void remove(String name, Pipe pipe) {
    pipes.remove(name, pipe);
  }

  /** Finds a pipe. */
  public Optional<Pipe> find(String name) {
    return Optional.ofNullable(pipes.get(name));
  }
}
