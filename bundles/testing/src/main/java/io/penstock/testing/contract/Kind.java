// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A kind of pipe or channel as the suites see it: its name, how to make a fresh subject, and what
 * it lacks. Immutable.
 */
public final class Kind {
  /** Makes subjects. */
  @FunctionalInterface
  public interface Opener {
    /**
     * Makes a fresh subject; it is closed when the case is over.
     *
     * @return the subject
     * @throws Exception if it cannot be made, which fails the case
     */
    Subject open() throws Exception;
  }

  private final String name;
  private final Opener opener;
  private final Map<Trait, String> lacking;
  private final Optional<String> unavailable;

  private Kind(
      String name, Opener opener, Map<Trait, String> lacking, Optional<String> unavailable) {
    this.name = name;
    this.opener = opener;
    this.lacking = lacking;
    this.unavailable = unavailable;
  }

  /**
   * A kind that lacks nothing.
   *
   * @param name names the kind in the report; without a blank
   * @param opener makes subjects
   * @return the kind
   */
  public static Kind of(String name, Opener opener) {
    if (name.isEmpty() || name.chars().anyMatch(Character::isWhitespace)) {
      throw new IllegalArgumentException("'" + name + "' is not a name without blanks");
    }
    return new Kind(name, Objects.requireNonNull(opener, "opener"), Map.of(), Optional.empty());
  }

  /**
   * A kind that the suites cannot run against at all: every case is skipped, and the report has one
   * line for all of them.
   *
   * @param name names the kind in the report; without a blank
   * @param reason why, and what tests it instead
   * @return the kind
   */
  public static Kind unavailable(String name, String reason) {
    Kind kind =
        of(
            name,
            () -> {
              throw new IllegalStateException(name + ": " + reason);
            });
    return new Kind(name, kind.opener, Map.of(), Optional.of(reason));
  }

  /**
   * States that the kind lacks a trait, so that the cases that need it are skipped.
   *
   * @param trait what it lacks
   * @param reason why, for the report
   * @return a changed copy
   */
  public Kind without(Trait trait, String reason) {
    if (reason.isBlank()) {
      throw new IllegalArgumentException("a reason is expected why " + name + " lacks " + trait);
    }
    Map<Trait, String> copy = new EnumMap<>(Trait.class);
    copy.putAll(lacking);
    copy.put(trait, reason);
    return new Kind(name, opener, Collections.unmodifiableMap(copy), unavailable);
  }

  /**
   * Its name.
   *
   * @return the name in the report
   */
  public String name() {
    return name;
  }

  /**
   * Makes a fresh subject.
   *
   * @return the subject, the caller's to close
   * @throws Exception if it cannot be made
   */
  public Subject open() throws Exception {
    return opener.open();
  }

  /**
   * Why the suites cannot run against it at all.
   *
   * @return empty unless it was made by {@link #unavailable(String, String)}
   */
  public Optional<String> unavailable() {
    return unavailable;
  }

  /**
   * Whether it has a trait.
   *
   * @param trait the trait
   * @return false if it was stated to lack it
   */
  public boolean has(Trait trait) {
    return !lacking.containsKey(trait);
  }

  /**
   * Why it lacks a trait.
   *
   * @param trait the trait
   * @return the stated reason; empty if it has the trait
   */
  public Optional<String> lacks(Trait trait) {
    return Optional.ofNullable(lacking.get(trait));
  }

  @Override
  public String toString() {
    return name;
  }
}
